//! Gaussian noise on the weights: the loss is that of w + e, and the optimizer changes w.

use std::sync::Arc;

use candle_core::Result;
use candle_nn::{ModuleT, Optimizer, VarMap};

use super::noisy_model::{CleanOptimizer, NoisyModel};
use super::passes::Passes;
use super::schedule::Schedule;
use super::site::NoiseBuilder;
use super::strength::Strength;
use super::var_sites::VarSites;
use crate::nn::trainable_vars;

/// Weight noise: each training pass sees w + stddev · z with new z ~ N(0, 1); evaluation sees w.
///
/// The gradient is that of the noisy pass, at w + e, and moves the clean w, so that noise does not
/// add up. Two wrappers share the state: [`model`](Self::model) perturbs the variables before a
/// training pass, and [`optimizer`](Self::optimizer) restores them before its step. The backward
/// pass comes between the two, because it must see the same weights as the forward pass: one
/// training pass, its backward pass, one step. A second pass before the step, a step without a pass
/// and a step of an optimizer without the wrapper are errors: the second pass or an evaluation finds
/// the latter.
///
/// Between a pass and its step the variables are noisy, and `VarMap::save`, which is Candle's, writes
/// them so. Save after the step, or call [`restore`](Self::restore) after the backward pass; the step
/// may follow. Evaluations see clean weights at any time, and checkpoints contain no others.
///
/// To second order the mean loss is L(w) + stddev²/2 · tr(Hessian). Murray & Edwards 1994,
/// "Enhanced MLP Performance and Fault Tolerance Resulting from Synaptic Weight Noise During
/// Training"; An 1996 (see [`GaussianNoise`](super::GaussianNoise)); Graves 2011, "Practical
/// Variational Inference for Neural Networks".
///
/// One noise on a variable is enough. With two, `first.model(second.model(…))` goes with
/// `second.optimizer(first.optimizer(…))`; the first step refuses another nesting.
///
/// Each variable of [`trainable_vars`] has a site at its name. Its first axis (after the replicas)
/// counts as rows. The running statistics of a `BatchNorm` take no noise, and keep what a pass has
/// written.
///
/// ```
/// use candle_core::{DType, Device, Result, Tensor};
/// use candle_nn::{Module, ModuleT, Optimizer, VarMap, linear};
/// use candle_noise::NoiseMap;
/// use candle_noise::nn::{seeded_vars, seq_t, trainable_vars};
/// use candle_noise::noise::WeightNoise;
/// use candle_noise::optim::{Adam, AdamOptions};
///
/// # fn main() -> Result<()> {
/// let varmap = VarMap::new();
/// let vb = seeded_vars(&varmap, 42, DType::F32, &Device::Cpu);
/// let model = seq_t().add(linear(2, 1, vb)?);
/// let vars = trainable_vars(&varmap).into_iter().map(|(_, var)| var).collect();
/// let adam = Adam::new(vars, AdamOptions::default())?;
///
/// let noise = WeightNoise::new(&varmap, 0.05, NoiseMap::new(42).builder().pp("weights"))?;
/// let (model, mut adam) = (noise.model(model), noise.optimizer(adam));
///
/// let xs = Tensor::ones((4, 2), DType::F32, &Device::Cpu)?;
/// let loss = model.forward_t(&xs, true)?.sqr()?.mean_all()?; // with noise
/// adam.step(&loss.backward()?)?; // moves the clean weights
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct WeightNoise(pub(super) Arc<Passes>);

impl WeightNoise {
    /// Creates noise with one stddev on all [`trainable_vars`] of a map.
    ///
    /// # Errors
    /// If `stddev` is negative or not finite, there are no variables, or a site's path is taken.
    pub fn new(varmap: &VarMap, stddev: f64, nb: NoiseBuilder) -> Result<Self> {
        Self::with_strengths(varmap, &vec![stddev; nb.replicas()], nb)
    }

    /// Creates noise with one stddev per replica, the first axis of every variable.
    ///
    /// # Errors
    /// If [`WeightNoise::new`] would fail, or the number of stddevs is not the number of replicas.
    pub fn with_strengths(varmap: &VarMap, stddevs: &[f64], nb: NoiseBuilder) -> Result<Self> {
        let vars = trainable_vars(varmap);
        let sites = VarSites::new(vars, Strength::amount("stddev"), stddevs, &nb)?;
        Ok(Self(Arc::new(Passes::new(sites))))
    }

    /// Wraps a model so that its weights are noisy in training.
    pub fn model<M: ModuleT>(&self, model: M) -> NoisyModel<M> {
        NoisyModel::new(model, self.clone())
    }

    /// Wraps an optimizer so that its steps change the clean weights.
    pub fn optimizer<O: Optimizer>(&self, inner: O) -> CleanOptimizer<O> {
        CleanOptimizer::new(inner, self.clone())
    }

    /// Turns the noise of the last training pass round: the variables become w − e, and the next training pass of
    /// the model sees them so. Call it after the backward pass of w + e; the step then takes the mean of the two
    /// gradients, whose error is of second order, and of third on average.
    ///
    /// # Errors
    /// If no training pass came before, or a variable has changed since.
    pub fn mirror(&self) -> Result<()> {
        self.0.mirror()
    }

    /// Lets the strengths, which are those of the first epoch, follow a schedule.
    ///
    /// # Errors
    /// If a strength has no such schedule.
    pub fn scheduled(self, schedule: &Schedule) -> Result<Self> {
        self.0.set_schedule(schedule)?;
        Ok(self)
    }

    /// Restores the clean values of the variables, as a step does by itself. Call it after a training
    /// pass without a step, or after the backward pass to save the variables before the step.
    ///
    /// # Errors
    /// If a variable has changed since the pass, so that its clean values are not known, or a device
    /// fails.
    pub fn restore(&self) -> Result<()> {
        self.0.restore()
    }
}
