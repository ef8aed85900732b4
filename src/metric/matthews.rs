//! The correlation of predicted classes with targets.

use super::tally::{Tally, tally_of};
use super::{Margin, Metric, Predicted};

/// The Matthews correlation coefficient, for any number of classes (Gorodkin 2004, Computational
/// Biology and Chemistry 28), as in scikit-learn's `matthews_corrcoef`.
///
/// ```text
/// (hits · rows − Σ t p) / √((rows² − Σ p²) (rows² − Σ t²))     t, p: targets and predictions of a class
/// ```
///
/// It is 0 if all predictions are one class, the limit of the formula. It is undefined if all targets
/// are one class, and where [`Accuracy`](super::Accuracy) is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Matthews;

impl Metric for Matthews {
    fn name(&self) -> &str {
        "matthews"
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn widest(&self) -> f64 {
        2.
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        matthews(&tally_of(rows)?)
    }
}

pub(super) fn matthews(tallies: &[Tally]) -> Option<f64> {
    let sum = |term: fn(&Tally) -> f64| tallies.iter().map(term).sum::<f64>();
    let rows = sum(|class| class.targets);
    let covariance =
        sum(|class| class.hits) * rows - sum(|class| class.targets * class.predictions);
    let spread_of_targets = rows * rows - sum(|class| class.targets * class.targets);
    let spread_of_predictions = rows * rows - sum(|class| class.predictions * class.predictions);
    match (spread_of_targets > 0., spread_of_predictions > 0.) {
        (false, _) => None,
        (true, false) => Some(0.),
        (true, true) => Some(covariance / (spread_of_targets * spread_of_predictions).sqrt()),
    }
}
