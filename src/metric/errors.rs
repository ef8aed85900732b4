//! The size of the errors of predicted numbers.

use super::{Better, Metric, Predicted, Units};

/// The root of the mean squared error, averaged over the outputs, in the units of the targets. It is
/// undefined if an error is not finite.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rmse;

impl Metric for Rmse {
    fn name(&self) -> &str {
        "rmse"
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        rows.mean_over_outputs(rmse)
    }

    fn in_units(&self, score: f64, units: &Units) -> f64 {
        score * units.scale
    }
}

/// The mean absolute error, averaged over the outputs, in the units of the targets. It is undefined if
/// an error is not finite.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mae;

impl Metric for Mae {
    fn name(&self) -> &str {
        "mae"
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        rows.mean_over_outputs(mae)
    }

    fn in_units(&self, score: f64, units: &Units) -> f64 {
        score * units.scale
    }
}

/// The median absolute error, averaged over the outputs, in the units of the targets. With an even
/// number of rows it is the mean of the two in the middle. It is undefined if an error is not finite.
#[derive(Clone, Copy, Debug, Default)]
pub struct MedianAbsoluteError;

impl Metric for MedianAbsoluteError {
    fn name(&self) -> &str {
        "median_absolute_error"
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        rows.mean_over_outputs(median_absolute_error)
    }

    fn in_units(&self, score: f64, units: &Units) -> f64 {
        score * units.scale
    }
}

/// Takes predictions with their targets.
pub(super) fn rmse(pairs: &[(f64, f64)]) -> Option<f64> {
    let squares = pairs.iter().map(|(z, y)| (y - z) * (y - z));
    let root = (squares.sum::<f64>() / pairs.len() as f64).sqrt();
    root.is_finite().then_some(root)
}

/// Takes predictions with their targets.
pub(super) fn mae(pairs: &[(f64, f64)]) -> Option<f64> {
    let mean = pairs.iter().map(|(z, y)| (y - z).abs()).sum::<f64>() / pairs.len() as f64;
    mean.is_finite().then_some(mean)
}

/// Takes predictions with their targets.
pub(super) fn median_absolute_error(pairs: &[(f64, f64)]) -> Option<f64> {
    let mut errors: Vec<f64> = pairs.iter().map(|(z, y)| (y - z).abs()).collect();
    if errors.is_empty() || errors.iter().any(|error| !error.is_finite()) {
        return None;
    }
    let (half, odd) = (errors.len() / 2, errors.len() % 2 == 1);
    let (below, upper, _) = errors.select_nth_unstable_by(half, f64::total_cmp);
    let lower = below.iter().copied().fold(0., f64::max);
    Some(if odd { *upper } else { (lower + *upper) / 2. })
}
