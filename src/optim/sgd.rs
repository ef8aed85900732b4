//! Gradient descent with momentum. Its complete state can be read and written.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};
use candle_nn::{Optimizer, VarMap};

use super::group::Group;
use super::params::{Param, Params, check_amounts, numbered};
use super::state::{OptimizerState, SaveState};
use crate::nn::trainable_vars;

/// The settings of [`Sgd`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SgdOptions {
    /// Step size, finite and at least 0.
    pub learning_rate: f64,
    /// Share of the previous velocity that is kept, in [0, 1).
    pub momentum: f64,
    /// Whether a step looks ahead by Nesterov's rule, which needs momentum.
    pub nesterov: bool,
    /// Decoupled weight decay (SGDW): the share of each weight that a step of size 1 would take off,
    /// finite and at least 0.
    pub weight_decay: f64,
    /// L2 term: l2 · w is added to each gradient, as by the `weight_decay` of PyTorch's `SGD`; finite
    /// and at least 0.
    pub l2: f64,
}

impl Default for SgdOptions {
    /// Returns Keras' settings: learning rate 0.01, no momentum, no decay.
    fn default() -> Self {
        Self { learning_rate: 0.01, momentum: 0., nesterov: false, weight_decay: 0., l2: 0. }
    }
}

impl SgdOptions {
    /// Sets the step size.
    #[must_use]
    pub fn learning_rate(self, learning_rate: f64) -> Self {
        Self { learning_rate, ..self }
    }

    /// Sets the momentum.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Looks ahead by Nesterov's rule.
    #[must_use]
    pub fn nesterov(self) -> Self {
        Self { nesterov: true, ..self }
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
        let Self { learning_rate, momentum, nesterov, weight_decay, l2 } = *self;
        let amounts =
            [("learning_rate", learning_rate), ("weight_decay", weight_decay), ("l2", l2)];
        check_amounts("Sgd", &amounts)?;
        if !(0.0..1.0).contains(&momentum) {
            bail!("Sgd: momentum must lie in [0, 1), received {momentum}")
        }
        if nesterov && momentum == 0. {
            bail!("Sgd: expected momentum above 0 for Nesterov's rule, received 0")
        }
        Ok(())
    }
}

/// Gradient descent: v ← momentum · v + g, w ← w − learning_rate · v, as in PyTorch's `SGD`. By
/// Nesterov's rule the step is along g + momentum · v instead of v.
///
/// Polyak 1964, "Some methods of speeding up the convergence of iteration methods"; Nesterov 1983, in
/// the form of Sutskever et al. 2013, "On the importance of initialization and momentum in deep
/// learning". Unlike Candle's `SGD`, it has momentum, decay and a state that can be saved, and treats
/// a missing gradient as an error.
///
/// Its variables are f32 or f64, because small steps vanish in half precision.
#[derive(Debug)]
pub struct Sgd {
    params: Params,
    options: SgdOptions,
    steps: u64,
}

impl Sgd {
    /// Optimizes the [`trainable_vars`] of a map. Errors name them.
    ///
    /// # Errors
    /// If an option is out of range, there is no variable or one of them twice, or a variable is neither
    /// f32 nor f64.
    pub fn of(varmap: &VarMap, options: SgdOptions) -> Result<Self> {
        Self::named(trainable_vars(varmap), options)
    }

    /// Optimizes the floating-point variables among `vars`. Errors name them.
    ///
    /// # Errors
    /// If [`Sgd::of`] would fail.
    pub fn named(vars: Vec<(String, Var)>, options: SgdOptions) -> Result<Self> {
        Self::grouped(vars, options, |_, _| Group::default())
    }

    /// Optimizes the floating-point variables among `vars` with the group that `group` returns for
    /// each name and variable.
    ///
    /// # Errors
    /// If [`Sgd::of`] would fail or a factor of a group is out of range.
    pub fn grouped(
        vars: Vec<(String, Var)>,
        options: SgdOptions,
        group: impl Fn(&str, &Var) -> Group,
    ) -> Result<Self> {
        options.check()?;
        Ok(Self { params: Params::new("Sgd", vars, group, Ok)?, options, steps: 0 })
    }

    /// Returns the settings.
    pub fn options(&self) -> SgdOptions {
        self.options
    }

    /// Moves a variable along its new velocity.
    fn update(&self, param: &Param, grad: &Tensor, velocity: &Tensor) -> Result<()> {
        let SgdOptions { learning_rate, momentum, nesterov, weight_decay, .. } = self.options;
        let learning_rate = learning_rate * param.group.learning_rate;
        let kept = 1. - learning_rate * weight_decay * param.group.weight_decay;
        let mut weights = param.var.as_detached_tensor();
        if kept != 1. {
            weights = (weights * kept)?;
        }
        let step = if nesterov { (grad + (velocity * momentum)?)? } else { velocity.clone() };
        param.var.set(&(weights - (step * learning_rate)?)?)?;
        param.moments.set(velocity)
    }
}

impl Optimizer for Sgd {
    type Config = SgdOptions;

    /// Optimizes the floating-point variables among `vars`. Errors call them `variable 0`, `variable
    /// 1`, …; [`Sgd::of`] and [`Sgd::named`] know their names.
    ///
    /// # Errors
    /// If [`Sgd::of`] would fail.
    fn new(vars: Vec<Var>, options: SgdOptions) -> Result<Self> {
        Self::named(numbered(vars), options)
    }

    /// Takes one step.
    ///
    /// # Errors
    /// If a variable has no gradient; the error names each of them and the likely reason. Also if the
    /// learning rate has been set to a negative number or one that is not finite. Nothing is changed
    /// then.
    fn step(&mut self, grads: &GradStore) -> Result<()> {
        let SgdOptions { learning_rate, momentum, l2, .. } = self.options;
        check_amounts("Sgd", &[("learning_rate", learning_rate)])?;
        let grads = self.params.grads(grads, l2)?;
        let velocity = |(param, grad): (&Param, &Tensor)| {
            (param.moments.as_detached_tensor() * momentum)? + grad
        };
        let velocities =
            self.params.iter().zip(&grads).map(velocity).collect::<Result<Vec<_>>>()?;
        for ((param, grad), velocity) in self.params.iter().zip(&grads).zip(&velocities) {
            self.update(param, grad, velocity)?;
        }
        self.steps += 1;
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.options.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.options.learning_rate = learning_rate;
    }
}

impl SaveState for Sgd {
    fn vars(&self) -> Vec<Var> {
        self.params.vars()
    }

    /// The moments are the velocities.
    fn state(&self) -> Result<OptimizerState> {
        self.params.state(self.steps)
    }

    fn set_state(&mut self, state: &OptimizerState) -> Result<()> {
        self.params.set_state(state)?;
        self.steps = state.steps;
        Ok(())
    }
}
