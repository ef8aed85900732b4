//! The check in the first step of a trainer: every variable is trained or declared frozen.

use candle_core::backprop::GradStore;
use candle_core::{Result, Var, bail};
use candle_nn::VarMap;

use crate::nn::{check_grad_store, sorted_vars, trainable_vars};
use crate::optim::SaveState;

/// The layers that a trainer leaves alone.
#[derive(Debug, Default)]
pub(super) struct Frozen {
    paths: Vec<String>,
    is_checked: bool,
}

impl Frozen {
    /// Adds the layers at these paths.
    pub fn add(
        &mut self,
        paths: &[&str],
        varmap: &VarMap,
        optimizer: &impl SaveState,
    ) -> Result<()> {
        let (vars, own) = (trainable_vars(varmap), optimizer.vars());
        for path in paths {
            let mut below = vars.iter().filter(|(name, _)| is_at(path, name)).peekable();
            if below.peek().is_none() {
                bail!(
                    "with_frozen: expected the path of a layer or a variable, received {path:?}; the \
                     variables are {:?}",
                    vars.iter().map(|(name, _)| name).collect::<Vec<_>>()
                )
            }
            if let Some((name, _)) = below.find(|(_, var)| contains(&own, var)) {
                bail!("with_frozen: expected no frozen variable in the optimizer, received {name}")
            }
        }
        self.paths.extend(paths.iter().map(ToString::to_string));
        Ok(())
    }

    /// Checks once that each trainable variable is frozen or in the optimizer, that those of the
    /// optimizer have gradients, and that there are no others.
    pub fn check(
        &mut self,
        varmap: &VarMap,
        optimizer: &impl SaveState,
        grads: &GradStore,
    ) -> Result<()> {
        if self.is_checked {
            return Ok(());
        }
        let (own, mut vars) = (optimizer.vars(), trainable_vars(varmap));
        let known: Vec<Var> = sorted_vars(varmap).into_iter().map(|(_, var)| var).collect();
        let foreign = own.iter().filter(|var| !contains(&known, var));
        let foreign: Vec<_> = foreign.map(|var| format!("{:?}", var.dims())).collect();
        if !foreign.is_empty() {
            bail!(
                "expected the optimizer's variables in the VarMap of the trainer, which checkpoints \
                 save, received others of the shapes {}",
                foreign.join(", ")
            )
        }
        vars.retain(|(name, _)| !self.paths.iter().any(|path| is_at(path, name)));
        let left_out = vars.iter().filter(|(_, var)| !contains(&own, var));
        let left_out: Vec<_> =
            left_out.map(|(name, var)| format!("{name} of shape {:?}", var.dims())).collect();
        if !left_out.is_empty() {
            bail!(
                "expected each trainable variable in the optimizer or below a path of \
                 Trainer::with_frozen, received {} in neither",
                left_out.join(", ")
            )
        }
        check_grad_store(grads, &vars)?;
        self.is_checked = true;
        Ok(())
    }
}

/// Returns whether a variable is the one at a path, or belongs to the layer there.
fn is_at(path: &str, name: &str) -> bool {
    name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn contains(vars: &[Var], var: &Var) -> bool {
    vars.iter().any(|own| own.id() == var.id())
}
