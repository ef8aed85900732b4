//! Gradient descent with momentum. Its complete state can be read and written.

use candle_core::backprop::GradStore;
use candle_core::{Result, Var, bail};

use super::state::{OptimizerState, SaveState, set_moments};
use candle_nn::Optimizer;

/// The settings of [`Sgd`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SgdOptions {
    /// Step size, finite and at least 0.
    pub learning_rate: f64,
    /// Share of the previous velocity that is kept, in [0, 1).
    pub momentum: f64,
}

impl Default for SgdOptions {
    /// Returns Keras' settings: learning rate 0.01, no momentum.
    fn default() -> Self {
        Self { learning_rate: 0.01, momentum: 0. }
    }
}

impl SgdOptions {
    /// Sets the step size.
    pub fn learning_rate(self, learning_rate: f64) -> Self {
        Self { learning_rate, ..self }
    }

    /// Sets the momentum.
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }
}

/// Gradient descent: v ← momentum · v + g, w ← w − learning_rate · v, as in PyTorch's `SGD`.
///
/// Polyak 1964, "Some methods of speeding up the convergence of iteration methods". Unlike Candle's
/// `SGD`, it has momentum and a state that can be saved, and treats a missing gradient as an error.
#[derive(Debug)]
pub struct Sgd {
    /// Each variable with its velocity.
    params: Vec<(Var, Var)>,
    options: SgdOptions,
    steps: u64,
}

impl Optimizer for Sgd {
    type Config = SgdOptions;

    /// Optimizes the floating-point variables among `vars`.
    ///
    /// # Errors
    /// If an option is outside its range.
    fn new(vars: Vec<Var>, options: SgdOptions) -> Result<Self> {
        let SgdOptions { learning_rate, momentum } = options;
        if !(0.0..f64::INFINITY).contains(&learning_rate) {
            bail!("Sgd: learning_rate must be finite and at least 0, received {learning_rate}")
        }
        if !(0.0..1.0).contains(&momentum) {
            bail!("Sgd: momentum must lie in [0, 1), received {momentum}")
        }
        let vars = vars.into_iter().filter(|var| var.dtype().is_float());
        let param = |var: Var| Ok((var.clone(), Var::from_tensor(&var.zeros_like()?)?));
        Ok(Self { params: vars.map(param).collect::<Result<_>>()?, options, steps: 0 })
    }

    /// Takes one step.
    ///
    /// # Errors
    /// If a variable has no gradient. Nothing is changed then.
    fn step(&mut self, grads: &GradStore) -> Result<()> {
        let SgdOptions { learning_rate, momentum } = self.options;
        let step = |(var, velocity): &(Var, Var)| match grads.get(var) {
            Some(grad) => (velocity.as_detached_tensor() * momentum)? + grad,
            None => bail!(
                "Sgd: no gradient for a variable of shape {:?}: the loss does not depend on it; \
                 nn::trainable_vars leaves out running statistics",
                var.dims()
            ),
        };
        let velocities = self.params.iter().map(step).collect::<Result<Vec<_>>>()?;
        for ((var, velocity), new) in self.params.iter().zip(velocities) {
            var.set(&(var.as_detached_tensor() - (&new * learning_rate)?)?)?;
            velocity.set(&new)?;
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
        self.params.iter().map(|(var, _)| var.clone()).collect()
    }

    fn state(&self) -> Result<OptimizerState> {
        let velocities = self.params.iter().map(|(_, velocity)| velocity.as_tensor().copy());
        Ok(OptimizerState { steps: self.steps, moments: velocities.collect::<Result<_>>()? })
    }

    fn set_state(&mut self, state: &OptimizerState) -> Result<()> {
        let own: Vec<&Var> = self.params.iter().map(|(_, velocity)| velocity).collect();
        set_moments(&own, &state.moments)?;
        self.steps = state.steps;
        Ok(())
    }
}
