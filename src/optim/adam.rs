//! Adam with Keras' defaults. Its complete state can be read and written.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};
use candle_nn::{Optimizer, VarMap};

use super::group::Group;
use super::params::{Params, check_amounts, check_bound, numbered};
use super::state::{OptimizerState, SaveState};
use crate::nn::trainable_vars;
use crate::ops;

/// The settings of [`Adam`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct AdamOptions {
    /// Step size, finite and at least 0.
    pub learning_rate: f64,
    /// Decay of the mean of the gradient, in [0, 1).
    pub beta1: f64,
    /// Decay of the mean of the squared gradient, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the second moment, finite and above 0, also in the precision of the variables.
    pub eps: f64,
    /// Decoupled weight decay (AdamW): the share of each weight that a step of size 1 would take off,
    /// finite and at least 0.
    pub weight_decay: f64,
    /// L2 term: l2 · w is added to each gradient, as by the `weight_decay` of PyTorch's `Adam`; finite
    /// and at least 0.
    pub l2: f64,
}

impl Default for AdamOptions {
    /// Returns Keras' settings: learning rate 0.001, betas 0.9 and 0.999, eps 1e-7, no decay.
    fn default() -> Self {
        Self { learning_rate: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-7, weight_decay: 0., l2: 0. }
    }
}

impl AdamOptions {
    /// Returns the settings of PyTorch's `AdamW`: eps 1e-8 and weight decay 0.01.
    pub fn adamw() -> Self {
        Self { eps: 1e-8, weight_decay: 0.01, ..Self::default() }
    }

    /// Sets the step size.
    #[must_use]
    pub fn learning_rate(self, learning_rate: f64) -> Self {
        Self { learning_rate, ..self }
    }

    /// Sets the decays of the moments.
    #[must_use]
    pub fn betas(self, beta1: f64, beta2: f64) -> Self {
        Self { beta1, beta2, ..self }
    }

    /// Sets the number added to the root.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Sets the decoupled weight decay.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// Sets the L2 term.
    #[must_use]
    pub fn l2(self, l2: f64) -> Self {
        Self { l2, ..self }
    }

    fn check(&self) -> Result<()> {
        let Self { learning_rate, beta1, beta2, eps, weight_decay, l2 } = *self;
        let amounts = [
            ("learning_rate", learning_rate),
            ("eps", eps),
            ("weight_decay", weight_decay),
            ("l2", l2),
        ];
        check_amounts("Adam", &amounts)?;
        match [beta1, beta2].iter().find(|beta| !(0.0..1.0).contains(*beta)) {
            None => Ok(()),
            Some(beta) => bail!("Adam: betas must lie in [0, 1), received {beta}"),
        }
    }
}

/// Adam (Kingma & Ba 2015, arXiv 1412.6980), a `candle_nn::Optimizer`.
///
/// Unlike Candle's `AdamW`, it has no weight decay by default ([`AdamOptions::adamw`] has), treats
/// a missing gradient as an error, and saves its state so that training can continue exactly.
///
/// Its variables are f32 or f64, because small steps and squared gradients vanish in half precision.
///
/// ```
/// # use candle_core::{DType, Device, Result};
/// # use candle_nn::{VarMap, linear};
/// # use candle_noise::nn::{seeded_vars, trainable_vars};
/// use candle_noise::optim::{Adam, AdamOptions, Group};
///
/// # fn main() -> Result<()> {
/// # let varmap = VarMap::new();
/// # linear(2, 1, seeded_vars(&varmap, 42, DType::F32, &Device::Cpu).pp("fc1"))?;
/// let adam = Adam::of(&varmap, AdamOptions::default())?;
///
/// // The first layer learns ten times more slowly.
/// let adam = Adam::grouped(trainable_vars(&varmap), AdamOptions::default(), |name, _| {
///     let factor = if name.starts_with("fc1.") { 0.1 } else { 1. };
///     Group::default().learning_rate(factor)
/// })?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Adam {
    params: Params,
    options: AdamOptions,
    step: u64,
}

impl Adam {
    /// Optimizes the [`trainable_vars`] of a map. Errors name them.
    ///
    /// # Errors
    /// If an option is out of range, there is no variable or one of them twice, or a variable is neither
    /// f32 nor f64.
    pub fn of(varmap: &VarMap, options: AdamOptions) -> Result<Self> {
        Self::named(trainable_vars(varmap), options)
    }

    /// Optimizes the floating-point variables among `vars`. Errors name them.
    ///
    /// # Errors
    /// If [`Adam::of`] would fail.
    pub fn named(vars: Vec<(String, Var)>, options: AdamOptions) -> Result<Self> {
        Self::grouped(vars, options, |_, _| Group::default())
    }

