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
/// trains as one call of many does, bit for bit, each epoch in an order of the rows of its own. The first
/// call takes `History::default()`. All calls have validation rows, or none.
///
/// A schedule that depends on the total number of epochs, as a cosine does, takes those of all calls
/// so far, this one included, for the total: a loop of calls of one epoch is always at its end, and its rates
/// are not those of one call. Use a `Trainer` there. The optimizer has its own rate again at the end, also
/// after an error.
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
    let result = run(&mut epochs, model, optimizer, rate);
    optimizer.set_learning_rate(rate);
    result?;
    Ok(epochs.history)
}

/// Trains to the end, at the factors of the schedule times `rate`.
fn run<O: Optimizer>(
    epochs: &mut Epochs,
    model: &dyn ModuleT,
    optimizer: &mut O,
    rate: f64,
) -> Result<()> {
    while !epochs.have_ended() {
        optimizer.set_learning_rate(epochs.scheduled(rate)?);
        epochs.run(model, &mut |grads| optimizer.step(grads))?;
    }
    epochs.finish()
}
