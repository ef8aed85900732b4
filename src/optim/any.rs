//! An optimizer of any type.

use std::any::Any;
use std::fmt;

use candle_core::backprop::GradStore;
use candle_core::{Result, Var};
use candle_nn::Optimizer;

use super::state::{OptimizerState, SaveState};

/// An optimizer with a type known only at run time, such as one with or without a wrapper. Candle's
/// trait does not allow `Box<dyn Optimizer>`.
pub struct AnyOptimizer(Box<dyn Erased + Send>);

trait Erased: SaveState + Any {
    fn step(&mut self, grads: &GradStore) -> Result<()>;
    fn learning_rate(&self) -> f64;
    fn set_learning_rate(&mut self, learning_rate: f64);
}

impl<O: Optimizer + SaveState + 'static> Erased for O {
    fn step(&mut self, grads: &GradStore) -> Result<()> {
        Optimizer::step(self, grads)
    }

    fn learning_rate(&self) -> f64 {
        Optimizer::learning_rate(self)
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        Optimizer::set_learning_rate(self, learning_rate);
    }
}

impl AnyOptimizer {
    /// Wraps an optimizer.
    pub fn from(optimizer: impl Optimizer + SaveState + Send + 'static) -> Self {
        Self(Box::new(optimizer))
    }

    /// Returns the optimizer if it is Adam.
    #[cfg(feature = "cuda")]
    pub(crate) fn as_adam(&mut self) -> Option<&mut super::Adam> {
        let own = &mut *self.0 as &mut dyn Any;
        match own.is::<Self>() {
            true => own.downcast_mut::<Self>()?.as_adam(),
            false => own.downcast_mut(),
        }
    }
}

impl Optimizer for AnyOptimizer {
    type Config = Self;

    /// Takes an optimizer that already has its variables.
    fn new(_: Vec<Var>, config: Self) -> Result<Self> {
        Ok(config)
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        self.0.step(grads)
    }

    fn learning_rate(&self) -> f64 {
        self.0.learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.0.set_learning_rate(learning_rate);
    }
}

impl SaveState for AnyOptimizer {
    fn vars(&self) -> Vec<Var> {
        self.0.vars()
    }

    fn state(&self) -> Result<OptimizerState> {
        self.0.state()
    }

    fn set_state(&mut self, state: &OptimizerState) -> Result<()> {
        self.0.set_state(state)
    }

    fn abandon_pass(&self) -> Result<()> {
        self.0.abandon_pass()
    }
}

impl fmt::Debug for AnyOptimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyOptimizer")
    }
}
