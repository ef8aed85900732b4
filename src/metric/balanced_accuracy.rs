//! The accuracy of a class, averaged over the classes.

use super::tally::{Tally, mean_of_defined, tally_of};
use super::{Margin, Metric, Predicted};

/// The mean over the classes of the share of a class's rows that are predicted correctly, as in
/// scikit-learn's `balanced_accuracy_score`. A class without rows does not count.
///
/// It is undefined where [`Accuracy`](super::Accuracy) is.
#[derive(Clone, Copy, Debug, Default)]
pub struct BalancedAccuracy;

impl Metric for BalancedAccuracy {
    fn name(&self) -> &str {
        "balanced_accuracy"
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn widest(&self) -> f64 {
        1.
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        balanced_accuracy(&tally_of(rows)?)
    }
}

pub(super) fn balanced_accuracy(tallies: &[Tally]) -> Option<f64> {
    mean_of_defined(tallies.iter().map(Tally::recall))
}
