//! Training in one call, of a model and by an optimizer that stay the caller's.

use candle_core::Result;
use candle_nn::{ModuleT, Optimizer};

use super::epochs::Epochs;
use super::history::History;
use super::options::TrainOptions;
use crate::data::Samples;

/// Trains a model by any of Candle's optimizers and returns its curves; [`Trainer`](super::Trainer) trains
/// epoch by epoch.
///
/// # Shapes
/// The model takes (R, B, …) and gives (R, B, O) if the samples have a replica axis, and (B, …)
/// and (B, O) if they have none.
///
/// # Errors
/// If an option is out of range, the samples have other replicas than there are seeds, or the
/// model, the loss or the optimizer fails.
pub fn fit<O: Optimizer>(
    model: &dyn ModuleT,
    optimizer: &mut O,
    train: &Samples,
    validation: Option<&Samples>,
    options: &TrainOptions,
) -> Result<History> {
    let others = [validation.cloned(), None];
    let mut epochs = Epochs::new(train.clone(), others, options.clone())?;
    while !epochs.have_ended() {
        epochs.run(model, &mut |grads| optimizer.step(grads))?;
    }
    epochs.finish()?;
    Ok(epochs.history)
}
