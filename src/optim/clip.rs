//! Gradients with a bounded norm or bounded elements.

use candle_core::backprop::GradStore;
use candle_core::{DType, Error, Result, Tensor, Var, bail};
use candle_nn::{Optimizer, VarMap};

use super::norm::Squares;
use super::params::{check_bound, numbered};
use super::state::{OptimizerState, SaveState, save_inner_state};
use crate::nn::{check_vars, describe_missing, trainable_vars};
use crate::ops::gradients;

/// The settings of [`ClipGradients`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClipOptions {
    /// The largest norm of all gradients of a replica together, above 0; infinite for no bound.
    pub max_norm: f64,
    /// The largest absolute value of an element of a gradient, above 0; infinite for no bound.
    pub max_value: f64,
    /// Number of replicas, at least 1. If there are more than one, they are the first axis of every
    /// variable.
    pub replicas: usize,
}

impl Default for ClipOptions {
    /// Returns no bounds and one replica.
    fn default() -> Self {
        Self { max_norm: f64::INFINITY, max_value: f64::INFINITY, replicas: 1 }
    }
}

impl ClipOptions {
    /// Sets the largest norm.
    #[must_use]
    pub fn max_norm(self, max_norm: f64) -> Self {
        Self { max_norm, ..self }
    }

    /// Sets the largest absolute value.
    #[must_use]
    pub fn max_value(self, max_value: f64) -> Self {
        Self { max_value, ..self }
    }

    /// Sets the number of replicas.
    #[must_use]
    pub fn replicas(self, replicas: usize) -> Self {
        Self { replicas, ..self }
    }

    fn check(&self, vars: &[(String, Var)]) -> Result<()> {
        for (name, bound) in [("max_norm", self.max_norm), ("max_value", self.max_value)] {
            check_bound("ClipGradients", name, bound, vars.iter().map(|(_, var)| var))?;
        }
        if self.replicas == 0 {
            bail!("ClipGradients: replicas must be at least 1, received 0")
        }
        Ok(())
    }
}

/// An optimizer that sees clipped gradients: first each element is brought into [−max_value,
/// max_value], and then the gradients of each replica are scaled by min(1, max_norm / (‖g‖ + 1e-6)).
///
/// These are PyTorch's `clip_grad_value_` and `clip_grad_norm_`. Pascanu et al. 2013, "On the
/// difficulty of training recurrent neural networks". ‖g‖ is over all variables of a replica, so a
/// replica's result is the same alone and in company. Gradients within the bounds keep their bits. A
/// NaN in a gradient makes all gradients of its replica NaN if their norm is bounded.
///
/// ```
/// # use candle_core::{DType, Device, Result};
/// # use candle_nn::{VarMap, linear};
/// # use candle_noise::nn::seeded_vars;
/// use candle_noise::optim::{Adam, AdamOptions, ClipGradients, ClipOptions};
///
/// # fn main() -> Result<()> {
/// # let varmap = VarMap::new();
/// # linear(2, 1, seeded_vars(&varmap, 42, DType::F32, &Device::Cpu))?;
/// let adam = Adam::of(&varmap, AdamOptions::default())?;
/// let adam = ClipGradients::over(adam, &varmap, ClipOptions::default().max_norm(1.))?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ClipGradients<O> {
    inner: O,
    vars: Vec<(String, Var)>,
    options: ClipOptions,
}

impl<O: Optimizer> ClipGradients<O> {
    /// Clips before `inner`, which optimizes the [`trainable_vars`] of `varmap`.
    ///
    /// # Errors
    /// If an option is out of range, there is no variable or one of them twice, or a variable lacks the
    /// replica axis.
    pub fn over(inner: O, varmap: &VarMap, options: ClipOptions) -> Result<Self> {
        Self::over_vars(inner, trainable_vars(varmap), options)
    }

    /// Clips before `inner`, which optimizes `vars` and sees no other gradients: with frozen layers,
    /// the variables of the other layers.
    /// [`WeightNoise::optimizer`](crate::noise::WeightNoise::optimizer), which needs the gradients of
    /// frozen layers, too, then stands outside.
    ///
    /// # Errors
    /// If [`ClipGradients::over`] would fail.
    pub fn over_vars(inner: O, vars: Vec<(String, Var)>, options: ClipOptions) -> Result<Self> {
        let vars: Vec<_> = vars.into_iter().filter(|(_, var)| var.dtype().is_float()).collect();
        options.check(&vars)?;
        check_vars("ClipGradients", &vars)?;
        let lacks = |(_, var): &&(String, Var)| {
            options.replicas > 1 && var.dims().first() != Some(&options.replicas)
        };
        if let Some((name, var)) = vars.iter().find(lacks) {
            bail!(
                "ClipGradients: expected a first axis of {} replicas, received shape {:?} of {name}",
                options.replicas,
                var.dims()
            )
        }
        Ok(Self { inner, vars, options })
    }

