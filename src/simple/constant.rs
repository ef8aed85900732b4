//! Predictions without inputs.

use anyhow::{Result, ensure};

use super::rows::class_counts;
use crate::stats::mean;

/// The shares of the classes among the training rows, as the probabilities of any row. The predicted
/// class is the most frequent one, the first of them if several are.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassShares {
    shares: Vec<f64>,
}

impl ClassShares {
    /// Counts classes, which are numbers below `classes`.
    ///
    /// # Errors
    /// If there are no labels, or one is no class.
    pub fn fit(labels: &[u32], classes: usize) -> Result<Self> {
        ensure!(!labels.is_empty(), "expected the class of at least one row, received none");
        let counts = class_counts(labels, classes)?;
        let share = |count| count as f64 / labels.len() as f64;
        Ok(Self { shares: counts.into_iter().map(share).collect() })
    }

    /// Returns the logits of any row, the logarithms of the shares. Those of a class without training
    /// rows are −∞.
    pub fn logits(&self) -> Vec<f64> {
        self.shares.iter().map(|share| libm::log(*share)).collect()
    }
}

/// The mean of the training targets, as the prediction for any row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean(f64);

impl Mean {
    /// Averages targets.
    ///
    /// # Errors
    /// If there are none, or the mean is not finite.
    pub fn fit(targets: &[f64]) -> Result<Self> {
        let mean = mean(targets);
        ensure!(
            mean.is_finite(),
            "expected finite targets, at least one, received the mean {mean}"
        );
        Ok(Self(mean))
    }

    /// Returns the prediction for any row.
    pub fn predict(self) -> f64 {
        self.0
    }
}
