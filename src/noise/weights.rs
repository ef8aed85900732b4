//! Gaussian noise on the weights: the loss is that of w + e, and the optimizer changes w.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Result, Tensor, Var};
use candle_nn::{ModuleT, Optimizer, VarMap};

use super::noisy_model::{CleanOptimizer, NoisyModel};
use super::site::NoiseBuilder;
use super::strength::Strength;
use super::var_sites::VarSites;
use crate::nn::sorted_vars;

/// Weight noise: each training pass sees w + stddev · z with new z ~ N(0, 1); evaluation sees w.
///
/// The gradient is that of the noisy pass, at w + e, and moves the clean w, so that noise does not
/// add up. Two wrappers share the state: [`model`](Self::model) perturbs the variables before a
/// training pass, and [`optimizer`](Self::optimizer) restores them before its step. The backward
/// pass comes between the two, because it must see the same weights as the forward pass: one
/// training pass, its backward pass, one step.
///
/// To second order the mean loss is L(w) + stddev²/2 · tr(Hessian). Murray & Edwards 1994,
/// "Enhanced MLP Performance and Fault Tolerance Resulting from Synaptic Weight Noise During
/// Training"; An 1996 (see [`GaussianNoise`](super::GaussianNoise)); Graves 2011, "Practical
/// Variational Inference for Neural Networks".
///
/// Each variable has a site at its name. Its first axis (after the replicas) counts as rows.
///
/// ```
/// use candle_core::{DType, Device, Result, Tensor};
/// use candle_nn::{Module, ModuleT, Optimizer, VarMap, linear};
/// use candle_noise::NoiseMap;
/// use candle_noise::nn::{seeded_vars, seq_t, sorted_vars};
/// use candle_noise::noise::WeightNoise;
/// use candle_noise::optim::{Adam, AdamOptions};
///
/// # fn main() -> Result<()> {
/// let varmap = VarMap::new();
/// let vb = seeded_vars(&varmap, 42, DType::F32, &Device::Cpu);
/// let model = seq_t().add(linear(2, 1, vb)?);
/// let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
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
pub struct WeightNoise(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sites: VarSites,
    /// The clean values of the variables that are currently noisy.
    clean: Mutex<Vec<(Var, Tensor)>>,
}

impl WeightNoise {
    /// Creates noise with one stddev on all floating-point variables of a map.
    ///
    /// # Errors
    /// If `stddev` is negative or not finite, or a site's path is taken.
    pub fn new(varmap: &VarMap, stddev: f64, nb: NoiseBuilder) -> Result<Self> {
        Self::with_strengths(varmap, &vec![stddev; nb.replicas()], nb)
    }

    /// Creates noise with one stddev per replica, the first axis of every variable.
    ///
    /// # Errors
    /// If [`WeightNoise::new`] would fail, or the number of stddevs is not the number of replicas.
    pub fn with_strengths(varmap: &VarMap, stddevs: &[f64], nb: NoiseBuilder) -> Result<Self> {
        let sites = VarSites::new(sorted_vars(varmap), Strength::amount("stddev"), stddevs, &nb)?;
        Ok(Self(Arc::new(Inner { sites, clean: Mutex::default() })))
    }

    /// Wraps a model so that its weights are noisy in training.
    pub fn model<M: ModuleT>(&self, model: M) -> NoisyModel<M> {
        NoisyModel::new(model, self.clone())
    }

    /// Wraps an optimizer so that its steps change the clean weights.
    pub fn optimizer<O: Optimizer>(&self, inner: O) -> CleanOptimizer<O> {
        CleanOptimizer::new(inner, self.clone())
    }

    /// Restores the clean values of the variables; a step does so by itself.
    ///
    /// # Errors
    /// If a device fails.
    pub fn restore(&self) -> Result<()> {
        self.0.restore()
    }

    /// Adds new noise to the clean values.
    pub(super) fn perturb(&self) -> Result<()> {
        self.restore()?;
        let mut noisy = Vec::new();
        for site in self.0.sites.iter() {
            let clean = site.var.as_detached_tensor();
            if let Some(values) = site.noisy(&clean, |draw| draw.strength)? {
                noisy.push((site.var.clone(), clean.copy()?, values));
            }
        }
        let mut clean = self.0.clean();
        for (var, was, values) in noisy {
            // Remembered first, then changed, so that a failure loses no clean values.
            clean.push((var.clone(), was));
            var.set(&values)?;
        }
        Ok(())
    }

    /// Runs `f` on the clean values. A pass that still awaits its backward pass gets its noise
    /// back.
    pub(super) fn on_clean<T>(&self, f: impl FnOnce() -> Result<T>) -> Result<T> {
        let copy = |(var, clean): &(Var, Tensor)| {
            Ok((var.clone(), var.as_detached_tensor().copy()?, clean.clone()))
        };
        let noisy = self.0.clean().iter().map(copy).collect::<Result<Vec<_>>>()?;
        self.restore()?;
        let result = f();
        let mut clean = self.0.clean();
        for (var, values, was) in noisy {
            clean.push((var.clone(), was));
            var.set(&values)?;
        }
        result
    }
}

impl Inner {
    fn clean(&self) -> MutexGuard<'_, Vec<(Var, Tensor)>> {
        self.clean.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn restore(&self) -> Result<()> {
        let mut clean = self.clean();
        clean.iter().try_for_each(|(var, was)| var.set(was))?;
        clean.clear();
        Ok(())
    }
}

impl Drop for Inner {
    /// Restores the clean weights after a loop that ended between a pass and its step.
    fn drop(&mut self) {
        // A device failure cannot be reported here.
        let _ = self.restore();
    }
}
