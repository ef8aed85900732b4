//! Gaussian noise on the gradients that decays over the steps.

use candle_core::backprop::GradStore;
use candle_core::{Result, Var, bail};
use candle_nn::{Optimizer, VarMap};

use super::state::{OptimizerState, SaveState, save_inner_state};
use crate::nn::{describe_missing, trainable_vars};
use crate::noise::{NoiseBuilder, Schedule, Strength, VarSites};
use crate::ops::{NoiseDraw, gradients};

/// The settings of [`GradientNoise`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct GradientNoiseOptions {
    /// Variance of the noise in the first step, finite and at least 0. It is the strength of the
    /// sites.
    pub eta: f64,
    /// Exponent γ of the decay, finite and at least 0; 0 keeps the variance constant.
    pub decay: f64,
    /// Whether each step takes back the noise of the step before: g + ξ(t + 1) − ξ(t).
    pub anticorrelated: bool,
}

impl Default for GradientNoiseOptions {
    /// Returns the paper's smallest variance and its decay: 0.01 and 0.55.
    fn default() -> Self {
        Self { eta: 0.01, decay: 0.55, anticorrelated: false }
    }
}

impl GradientNoiseOptions {
    /// Sets the variance of the noise in the first step.
    #[must_use]
    pub fn eta(self, eta: f64) -> Self {
        Self { eta, ..self }
    }

    /// Sets the exponent of the decay.
    #[must_use]
    pub fn decay(self, decay: f64) -> Self {
        Self { decay, ..self }
    }

    /// Lets each step take back the noise of the step before, with a constant variance.
    #[must_use]
    pub fn anticorrelated(self) -> Self {
        Self { decay: 0., anticorrelated: true, ..self }
    }
}

/// An optimizer that sees g + N(0, η / (1 + t)^γ) instead of each gradient g, with t counting from
/// 0.
///
/// Neelakantan et al. 2015, "Adding Gradient Noise Improves Learning for Very Deep Networks" (arXiv
/// 1511.06807), with η of 0.01, 0.3 or 1 and γ = 0.55.
///
/// Anticorrelated noise is ξ(t + 1) − ξ(t) instead, with ξ(t) as above: over many steps it telescopes to two
/// draws, so that it drives weights out of sharp minima without leading them astray. Orvieto et al. 2022,
/// "Anticorrelated Noise Injection for Improved Generalization" (arXiv 2202.02831), with a constant variance.
///
/// Each variable has a site in the `NoiseMap`. The step of the site is t, so it is saved with the
/// map. In a replicated map the first axis of each variable is the replica, and replicas have
/// independent noise.
#[derive(Debug)]
pub struct GradientNoise<O> {
    inner: O,
    sites: VarSites,
    options: GradientNoiseOptions,
}

impl<O: Optimizer> GradientNoise<O> {
    /// Adds noise before `inner`, which optimizes the [`trainable_vars`] of `varmap`. The sites have
    /// the variables' names.
    ///
    /// # Errors
    /// If an option is out of range, there is no variable or one of them twice, or a site's path is taken.
    pub fn over(
        inner: O,
        varmap: &VarMap,
        options: GradientNoiseOptions,
        nb: NoiseBuilder,
    ) -> Result<Self> {
        Self::over_vars(inner, trainable_vars(varmap), options, nb)
    }

    /// Adds noise before `inner`, which optimizes `vars` and sees no other gradients: with frozen
    /// layers, the variables of the other layers. The sites have their names.
    /// [`WeightNoise::optimizer`](crate::noise::WeightNoise::optimizer), which needs the gradients of
    /// frozen layers, too, then stands outside.
    ///
    /// # Errors
    /// If [`GradientNoise::over`] would fail.
    pub fn over_vars(
        inner: O,
        vars: Vec<(String, Var)>,
        options: GradientNoiseOptions,
        nb: NoiseBuilder,
    ) -> Result<Self> {
        let etas = vec![options.eta; nb.replicas()];
        Self::with_vars(inner, vars, &etas, options, nb)
    }

    /// Adds noise with one variance per replica, and with the other options.
    ///
    /// # Errors
    /// If [`GradientNoise::over`] would fail, or the number of variances is not the number of
    /// replicas.
    pub fn with_strengths(
        inner: O,
        varmap: &VarMap,
        etas: &[f64],
        options: GradientNoiseOptions,
        nb: NoiseBuilder,
    ) -> Result<Self> {
        Self::with_vars(inner, trainable_vars(varmap), etas, options, nb)
    }

    /// Lets the variances, which are those of the first epoch, follow a schedule.
    ///
    /// # Errors
    /// If a variance has no such schedule.
    pub fn scheduled(self, schedule: &Schedule) -> Result<Self> {
        self.sites.set_schedule(schedule)?;
        Ok(self)
    }

    /// Returns the inner optimizer.
    pub fn inner(&self) -> &O {
        &self.inner
    }

    /// Returns the inner optimizer mutably, to set its state.
    pub fn inner_mut(&mut self) -> &mut O {
        &mut self.inner
    }

    fn with_vars(
        inner: O,
        vars: Vec<(String, Var)>,
        etas: &[f64],
        options: GradientNoiseOptions,
        nb: NoiseBuilder,
    ) -> Result<Self> {
        let decay = options.decay;
        if !(0.0..f64::INFINITY).contains(&decay) {
            bail!("GradientNoise: decay must be finite and at least 0, received {decay}")
        }
        let sites = VarSites::new(vars, Strength::amount("eta"), etas, &nb)?;
        Ok(Self { inner, sites, options })
    }
}

impl<O: Optimizer> Optimizer for GradientNoise<O> {
    type Config = (O::Config, GradientNoiseOptions, NoiseBuilder);

    /// Variables have no names here, so their sites are numbered: `"0"`, `"1"`, ….
    fn new(vars: Vec<Var>, (config, options, nb): Self::Config) -> Result<Self> {
        let named = vars.iter().enumerate().map(|(i, var)| (i.to_string(), var.clone())).collect();
        Self::over_vars(O::new(vars, config)?, named, options, nb)
    }

    /// Takes a step of the inner optimizer with the noisy gradients.
    ///
    /// # Errors
    /// If a variable has no gradient (nothing is changed then), or the inner optimizer fails.
    fn step(&mut self, grads: &GradStore) -> Result<()> {
        if self.sites.iter().any(|site| grads.get(&site.var).is_none()) {
            let vars: Vec<_> =
                self.sites.iter().map(|site| (site.name.as_str(), &site.var)).collect();
            bail!("GradientNoise: {}", describe_missing(grads, &vars))
        }
        let GradientNoiseOptions { decay, anticorrelated, .. } = self.options;
        let stddev = |draw: &NoiseDraw| {
            (draw.strength / libm::pow(1. + f64::from(draw.address.step), decay)).sqrt()
        };
        let noisy = self.sites.iter().filter_map(|site| Some((site, grads.get(&site.var)?)));
        let noisy = noisy.map(|(site, grad)| {
            let noisy = match anticorrelated {
                true => site.anticorrelated(grad, stddev)?,
                false => site.noisy(grad, stddev)?,
            };
            Ok((site.var.as_tensor().clone(), noisy.unwrap_or_else(|| grad.clone())))
        });
        self.inner.step(&gradients(noisy.collect::<Result<Vec<_>>>()?)?)
    }

    fn learning_rate(&self) -> f64 {
        self.inner.learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.inner.set_learning_rate(learning_rate);
    }
}

save_inner_state!(GradientNoise);
