//! Training in one call, with a model and an optimizer owned by the caller.

use candle_core::Result;
use candle_nn::{ModuleT, Optimizer};

use super::epochs::Epochs;
use super::history::History;
use super::options::TrainOptions;
use crate::data::Samples;

/// Trains a model with any of Candle's optimizers, for the epochs of the options, and returns its curves.
/// [`Trainer`](super::Trainer) trains epoch by epoch, and checks gradients and weights, which have no names
/// here: call [`check_gradients`](crate::nn::check_gradients) once, with the loss of a batch.
///
/// `after` are the curves of earlier calls, which the new ones continue: a loop of calls of one epoch
/// trains as one call does, with other orders of the rows in each epoch. The first call takes
/// `History::default()`. A schedule that depends on the number of epochs takes those of all calls so far.
///
/// # Shapes
/// The model maps (R, B, …) to (R, B, O) if the samples have a replica axis, and (B, …) to (B, O)
/// if they have none.
///
/// # Errors
/// If an option is out of range, the replicas of the samples do not match the seeds, an input is not
/// finite, a target is none of the objective's, `after` has curves of another metric or other
/// replicas, or the model, the loss or the optimizer fails.
pub fn fit<O: Optimizer>(
    model: &dyn ModuleT,
    optimizer: &mut O,
    train: &Samples,
    validation: Option<&Samples>,
    options: &TrainOptions,
    after: History,
) -> Result<History> {
    let mut epochs = Epochs::new(train.clone(), options.clone())?;
    if let Some(validation) = validation {
        epochs = epochs.with(1, validation.clone())?;
    }
    epochs = epochs.after(after)?;
    let rate = optimizer.learning_rate();
    while !epochs.have_ended() {
        optimizer.set_learning_rate(rate * epochs.rate_factor()?);
        epochs.run(model, &mut |grads| optimizer.step(grads))?;
    }
    optimizer.set_learning_rate(rate);
    epochs.finish()?;
    Ok(epochs.history)
}
