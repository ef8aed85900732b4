//! The whole state of a training run between two epochs, from which it goes on bit for bit.

mod file;
mod folder;

use std::collections::BTreeMap;

use candle_core::{Result, Tensor, Var, bail};
use candle_nn::{ModuleT, VarMap};

pub use folder::Checkpoints;

use super::fit::Fit;
use super::history::History;
use crate::nn::sorted_vars;
use crate::noise::NoiseMap;
use crate::optim::Adam;

/// Everything that a training run has become. The order of the rows needs no state: it follows from
/// the seeds and the epoch. The tensors are copies: training on does not change them.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Number of finished epochs.
    pub epoch: usize,
    /// The seed of each replica.
    pub seeds: Vec<u64>,
    /// The curves so far, which hold how long early stopping has waited.
    pub history: History,
    /// The variables by name.
    pub weights: BTreeMap<String, Tensor>,
    /// The variables that early stopping keeps, by name; empty without it.
    pub kept: BTreeMap<String, Tensor>,
    /// Number of steps of the optimizer.
    pub optimizer_steps: u64,
    /// The optimizer's moments, by the names of its variables.
    pub moments: BTreeMap<String, Tensor>,
    /// The steps of each replica at each noise site.
    pub noise_steps: BTreeMap<String, Vec<u32>>,
    /// The strengths of each replica at each noise site, which a schedule may have changed.
    pub noise_strengths: BTreeMap<String, Vec<f64>>,
}

impl<M: ModuleT> Fit<'_, M, Adam> {
    /// The state after the last finished epoch of a model with these variables and this noise.
    ///
    /// # Errors
    /// When the optimizer has a variable that `varmap` does not have, or a device fails.
    pub fn checkpoint(&self, varmap: &VarMap, noisemap: &NoiseMap) -> Result<Checkpoint> {
        let copy = |(name, var): (String, &Var)| Ok((name, var.as_tensor().copy()?));
        let vars = sorted_vars(varmap);
        let kept = self.early_stopping.iter().flat_map(|stopping| &stopping.kept);
        Ok(Checkpoint {
            epoch: self.epoch,
            seeds: self.options.seeds.clone(),
            history: self.whole_history()?,
            weights: vars.iter().map(|(n, var)| copy((n.clone(), var))).collect::<Result<_>>()?,
            kept: kept.map(|k| copy((k.name.clone(), &k.values))).collect::<Result<_>>()?,
            optimizer_steps: self.optimizer.steps(),
            moments: self.names(&vars)?.into_iter().zip(self.optimizer.moments()?).collect(),
            noise_steps: noisemap.steps(),
            noise_strengths: noisemap.strengths(),
        })
    }

    /// Goes on from a checkpoint, as if training had never been interrupted.
    ///
    /// # Errors
    /// When the checkpoint is not one of this model with these seeds, or lies behind the last epoch.
    pub fn resume(
        &mut self,
        checkpoint: &Checkpoint,
        varmap: &VarMap,
        noisemap: &NoiseMap,
    ) -> Result<()> {
        let Checkpoint { epoch, seeds, history, .. } = checkpoint;
        if *seeds != self.options.seeds || history.replicas.len() != seeds.len() {
            bail!("expected a checkpoint of the seeds {:?}, received {seeds:?}", self.options.seeds)
        }
        if *epoch > self.options.epochs {
            bail!(
                "expected a checkpoint of at most {} epochs, received one of {epoch}",
                self.options.epochs
            )
        }
        let vars = sorted_vars(varmap);
        let names = self.names(&vars)?;
        let vars: Vec<_> = vars.iter().map(|(name, var)| (name.as_str(), var)).collect();
        let kept = self.early_stopping.iter().flat_map(|stopping| &stopping.kept);
        let kept: Vec<_> = kept.map(|kept| (kept.name.as_str(), &kept.values)).collect();
        check("weights", &vars, &checkpoint.weights)?;
        check("kept weights", &kept, &checkpoint.kept)?;
        let moments = names.iter().map(|name| checkpoint.moments.get(name).cloned());
        let moments = match moments.collect::<Option<Vec<Tensor>>>() {
            Some(moments) if moments.len() == checkpoint.moments.len() => moments,
            _ => bail!(
                "expected a checkpoint with the moments of {names:?}, received those of {:?}",
                checkpoint.moments.keys().collect::<Vec<_>>()
            ),
        };
        noisemap.set_steps(&checkpoint.noise_steps)?;
        for (path, strengths) in &checkpoint.noise_strengths {
            noisemap.set_strengths(path, strengths)?;
        }
        self.optimizer.set_state(checkpoint.optimizer_steps, &moments)?;
        // A checkpoint from a file is on the CPU.
        let set = |var: &Var, values: &Tensor| var.set(&values.to_device(var.device())?);
        for (name, var) in vars {
            set(var, &checkpoint.weights[name])?;
        }
        for (name, var) in kept {
            set(var, &checkpoint.kept[name])?;
        }
        (self.epoch, self.history) = (*epoch, history.clone());
        self.unread.clear();
        if let Some(early_stopping) = &mut self.early_stopping {
            early_stopping.resume(history);
        }
        Ok(())
    }

    /// The names of the optimizer's variables, in its order.
    fn names(&self, vars: &[(String, Var)]) -> Result<Vec<String>> {
        let name = |own: &Var| match vars.iter().find(|(_, var)| var.id() == own.id()) {
            Some((name, _)) => Ok(name.clone()),
            None => bail!(
                "the optimizer has a variable of shape {:?} that the variables to save do not have",
                own.dims()
            ),
        };
        self.optimizer.vars().map(name).collect()
    }
}

/// Whether a checkpoint has the values of exactly these variables.
fn check(what: &str, vars: &[(&str, &Var)], saved: &BTreeMap<String, Tensor>) -> Result<()> {
    let form = |tensor: &Tensor| (tensor.dims().to_vec(), tensor.dtype());
    let own: Vec<_> = vars.iter().map(|(name, var)| (*name, form(var))).collect();
    let saved: Vec<_> = saved.iter().map(|(name, t)| (name.as_str(), form(t))).collect();
    if own != saved {
        bail!("expected a checkpoint with the {what} {own:?}, received {saved:?}")
    }
    Ok(())
}
