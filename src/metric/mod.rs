//! Metrics of predictions: a [`Metric`] is one figure of a whole set of rows.
//!
//! A metric sees the final predictions of a set at once, because R², F1 and calibration errors are
//! not means over batches.

mod accuracy;
mod average_precision;
mod balanced_accuracy;
mod brier;
mod classified;
mod ece;
mod errors;
mod f1;
mod margin;
mod matthews;
mod nll;
mod predicted;
mod r_squared;
mod reliability;
mod roc_auc;
mod tally;
mod targets;
#[cfg(test)]
mod tests;
mod thresholds;

use std::fmt::Debug;
use std::sync::Arc;

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

pub use accuracy::Accuracy;
pub use average_precision::AveragePrecision;
pub use balanced_accuracy::BalancedAccuracy;
pub use brier::Brier;
pub use ece::Ece;
pub use errors::{Mae, MedianAbsoluteError, Rmse};
pub use f1::{F1, MacroF1};
pub use margin::Margin;
pub use matthews::Matthews;
pub use nll::Nll;
pub use predicted::{Predicted, Units};
pub use r_squared::RSquared;
pub use reliability::{ReliabilityBin, calibration_error, reliability};
pub use roc_auc::RocAuc;
pub(crate) use targets::{check_classes, check_finite, check_shares, class_numbers};
#[cfg(feature = "experiment")]
pub(crate) use thresholds::counts_by_threshold;

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

    /// Returns the smallest difference that matters; by default a hundredth of the baseline's score,
    /// because the scale of a metric is not known. A metric of your own states its own.
    fn margin(&self) -> Margin {
        Margin::Share(0.01)
    }

    /// Returns the largest difference between two scores; infinite by default.
    fn widest(&self) -> f64 {
        f64::INFINITY
    }

    /// Returns the score of a set, or `None` if it is undefined.
    fn score(&self, rows: &Predicted) -> Option<f64>;

    /// Returns a score of standard scores in the units of the targets. By default it is the same, as for
    /// a share; an error is multiplied by the scale.
    fn in_units(&self, score: f64, _units: &Units) -> f64 {
        score
    }

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

/// Returns the metrics of a classification with a number of classes; the first is the primary one.
///
/// ```
/// use candle_noise::metric::for_classes;
///
/// let names = |classes| -> Vec<String> {
///     for_classes(classes).iter().map(|metric| metric.name().to_string()).collect()
/// };
/// let any = ["accuracy", "balanced_accuracy", "macro_f1", "roc_auc", "nll", "brier", "ece", "matthews"];
/// assert_eq!(names(3), any);
/// assert_eq!(names(2), [&any[..], &["f1", "average_precision"]].concat());
/// ```
pub fn for_classes(classes: usize) -> Vec<Arc<dyn Metric>> {
    let mut metrics: Vec<Arc<dyn Metric>> =
        vec![Arc::new(Accuracy), Arc::new(BalancedAccuracy), Arc::new(MacroF1), Arc::new(RocAuc)];
    metrics.extend(for_probabilities());
    metrics.push(Arc::new(Matthews));
    if classes == 2 {
        metrics.push(Arc::new(F1));
        metrics.push(Arc::new(AveragePrecision));
    }
    metrics
}

/// Returns the metrics of the probabilities of classes: NLL, Brier score and calibration error.
pub fn for_probabilities() -> Vec<Arc<dyn Metric>> {
    vec![Arc::new(Nll), Arc::new(Brier), Arc::new(Ece)]
}

/// Returns the metrics of a regression; the first is the primary one.
///
/// ```
/// use candle_noise::metric::for_numbers;
///
/// let names: Vec<String> = for_numbers().iter().map(|metric| metric.name().to_string()).collect();
/// assert_eq!(names, ["rmse", "mae", "median_absolute_error", "r_squared"]);
/// ```
pub fn for_numbers() -> Vec<Arc<dyn Metric>> {
    vec![Arc::new(Rmse), Arc::new(Mae), Arc::new(MedianAbsoluteError), Arc::new(RSquared)]
}

/// Returns the metric of this crate with a name.
///
/// ```
/// use candle_noise::metric::{Better, named};
///
/// assert_eq!(named("brier").map(|metric| metric.better()), Some(Better::Lower));
/// assert!(named("worst_recall").is_none());
/// ```
pub fn named(name: &str) -> Option<Arc<dyn Metric>> {
    for_classes(2).into_iter().chain(for_numbers()).find(|metric| metric.name() == name)
}
