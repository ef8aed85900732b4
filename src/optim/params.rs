//! The variables that an optimizer changes, with their names, groups and moments.

use candle_core::backprop::GradStore;
use candle_core::{DType, Error, Result, Tensor, Var, bail};

use super::group::Group;
use super::state::OptimizerState;
use crate::nn::{check_vars, describe_missing};

/// The variables of an optimizer, in its order.
#[derive(Debug)]
pub(super) struct Params {
    /// The name of the optimizer, for messages.
    optimizer: &'static str,
    params: Vec<Param>,
}

#[derive(Debug)]
pub(super) struct Param {
    name: String,
    pub var: Var,
    pub group: Group,
    pub moments: Var,
}

impl Params {
    /// Takes the floating-point variables of groups with a learning rate. `moments` makes the first
    /// moments from zeros of a variable's shape.
    ///
    /// # Errors
    /// If there is no variable or one of them twice, a factor of a group is out of range or a variable is
    /// neither f32 nor f64.
    pub fn new(
        optimizer: &'static str,
        vars: Vec<(String, Var)>,
        group: impl Fn(&str, &Var) -> Group,
        moments: impl Fn(Tensor) -> Result<Tensor>,
    ) -> Result<Self> {
        let vars: Vec<_> = vars.into_iter().filter(|(_, var)| var.dtype().is_float()).collect();
        check_vars(optimizer, &vars)?;
        let mut params = Vec::new();
        for (name, var) in vars {
            let group = group(&name, &var);
            group.check(optimizer, &name)?;
            if group.learning_rate == 0. {
                continue;
            }
            if !matches!(var.dtype(), DType::F32 | DType::F64) {
                bail!(
                    "{optimizer}: expected f32 or f64, received {:?} for {name} of shape {:?}: small \
                     steps and squared gradients vanish in that precision; keep f32 variables, and \
                     convert them in the forward pass",
                    var.dtype(),
                    var.dims()
                )
            }
            let moments = Var::from_tensor(&moments(var.zeros_like()?)?)?;
            params.push(Param { name, var, group, moments });
        }
        if params.is_empty() {
            bail!("{optimizer}: expected a variable of a group with a learning rate, received none")
        }
        Ok(Self { optimizer, params })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Param> {
        self.params.iter()
    }

    /// Returns the gradient of each variable, plus `l2` times the variable.
    ///
    /// # Errors
    /// If there is no gradient of a variable.
    pub fn grads(&self, grads: &GradStore, l2: f64) -> Result<Vec<Tensor>> {
        let grad = |param: &Param| {
            let grad = grads.get(&param.var).ok_or_else(|| self.missing(grads))?;
            match l2 * param.group.weight_decay {
                0. => Ok(grad.clone()),
                l2 => grad + (param.var.as_detached_tensor() * l2)?,
            }
        };
        self.iter().map(grad).collect()
    }

    /// Returns the error that names the variables without a gradient.
    fn missing(&self, grads: &GradStore) -> Error {
        let vars: Vec<_> = self.iter().map(|param| (param.name.as_str(), &param.var)).collect();
        Error::Msg(format!("{}: {}", self.optimizer, describe_missing(grads, &vars)))
    }

    pub fn vars(&self) -> Vec<Var> {
        self.iter().map(|param| param.var.clone()).collect()
    }

    /// Returns the state after `steps` steps.
    pub fn state(&self, steps: u64) -> Result<OptimizerState> {
        let moments = self.iter().map(|param| param.moments.as_tensor().copy());
        Ok(OptimizerState { steps, moments: moments.collect::<Result<_>>()? })
    }

    /// Sets the moments to those of a state.
    ///
    /// # Errors
    /// If the number of tensors, a shape or a dtype differs, or the steps are too many.
    pub fn set_state(&self, state: &OptimizerState) -> Result<()> {
        state.check_steps()?;
        let (own, saved) = (&self.params, &state.moments);
        if own.len() != saved.len() {
            bail!(
                "{}: expected moments of shapes {:?}, received {:?}",
                self.optimizer,
                own.iter().map(|own| own.moments.dims()).collect::<Vec<_>>(),
                saved.iter().map(Tensor::dims).collect::<Vec<_>>()
            )
        }
        let form = |tensor: &Tensor| (tensor.dims().to_vec(), tensor.dtype());
        for (Param { name, moments, .. }, saved) in own.iter().zip(saved) {
            let ((shape, dtype), saved) = (form(moments), form(saved));
            if (&shape, dtype) != (&saved.0, saved.1) {
                bail!(
                    "{}: expected moments of {name} in {dtype:?} of shape {shape:?}, received {:?} \
                     of shape {:?}",
                    self.optimizer,
                    saved.1,
                    saved.0
                )
            }
        }
        // A state read from a file is on the CPU.
        let set =
            |own: &Param, saved: &Tensor| own.moments.set(&saved.to_device(own.moments.device())?);
        own.iter().zip(saved).try_for_each(|(own, saved)| set(own, saved))
    }
}

/// Names variables by their places: `variable 0`, `variable 1`, ….
pub(super) fn numbered(vars: Vec<Var>) -> Vec<(String, Var)> {
    vars.into_iter().enumerate().map(|(i, var)| (format!("variable {i}"), var)).collect()
}

/// Checks the options that are finite and at least 0.
pub(super) fn check_amounts(optimizer: &str, amounts: &[(&str, f64)]) -> Result<()> {
    match amounts.iter().find(|(_, amount)| !(0.0..f64::INFINITY).contains(amount)) {
        None => Ok(()),
        Some((name, amount)) => {
            bail!("{optimizer}: {name} must be finite and at least 0, received {amount}")
        }
    }
}

/// Checks a bound on f32 numbers, or on f64 if all variables are.
pub(super) fn check_bound<'a>(
    optimizer: &str,
    name: &str,
    bound: f64,
    vars: impl IntoIterator<Item = &'a Var>,
) -> Result<()> {
    if bound.is_nan() || bound <= 0. {
        bail!("{optimizer}: {name} must be above 0, received {bound}")
    }
    if bound as f32 == 0. && vars.into_iter().any(|var| var.dtype() != DType::F64) {
        bail!(
            "{optimizer}: {name} must be above 0 in the precision of the variables, received \
             {bound:e}, which is 0 in single precision"
        )
    }
    Ok(())
}
