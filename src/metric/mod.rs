//! Metrics of predictions: a [`Metric`] is one figure of a whole set of rows.
//!
//! A metric sees the final predictions of a set at once, because R², F1 and calibration errors are
//! not means over batches.

mod accuracy;
mod predicted;
mod r_squared;
mod targets;

use std::fmt::Debug;

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

pub use accuracy::Accuracy;
pub use predicted::Predicted;
pub use r_squared::RSquared;
pub(crate) use targets::{check_classes, check_finite, check_shares, class_numbers};

/// Which of two scores is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// The higher one, as for an accuracy.
    Higher,
    /// The lower one, as for an error.
    Lower,
}

impl Better {
    /// Returns whether a score is better than another.
    pub fn is_better(self, score: f64, other: f64) -> bool {
        match self {
            Self::Higher => score > other,
            Self::Lower => score < other,
        }
    }
}

/// A figure of a set of predictions.
///
/// ```
/// use candle_noise::metric::{Better, Metric, Predicted};
///
/// /// The mean of |prediction - target| over rows and outputs.
/// #[derive(Debug)]
/// struct MeanAbsoluteError;
///
/// impl Metric for MeanAbsoluteError {
///     fn name(&self) -> &str {
///         "mean_absolute_error"
///     }
///
///     fn better(&self) -> Better {
///         Better::Lower
///     }
///
///     fn score(&self, rows: &Predicted) -> Option<f64> {
///         let errors = rows.iter().flat_map(|(outputs, targets)| outputs.iter().zip(targets));
///         let errors: Vec<f64> = errors.map(|(z, y)| f64::from(z - y).abs()).collect();
///         (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64)
///     }
/// }
///
/// let rows = Predicted::new(1, vec![1., 5.], vec![2., 5.])?;
/// assert_eq!(MeanAbsoluteError.score(&rows), Some(0.5));
/// # candle_core::Result::Ok(())
/// ```
pub trait Metric: Debug + Send + Sync {
    /// Returns the name in results, a word such as `accuracy`. The figures are `train_accuracy`,
    /// `test_accuracy`, ….
    fn name(&self) -> &str;

    /// Returns which scores are better; by default the higher ones.
    fn better(&self) -> Better {
        Better::Higher
    }

    /// Returns the score of a set, or `None` if it is undefined.
    fn score(&self, rows: &Predicted) -> Option<f64>;

    /// Returns whether each row is predicted correctly, if the metric counts that.
    fn hits(&self, _rows: &Predicted) -> Option<Vec<bool>> {
        None
    }

    /// Returns the sum of the rows' scores in a batch, if the score of a set is the mean over its
    /// rows. The sum stays on the device, so that curves copy no outputs.
    ///
    /// # Shapes
    /// `outputs` (R, B, O); `targets` (R or 1, B, …); result (R,) without a gradient.
    ///
    /// # Errors
    /// If the shapes do not fit.
    fn sums(&self, _outputs: &Tensor, _targets: &Tensor) -> Result<Option<Tensor>> {
        Ok(None)
    }
}
