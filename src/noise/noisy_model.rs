//! The two wrappers of weight noise in a training loop: a model that perturbs, an optimizer that
//! restores.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};
use candle_nn::{ModuleT, Optimizer};

use super::weights::WeightNoise;
use crate::optim::{OptimizerState, SaveState};

/// A model with noisy weights in training; see [`WeightNoise`].
#[derive(Debug)]
pub struct NoisyModel<M> {
    model: M,
    noise: WeightNoise,
}

impl<M> NoisyModel<M> {
    pub(super) fn new(model: M, noise: WeightNoise) -> Self {
        Self { model, noise }
    }

    /// Returns the inner model, which adds no noise by itself.
    pub fn inner(&self) -> &M {
        &self.model
    }
}

impl<M: ModuleT> ModuleT for NoisyModel<M> {
    /// Perturbs the variables in training, and leaves them perturbed for the backward pass.
    ///
    /// # Errors
    /// If an earlier training pass still awaits its step, a variable has changed since that pass, or
    /// the model fails.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        if !train {
            return self.noise.0.on_clean(|| self.model.forward_t(xs, train));
        }
        self.noise.0.perturb()?;
        let result = self.model.forward_t(xs, train);
        result.or_else(|error| self.noise.0.abandon(|| Ok(())).and(Err(error)))
    }
}

/// An optimizer that changes the clean weights; see [`WeightNoise`].
#[derive(Debug)]
pub struct CleanOptimizer<O> {
    inner: O,
    noise: WeightNoise,
}

impl<O> CleanOptimizer<O> {
    pub(super) fn new(inner: O, noise: WeightNoise) -> Self {
        Self { inner, noise }
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

impl<O: Optimizer> Optimizer for CleanOptimizer<O> {
    type Config = (O::Config, WeightNoise);

    fn new(vars: Vec<Var>, (config, noise): Self::Config) -> Result<Self> {
        Ok(noise.optimizer(O::new(vars, config)?))
    }

    /// Restores the clean weights, and then takes the inner optimizer's step.
    ///
    /// # Errors
    /// If no training pass of the noisy model came before, a noisy variable has no gradient, or the
    /// inner optimizer fails.
    fn step(&mut self, grads: &GradStore) -> Result<()> {
        self.noise.0.before_step(grads)?;
        self.inner.step(grads)
    }

    fn learning_rate(&self) -> f64 {
        self.inner.learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.inner.set_learning_rate(learning_rate);
    }
}

impl<O: SaveState> SaveState for CleanOptimizer<O> {
    fn vars(&self) -> Vec<Var> {
        self.inner.vars()
    }

    /// Returns the inner optimizer's state.
    ///
    /// # Errors
    /// If the weights are noisy, because what is saved beside it would be noisy, too.
    fn state(&self) -> Result<OptimizerState> {
        self.noise.0.check_clean()?;
        self.inner.state()
    }

    fn set_state(&mut self, state: &OptimizerState) -> Result<()> {
        self.inner.set_state(state)
    }

    fn abandon_pass(&self) -> Result<()> {
        self.noise.0.abandon(|| self.inner.abandon_pass())
    }
}
