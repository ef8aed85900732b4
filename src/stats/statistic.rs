//! Mean and standard deviation.

use serde::{Deserialize, Serialize};

use super::digits::Digits;

/// Mean, sample standard deviation (n − 1) and count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistic {
    /// The mean; `None` without values.
    pub mean: Option<f64>,
    /// The sample standard deviation; `None` with fewer than two values.
    pub std: Option<f64>,
    /// Number of values.
    pub n: usize,
}

impl Statistic {
    /// Returns `0.948 ± 0.017`, `0.948` for a single value, `-` for none: with three decimals, or for a
    /// smaller mean with three significant digits.
    pub fn words(&self) -> String {
        let Some(mean) = self.mean else { return "-".to_string() };
        let digits = Digits::of(mean);
        match self.std {
            None => digits.text(mean),
            Some(std) => format!("{} ± {}", digits.text(mean), digits.text(std)),
        }
    }

    /// Returns whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }
}

/// Returns the mean and the sample standard deviation of some values.
pub fn statistic(values: impl IntoIterator<Item = f64>) -> Statistic {
    let values: Vec<f64> = values.into_iter().collect();
    let n = values.len();
    let mean = mean(&values);
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    Statistic {
        mean: (n > 0).then_some(mean),
        std: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()),
        n,
    }
}

/// Returns the mean of some values; NaN if there are none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
