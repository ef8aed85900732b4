//! The negative logarithm of the likelihood.

use super::{Better, Metric, Predicted};

/// The mean of −ln p over the rows, p being the probability of the row's class: the cross-entropy in
/// nats. It comes from the logits, so that a tiny probability does not become 0.
///
/// It is undefined if it is infinite, as for a class with the logit −∞, and where
/// [`Accuracy`](super::Accuracy) is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nll;

impl Metric for Nll {
    fn name(&self) -> &str {
        "nll"
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        if !rows.are_classified() {
            return None;
        }
        nll(&rows.log_likelihoods().collect::<Vec<_>>())
    }
}

pub(super) fn nll(log_likelihoods: &[f64]) -> Option<f64> {
    let mean = -log_likelihoods.iter().sum::<f64>() / log_likelihoods.len() as f64;
    mean.is_finite().then_some(mean)
}
