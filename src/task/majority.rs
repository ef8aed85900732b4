//! Predictions without a model.

use candle_core::{Error, Result};

use crate::metric::Predicted;
use crate::simple::ClassShares;

/// Returns what the shares of the classes among the training rows, as the probabilities of any row,
/// predict for test rows, with its name. The arguments are the classes of the rows.
pub(super) fn majority_class(
    train: &[u32],
    test: &[u32],
    classes: usize,
) -> Result<(&'static str, Predicted)> {
    let shares = ClassShares::fit(train, classes).map_err(Error::wrap)?;
    let logits: Vec<f32> = shares.logits().into_iter().map(|logit| logit as f32).collect();
    let targets: Vec<f32> = test.iter().map(|class| *class as f32).collect();
    Ok(("majority class", Predicted::new(classes, logits.repeat(test.len()), targets)?))
}