    /// Returns the inner optimizer.
    pub fn inner(&self) -> &O {
        &self.inner
    }

    /// Returns the inner optimizer mutably, to set its state.
    pub fn inner_mut(&mut self) -> &mut O {
        &mut self.inner
    }

    fn clip(&self, grads: Vec<&Tensor>) -> Result<Vec<Tensor>> {
        let ClipOptions { max_norm, max_value, replicas } = self.options;
        let grads = grads.into_iter().map(|grad| clip_by_value(grad, max_value));
        let grads = grads.collect::<Result<Vec<_>>>()?;
        if max_norm == f64::INFINITY || grads.is_empty() {
            return Ok(grads);
        }
        let factors = norm_factors(&grads, max_norm, replicas)?; // (R,)
        let scale = |grad: &Tensor| {
            let factors = factors.to_dtype(grad.dtype())?;
            let rows = grad.reshape((replicas, ()))?;
            rows.broadcast_mul(&factors.unsqueeze(1)?)?.reshape(grad.shape())
        };
        grads.iter().map(scale).collect()
    }
}

/// Brings each element into the bounds. NaN stays NaN, which `clamp` does not promise on every device.
fn clip_by_value(grad: &Tensor, max_value: f64) -> Result<Tensor> {
    if max_value == f64::INFINITY {
        return Ok(grad.clone());
    }
    let bounds = (grad.sign()? * max_value)?;
    grad.abs()?.gt(max_value)?.where_cond(&bounds, grad)
}

/// Returns min(1, max_norm / (‖g‖ + 1e-6)) of each replica.
///
/// # Shapes
/// `grads`: each with as many elements per replica as its variable. Result: (R,).
fn norm_factors(grads: &[Tensor], max_norm: f64, replicas: usize) -> Result<Tensor> {
    let all_single = grads.iter().all(|grad| grad.dtype() == DType::F32);
    let dtype = if all_single { DType::F32 } else { DType::F64 };
    let squares = |grad: &Tensor| {
        let rows = grad.reshape((replicas, ()))?.to_dtype(dtype)?;
        Squares::of(&rows, |squares| squares.sum(1))
    };
    let first = squares(&grads[0])?;
    let squares = grads[1..].iter().try_fold(first, |sum, grad| sum.plus(squares(grad)?))?;
    squares.shares(max_norm, 1e-6)
}

impl<O: Optimizer> Optimizer for ClipGradients<O> {
    type Config = (O::Config, ClipOptions);

    /// Clips the gradients of all variables of the inner optimizer. Errors call them `variable 0`,
    /// `variable 1`, ….
    fn new(vars: Vec<Var>, (config, options): Self::Config) -> Result<Self> {
        Self::over_vars(O::new(vars.clone(), config)?, numbered(vars), options)
    }

    /// Takes a step of the inner optimizer with the clipped gradients.
    ///
    /// # Errors
    /// If a variable has no gradient (nothing is changed then), or the inner optimizer fails.
    fn step(&mut self, grads: &GradStore) -> Result<()> {
        let found: Option<Vec<&Tensor>> = self.vars.iter().map(|(_, var)| grads.get(var)).collect();
        let Some(found) = found else {
            let vars: Vec<_> = self.vars.iter().map(|(name, var)| (name.as_str(), var)).collect();
            bail!("ClipGradients: {}", describe_missing(grads, &vars))
        };
        let clipped = self.clip(found)?;
        let vars = self.vars.iter().map(|(_, var)| var.as_tensor().clone());
        self.inner.step(&gradients(vars.zip(clipped))?).map_err(|error| {
            Error::Msg(format!(
                "{error}\nClipGradients: the inner optimizer sees the gradients of the wrapper's \
                 variables alone ({}), which must be all of its own",
                self.vars.len()
            ))
        })
    }

    fn learning_rate(&self) -> f64 {
        self.inner.learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.inner.set_learning_rate(learning_rate);
    }
}

save_inner_state!(ClipGradients);
