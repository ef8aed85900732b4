//! The state of an optimizer, so that training can continue exactly.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{Device, Error, Result, Tensor, Var, bail};

use crate::ops::read_tensors;

/// The state of an optimizer between two steps. The tensors are copies, so further steps do not
/// change them.
#[derive(Clone, Debug, Default)]
pub struct OptimizerState {
    /// Number of steps taken.
    pub steps: u64,
    /// The moments of each variable, in the order of [`SaveState::vars`]; empty if there are none.
    pub moments: Vec<Tensor>,
}

impl OptimizerState {
    /// Writes the state as a safetensors file: `steps` (i64) and `moments.0`, `moments.1`, … in the
    /// order of the variables.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save<P: AsRef<Path>>(&self, file: P) -> Result<()> {
        candle_core::safetensors::save(&self.tensors()?, file)
    }

    /// Returns the content of a file.
    pub(crate) fn tensors(&self) -> Result<HashMap<String, Tensor>> {
        let moments = self.moments.iter().enumerate();
        let moments = moments.map(|(i, tensor)| (format!("moments.{i}"), tensor.clone()));
        let mut tensors: HashMap<String, Tensor> = moments.collect();
        tensors.insert("steps".to_string(), Tensor::new(self.steps as i64, &Device::Cpu)?);
        Ok(tensors)
    }

    /// Reads a state written by [`OptimizerState::save`]. Memory is proportional to the length of the
    /// file.
    ///
    /// # Errors
    /// If the file cannot be read or does not contain such a state.
    pub fn load<P: AsRef<Path>>(file: P) -> Result<Self> {
        let file = file.as_ref();
        let read = || Self::from_tensors(read_tensors(&fs::read(file)?)?);
        read().map_err(|error| Error::Msg(format!("{}: {error}", file.display())))
    }

    /// Reads the content of a file.
    pub(crate) fn from_tensors(mut tensors: HashMap<String, Tensor>) -> Result<Self> {
        let Some(steps) = tensors.remove("steps") else {
            bail!("expected the state of an optimizer, received a file without steps")
        };
        let moments = (0..tensors.len()).map(|i| match tensors.remove(&format!("moments.{i}")) {
            Some(tensor) => Ok(tensor),
            None => {
                bail!("expected the state of an optimizer, received a file without moments.{i}")
            }
        });
        let moments = moments.collect::<Result<_>>()?;
        match steps.to_scalar::<i64>()? {
            steps @ 0.. => Ok(Self { steps: steps as u64, moments }),
            steps => bail!("expected at least 0 steps of the optimizer, received {steps}"),
        }
    }

    /// Checks that a file can hold the number of steps, so that further ones can be counted.
    pub(crate) fn check_steps(&self) -> Result<()> {
        match i64::try_from(self.steps) {
            Ok(_) => Ok(()),
            Err(_) => {
                bail!("expected fewer than 2^63 steps of the optimizer, received {}", self.steps)
            }
        }
    }
}

/// An optimizer with a state that can be saved and set. A wrapper saves the state of its inner
/// optimizer.
pub trait SaveState {
    /// Returns the variables that it changes, in its order.
    fn vars(&self) -> Vec<Var>;

    /// Returns the state.
    ///
    /// # Errors
    /// If a device fails.
    fn state(&self) -> Result<OptimizerState>;

    /// Continues from a state.
    ///
    /// # Errors
    /// If the number of tensors, a shape or a dtype differs from [`SaveState::state`]. Nothing is
    /// changed then.
    fn set_state(&mut self, state: &OptimizerState) -> Result<()>;

    /// Undoes what a training pass leaves for its step, such as noise on the weights; the step does
    /// not follow, because something between the two has failed. Most optimizers need nothing of it.
    ///
    /// # Errors
    /// If a device fails.
    fn abandon_pass(&self) -> Result<()> {
        Ok(())
    }
}

/// Saves and sets the state of the inner optimizer of a wrapper with a field `inner`.
macro_rules! save_inner_state {
    ($wrapper:ident) => {
        impl<O: SaveState> SaveState for $wrapper<O> {
            fn vars(&self) -> Vec<Var> {
                self.inner.vars()
            }

            fn state(&self) -> Result<OptimizerState> {
                self.inner.state()
            }

            fn set_state(&mut self, state: &OptimizerState) -> Result<()> {
                self.inner.set_state(state)
            }

            fn abandon_pass(&self) -> Result<()> {
                self.inner.abandon_pass()
            }
        }
    };
}
pub(super) use save_inner_state;
