//! The harmonic mean of precision and recall.

use super::tally::{Tally, mean_of_defined, tally_of};
use super::{Margin, Metric, Predicted};

/// The F1 score of the second of two classes, 2 / (1 / precision + 1 / recall), as in scikit-learn's
/// `f1_score`.
///
/// It is undefined with another number of classes, if the second class is neither a target nor
/// predicted, and where [`Accuracy`](super::Accuracy) is.
#[derive(Clone, Copy, Debug, Default)]
pub struct F1;

impl Metric for F1 {
    fn name(&self) -> &str {
        "f1"
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn widest(&self) -> f64 {
        1.
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        f1(&tally_of(rows)?)
    }
}

/// The mean of the F1 scores of the classes, each against the rest, as in scikit-learn's `f1_score`
/// with `average="macro"`. A class that is neither a target nor predicted does not count.
///
/// It is undefined where [`Accuracy`](super::Accuracy) is.
#[derive(Clone, Copy, Debug, Default)]
pub struct MacroF1;

impl Metric for MacroF1 {
    fn name(&self) -> &str {
        "macro_f1"
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn widest(&self) -> f64 {
        1.
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        macro_f1(&tally_of(rows)?)
    }
}

pub(super) fn f1(tallies: &[Tally]) -> Option<f64> {
    match tallies {
        [_, second] => second.f1(),
        _ => None,
    }
}

pub(super) fn macro_f1(tallies: &[Tally]) -> Option<f64> {
    mean_of_defined(tallies.iter().map(Tally::f1))
}
