//! The expected calibration error.

use super::reliability::{calibration_error, reliability};
use super::{Better, Margin, Metric, Predicted};

/// The expected calibration error (Guo et al. 2017, "On Calibration of Modern Neural Networks"): the
/// mean of |accuracy − confidence| over 15 bins of equal width, weighted by their rows. The confidence
/// is the probability of the predicted class.
///
/// It is undefined if a probability is NaN, and where [`Accuracy`](super::Accuracy) is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ece;

impl Ece {
    /// The number of bins.
    pub const BINS: usize = 15;
}

impl Metric for Ece {
    fn name(&self) -> &str {
        "ece"
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn widest(&self) -> f64 {
        1.
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        ece(&rows.are_classified().then(|| rows.confidences())?)
    }
}

pub(super) fn ece(confidences: &[(f64, bool)]) -> Option<f64> {
    let are_numbers = confidences.iter().all(|(confidence, _)| !confidence.is_nan());
    let error = || calibration_error(&reliability(confidences, Ece::BINS));
    (!confidences.is_empty() && are_numbers).then(error)
}
