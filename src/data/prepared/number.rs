//! A column of numbers.

use serde::{Deserialize, Serialize};

/// What the training rows say about a column of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// The median, which replaces missing values.
    pub median: f64,
    /// The mean after that.
    pub mean: f64,
    /// The population standard deviation after that, or 1 if all numbers are equal.
    pub scale: f64,
    /// The smallest number.
    pub min: f64,
    /// The largest number.
    pub max: f64,
    /// How many values are missing. If any are, an indicator column tells them.
    pub missing: usize,
}

impl Number {
    /// Describes numbers of which NaN is missing, and sorts them partly. Returns `None` if all are
    /// missing, and the index of the first one that f32 cannot hold as an error.
    pub(super) fn of(mut values: Vec<f64>) -> Result<Option<Self>, usize> {
        if let Some(index) = values.iter().position(|x| x.abs() > f32::MAX.into()) {
            return Err(index);
        }
        let rows = values.len();
        values.retain(|x| !x.is_nan());
        if values.is_empty() {
            return Ok(None);
        }
        let missing = rows - values.len();
        let median = median(&mut values);
        let [min, max] = [f64::min, f64::max].map(|f| values.iter().copied().fold(median, f));
        values.resize(rows, median);
        let (mean, scale) =
            if min == max { (median, 1.) } else { mean_and_deviation(&values, median) };
        Ok(Some(Self { median, mean, scale, min, max, missing }))
    }

    /// Returns the standard score of a number.
    pub fn score(&self, x: f64) -> f64 {
        (x - self.mean) / self.scale
    }

    /// Returns whether a number is outside of the training rows' range.
    pub(super) fn is_outside(&self, x: f64) -> bool {
        x < self.min || x > self.max
    }
}

/// Returns the median of at least one number.
fn median(values: &mut [f64]) -> f64 {
    let (half, even) = (values.len() / 2, values.len().is_multiple_of(2));
    let (lower, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    match lower.iter().copied().max_by(f64::total_cmp) {
        Some(below) if even => (below + *middle) / 2.,
        _ => *middle,
    }
}

/// Returns mean and population standard deviation of numbers that differ. The sums run over
/// differences to a number in their midst, so that a large offset costs no digits.
fn mean_and_deviation(values: &[f64], midst: f64) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = midst + values.iter().map(|x| x - midst).sum::<f64>() / count;
    let squares = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    (mean, (squares / count).sqrt())
}
