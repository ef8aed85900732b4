//! Weights with a bounded norm.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};
use candle_nn::Optimizer;

use super::norm::Squares;
use super::params::check_bound;
use super::state::{OptimizerState, SaveState, save_inner_state};
use crate::ops::at_least_single;

/// The settings of [`MaxNorm`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MaxNormOptions {
    /// The largest norm, finite and above 0.
    pub max_value: f64,
    /// The axes of the variable's tensor over which a norm is taken, at least one. Axis 1 bounds
    /// the weights that enter a unit, both in [`dense`](crate::nn::dense)'s (R, I, O) and in
    /// `candle_nn::linear`'s (O, I). Replicas do not mix if the replica axis is not among them.
    pub axes: Vec<usize>,
}

impl Default for MaxNormOptions {
    /// Returns norms over axis 1 of at most 3, in the middle of what Srivastava et al. recommend.
    fn default() -> Self {
        Self { max_value: 3., axes: vec![1] }
    }
}

impl MaxNormOptions {
    /// Sets the largest norm.
    #[must_use]
    pub fn max_value(self, max_value: f64) -> Self {
        Self { max_value, ..self }
    }

    /// Sets the axes of the norms.
    #[must_use]
    pub fn axes(self, axes: &[usize]) -> Self {
        Self { axes: axes.to_vec(), ..self }
    }
}

/// Scales the vectors along `axes` that are longer than `max_value` down to it: w · min(1, max /
/// ‖w‖).
///
/// Keras' `MaxNorm` divides by ‖w‖ + 1e-7 instead, even if the norm is small enough. Here such
/// weights keep their bits.
///
/// # Shapes
/// The result has the shape of `weights`.
///
/// # Errors
/// If an axis does not exist.
pub fn max_norm(weights: &Tensor, max_value: f64, axes: &[usize]) -> Result<Tensor> {
    let squares = Squares::of(&at_least_single(weights)?, |squares| squares.sum_keepdim(axes))?;
    weights.broadcast_mul(&squares.shares(max_value, 0.)?.to_dtype(weights.dtype())?)
}

/// An optimizer that ends every step with [`max_norm`] on some variables.
///
/// Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
/// JMLR 15, section 5.1, with norms of 3 to 4 over the weights that enter a unit.
#[derive(Debug)]
pub struct MaxNorm<O> {
    inner: O,
    vars: Vec<Var>,
    options: MaxNormOptions,
}

impl<O: Optimizer> MaxNorm<O> {
    /// Bounds `vars` after each step of `inner`; they are usually the weights without the biases.
    ///
    /// # Errors
    /// If an option is out of range, there is no variable, or a variable lacks an axis.
    pub fn over(inner: O, vars: Vec<Var>, options: MaxNormOptions) -> Result<Self> {
        let MaxNormOptions { max_value, axes } = &options;
        if *max_value == f64::INFINITY {
            bail!("MaxNorm: max_value must be finite and above 0, received {max_value}")
        }
        check_bound("MaxNorm", "max_value", *max_value, &vars)?;
        if axes.is_empty() {
            bail!("MaxNorm: expected at least one axis, received none")
        }
        if let Some(axis) = axes.iter().enumerate().find(|(i, axis)| axes[..*i].contains(axis)) {
            bail!("MaxNorm: expected each axis once, received {} twice in {axes:?}", axis.1)
        }
        if vars.is_empty() {
            bail!("MaxNorm: expected at least one variable, received none")
        }
        for (i, var) in vars.iter().enumerate() {
            if let Some(axis) = axes.iter().find(|axis| **axis >= var.rank()) {
                bail!("MaxNorm: variable {i} of shape {:?} has no axis {axis}", var.dims())
            }
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
}

impl<O: Optimizer> Optimizer for MaxNorm<O> {
    type Config = (O::Config, MaxNormOptions);

    /// Bounds all variables of the inner optimizer.
    fn new(vars: Vec<Var>, (config, options): Self::Config) -> Result<Self> {
        Self::over(O::new(vars.clone(), config)?, vars, options)
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        self.inner.step(grads)?;
        let MaxNormOptions { max_value, axes } = &self.options;
        let bound = |var: &Var| var.set(&max_norm(&var.as_detached_tensor(), *max_value, axes)?);
        self.vars.iter().try_for_each(bound)
    }

    fn learning_rate(&self) -> f64 {
        self.inner.learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.inner.set_learning_rate(learning_rate);
    }
}

save_inner_state!(MaxNorm);
