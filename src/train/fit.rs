//! Training in one call, with a model and an optimizer owned by the caller.

use candle_core::Result;
use candle_nn::{ModuleT, Optimizer};

use super::epochs::Epochs;
use super::history::History;
use super::options::TrainOptions;
use crate::data::Samples;

/// Trains a model with any of Candle's optimizers and returns its curves.
/// [`Trainer`](super::Trainer) trains epoch by epoch.
///
/// # Shapes
/// The model maps (R, B, …) to (R, B, O) if the samples have a replica axis, and (B, …) to (B, O)
/// if they have none.
///
/// # Errors
/// If an option is out of range, the replicas of the samples do not match the seeds, an input is not
/// finite, a target is none of the objective's, or the model, the loss or the optimizer fails.
pub fn fit<O: Optimizer>(
    model: &dyn ModuleT,
    optimizer: &mut O,
    train: &Samples,
    validation: Option<&Samples>,
    options: &TrainOptions,
) -> Result<History> {
    let mut epochs = Epochs::new(train.clone(), options.clone())?;
    if let Some(validation) = validation {
        epochs = epochs.with(1, validation.clone())?;
    }
    while !epochs.have_ended() {
        epochs.run(model, &mut |grads| optimizer.step(grads))?;
    }
    epochs.finish()?;
    Ok(epochs.history)
}