    /// Optimizes the floating-point variables among `vars` with the group that `group` returns for
    /// each name and variable.
    ///
    /// # Errors
    /// If [`Adam::of`] would fail or a factor of a group is out of range.
    pub fn grouped(
        vars: Vec<(String, Var)>,
        options: AdamOptions,
        group: impl Fn(&str, &Var) -> Group,
    ) -> Result<Self> {
        options.check()?;
        check_bound("Adam", "eps", options.eps, vars.iter().map(|(_, var)| var))?;
        let moments = |zeros: Tensor| Tensor::stack(&[&zeros, &zeros], 0);
        Ok(Self { params: Params::new("Adam", vars, group, moments)?, options, step: 0 })
    }

    /// Returns a variable, by its tensor, and its moments.
    #[cfg(feature = "cuda")]
    pub(crate) fn pair(&self, tensor: &Tensor) -> Option<(Var, Var)> {
        let own = self.params.iter().find(|param| param.var.id() == tensor.id())?;
        Some((own.var.clone(), own.moments.clone()))
    }

    /// Returns the updates of the next steps at these learning rates; `None` if they differ among the
    /// variables or need more than gradients.
    ///
    /// # Errors
    /// If a learning rate is negative or not finite.
    #[cfg(feature = "cuda")]
    pub(crate) fn updates(
        &self,
        rates: impl Iterator<Item = f64>,
    ) -> Result<Option<Vec<ops::AdamUpdate>>> {
        let AdamOptions { beta1, beta2, eps, weight_decay, l2, .. } = self.options;
        if l2 != 0. || self.params.iter().any(|param| param.group != Group::default()) {
            return Ok(None);
        }
        let update = |(step, learning_rate): (u64, f64)| {
            check_amounts("Adam", &[("learning_rate", learning_rate)])?;
            let corrections = ops::adam_corrections(beta1, beta2, step);
            Ok(ops::AdamUpdate { learning_rate, beta1, beta2, eps, weight_decay, corrections })
        };
        (self.step + 1..).zip(rates).map(update).collect::<Result<_>>().map(Some)
    }

    /// Counts steps that were taken elsewhere, the last at this learning rate.
    #[cfg(feature = "cuda")]
    pub(crate) fn skip(&mut self, learning_rate: f64, steps: u64) {
        self.options.learning_rate = learning_rate;
        self.step += steps;
    }

    /// Returns the settings.
    pub fn options(&self) -> AdamOptions {
        self.options
    }
}

impl Optimizer for Adam {
    type Config = AdamOptions;

    /// Optimizes the floating-point variables among `vars`. Errors call them `variable 0`, `variable
    /// 1`, …; [`Adam::of`] and [`Adam::named`] know their names.
    ///
    /// # Errors
    /// If [`Adam::of`] would fail.
    fn new(vars: Vec<Var>, options: AdamOptions) -> Result<Self> {
        Self::named(numbered(vars), options)
    }

    /// Takes one step.
    ///
    /// # Errors
    /// If a variable has no gradient; the error names each of them and the likely reason. Also if the
    /// learning rate has been set to a negative number or one that is not finite. Nothing is changed
    /// then.
    fn step(&mut self, grads: &GradStore) -> Result<()> {
        let AdamOptions { learning_rate, beta1, beta2, eps, weight_decay, l2 } = self.options;
        check_amounts("Adam", &[("learning_rate", learning_rate)])?;
        let grads = self.params.grads(grads, l2)?;
        let step = self.step + 1;
        let corrections = ops::adam_corrections(beta1, beta2, step);
        for (param, grad) in self.params.iter().zip(&grads) {
            let learning_rate = learning_rate * param.group.learning_rate;
            let weight_decay = weight_decay * param.group.weight_decay;
            let update =
                ops::AdamUpdate { learning_rate, beta1, beta2, eps, weight_decay, corrections };
            ops::adam(&param.var, &param.moments, grad, update)?;
        }
        self.step = step;
        Ok(())
    }

    /// Runs a backward pass and a step. [`ops::backward`] avoids adding each gradient to zeros.
    ///
    /// # Errors
    /// If [`Adam::step`] or the backward pass fails.
    fn backward_step(&mut self, loss: &Tensor) -> Result<()> {
        self.step(&ops::backward(loss)?)
    }

    fn learning_rate(&self) -> f64 {
        self.options.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.options.learning_rate = learning_rate;
    }
}

impl SaveState for Adam {
    fn vars(&self) -> Vec<Var> {
        self.params.vars()
    }

    /// The moments are (2, …variable): the mean of the gradient and the mean of its square.
    fn state(&self) -> Result<OptimizerState> {
        self.params.state(self.step)
    }

    fn set_state(&mut self, state: &OptimizerState) -> Result<()> {
        self.params.set_state(state)?;
        self.step = state.steps;
        Ok(())
    }
}
