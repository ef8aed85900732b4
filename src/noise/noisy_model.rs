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
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        if train {
            self.noise.perturb()?;
            return self.model.forward_t(xs, train);
        }
        self.noise.on_clean(|| self.model.forward_t(xs, train))
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
    fn step(&mut self, grads: &GradStore) -> Result<()> {
        self.noise.restore()?;
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

    fn state(&self) -> Result<OptimizerState> {
        self.inner.state()
    }

    fn set_state(&mut self, state: &OptimizerState) -> Result<()> {
        self.inner.set_state(state)
    }
}
