//! The squared error of probabilities.

use super::classified::Classified;
use super::{Better, Margin, Metric, Predicted};

/// The Brier score (1950, Monthly Weather Review 78): the mean over the rows of Σ (p − y)² over the
/// classes, where y is 1 for the row's class and 0 for the others. It lies between 0 and 2.
///
/// It is undefined if a probability is NaN, and where [`Accuracy`](super::Accuracy) is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brier;

impl Metric for Brier {
    fn name(&self) -> &str {
        "brier"
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn widest(&self) -> f64 {
        2.
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        Some(brier(&Classified::of(rows)?))
    }
}

pub(super) fn brier(rows: &Classified) -> f64 {
    let of_row = |(row, label): (&[f64], usize)| -> f64 {
        let errors =
            row.iter().enumerate().map(|(class, p)| p - f64::from(u8::from(class == label)));
        errors.map(|error| error * error).sum()
    };
    rows.iter().map(of_row).sum::<f64>() / rows.iter().len() as f64
}
