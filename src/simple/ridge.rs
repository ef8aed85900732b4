//! Ridge regression.

use anyhow::{Result, ensure};

use super::linear::Linear;
use super::objective::{Loss, fit};
use super::rows::Rows;
use crate::stats::mean;

/// The linear function with the least Σ (y − w·x − b)² + Σ w², as scikit-learn's `Ridge` with its
/// default `alpha=1`. The intercept b is not penalized.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    function: Linear,
    /// The mean of the targets, from which the function counts.
    mean: f64,
}

impl Ridge {
    /// Fits rows with their targets.
    ///
    /// # Errors
    /// If there are no rows or another number of targets, or a target is not finite.
    pub fn fit<T: Copy + Into<f64> + Sync>(rows: &Rows<T>, targets: &[f64]) -> Result<Self> {
        ensure!(
            rows.len() == targets.len() && !rows.is_empty(),
            "expected a target for each of {} rows, at least one, received {}",
            rows.len(),
            targets.len()
        );
        if let Some(row) = targets.iter().position(|target| !target.is_finite()) {
            anyhow::bail!("expected finite targets, received {} in row {row}", targets[row]);
        }
        let mean = mean(targets);
        let centred = targets.iter().map(|target| target - mean).collect();
        Ok(Self { function: fit(*rows, &Squares { targets: centred }), mean })
    }

    /// Returns the weights and the intercept.
    pub fn coefficients(&self) -> (&[f64], f64) {
        let (weights, intercept) = self.function.outputs().next().unwrap_or((&[], 0.));
        (weights, intercept + self.mean)
    }

    /// Returns the prediction for each row.
    ///
    /// # Errors
    /// If the rows have another number of inputs.
    pub fn predict<T: Copy + Into<f64>>(&self, rows: &Rows<T>) -> Result<Vec<f64>> {
        Ok(self.function.of(rows)?.map(|outputs| outputs[0] + self.mean).collect())
    }
}

/// Half the squared error.
struct Squares {
    targets: Vec<f64>,
}

impl Loss for Squares {
    const CURVATURE: f64 = 1.;

    fn outputs(&self) -> usize {
        1
    }

    #[inline]
    fn derive(&self, row: usize, outputs: &mut [f64]) -> f64 {
        outputs[0] -= self.targets[row];
        outputs[0] * outputs[0] / 2.
    }
}
