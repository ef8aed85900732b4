//! The precision, averaged over the recall.

use super::classified::Classified;
use super::thresholds::counts_by_threshold;
use super::{Margin, Metric, Predicted};

/// The mean precision of the second of two classes over the thresholds, each weighted by the recall that
/// it adds, as in scikit-learn's `average_precision_score`. Rows of equal probability share a threshold.
///
/// It is undefined with another number of classes, if the second class has no rows, a probability is
/// NaN, and where [`Accuracy`](super::Accuracy) is.
#[derive(Clone, Copy, Debug, Default)]
pub struct AveragePrecision;

impl Metric for AveragePrecision {
    fn name(&self) -> &str {
        "average_precision"
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn widest(&self) -> f64 {
        1.
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        average_precision(&Classified::of(rows)?)
    }
}

pub(super) fn average_precision(rows: &Classified) -> Option<f64> {
    if rows.classes != 2 {
        return None;
    }
    let counts = counts_by_threshold(&rows.scored(1))?;
    let [_, positives] = *counts.last()?;
    let parts = counts.windows(2).map(|w| {
        let [negatives, found] = w[1];
        let added = found - w[0][1];
        added as f64 * found as f64 / (found + negatives) as f64
    });
    (positives > 0).then(|| parts.sum::<f64>() / positives as f64)
}
