//! Adam with Keras' defaults. Its complete state can be read and written.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};
use candle_nn::Optimizer;

use super::state::{OptimizerState, SaveState, set_moments};
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
    /// Added to the root of the second moment, finite and at least 0.
    pub eps: f64,
    /// Decoupled weight decay (AdamW), finite and at least 0.
    pub weight_decay: f64,
}

impl Default for AdamOptions {
    /// Returns Keras' settings: learning rate 0.001, betas 0.9 and 0.999, eps 1e-7, no decay.
    fn default() -> Self {
        Self { learning_rate: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-7, weight_decay: 0. }
    }
}

impl AdamOptions {
    /// Returns the settings of PyTorch's `AdamW`: eps 1e-8 and weight decay 0.01.
    pub fn adamw() -> Self {
        Self { eps: 1e-8, weight_decay: 0.01, ..Self::default() }
    }

    /// Sets the step size.
    pub fn learning_rate(self, learning_rate: f64) -> Self {
        Self { learning_rate, ..self }
    }

    /// Sets the decays of the moments.
    pub fn betas(self, beta1: f64, beta2: f64) -> Self {
        Self { beta1, beta2, ..self }
    }

    /// Sets the number added to the root.
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Sets the decoupled weight decay.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }
}

/// Adam (Kingma & Ba 2015, arXiv 1412.6980), a `candle_nn::Optimizer`.
///
/// Unlike Candle's `AdamW`, it has no weight decay by default ([`AdamOptions::adamw`] has), treats
/// a missing gradient as an error, and saves its state so that training can continue exactly.
#[derive(Debug)]
pub struct Adam {
    params: Vec<Param>,
    options: AdamOptions,
    step: u64,
}

#[derive(Debug)]
struct Param {
    var: Var,
    moments: Var,
}

impl Adam {
    /// Returns the settings.
    pub fn options(&self) -> AdamOptions {
        self.options
    }
}

impl Optimizer for Adam {
    type Config = AdamOptions;

    /// Optimizes the floating-point variables among `vars`.
    ///
    /// # Errors
    /// If an option is outside its range.
    fn new(vars: Vec<Var>, options: AdamOptions) -> Result<Self> {
        let AdamOptions { learning_rate, beta1, beta2, eps, weight_decay } = options;
        let amounts =
            [("learning_rate", learning_rate), ("eps", eps), ("weight_decay", weight_decay)];
        if let Some((name, value)) = amounts.iter().find(|(_, x)| !(0.0..f64::INFINITY).contains(x))
        {
            bail!("Adam: {name} must be finite and at least 0, received {value}")
        }
        if let Some(beta) = [beta1, beta2].iter().find(|beta| !(0.0..1.0).contains(*beta)) {
            bail!("Adam: betas must lie in [0, 1), received {beta}")
        }
        let param = |var: Var| {
            let zeros = var.zeros_like()?;
            Ok(Param { moments: Var::from_tensor(&Tensor::stack(&[&zeros, &zeros], 0)?)?, var })
        };
        let vars = vars.into_iter().filter(|var| var.dtype().is_float());
        Ok(Self { params: vars.map(param).collect::<Result<_>>()?, options, step: 0 })
    }

    /// Takes one step.
    ///
    /// # Errors
    /// If a variable has no gradient because it does not take part in the loss. Nothing is changed
    /// then.
    fn step(&mut self, grads: &GradStore) -> Result<()> {
        let grad = |param: &Param| match grads.get(&param.var) {
            Some(grad) => Ok(grad.clone()),
            None => bail!(
                "Adam: no gradient for a variable of shape {:?}: the loss does not depend on it; \
                 nn::trainable_vars leaves out running statistics",
                param.var.dims()
            ),
        };
        let grads = self.params.iter().map(grad).collect::<Result<Vec<_>>>()?;
        let AdamOptions { learning_rate, beta1, beta2, eps, weight_decay } = self.options;
        let step = self.step + 1;
        let corrections = ops::adam_corrections(beta1, beta2, step);
        let update =
            ops::AdamUpdate { learning_rate, beta1, beta2, eps, weight_decay, corrections };
        for (param, grad) in self.params.iter().zip(&grads) {
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
        self.params.iter().map(|param| param.var.clone()).collect()
    }

    /// The moments are (2, …variable): the mean of the gradient and the mean of its square.
    fn state(&self) -> Result<OptimizerState> {
        let moments = self.params.iter().map(|param| param.moments.as_tensor().copy());
        Ok(OptimizerState { steps: self.step, moments: moments.collect::<Result<_>>()? })
    }

    fn set_state(&mut self, state: &OptimizerState) -> Result<()> {
        let own: Vec<&Var> = self.params.iter().map(|param| &param.moments).collect();
        set_moments(&own, &state.moments)?;
        self.step = state.steps;
        Ok(())
    }
}
