//! The share of the targets' variance that is explained.

use super::{Margin, Metric, Predicted};

/// The coefficient of determination R² = 1 − Σ (y − z)² / Σ (y − ȳ)², averaged over the outputs, as
/// in scikit-learn's `r2_score`. It is undefined if the targets of an output do
/// not vary or an error is not finite.
#[derive(Clone, Copy, Debug, Default)]
pub struct RSquared;

impl Metric for RSquared {
    fn name(&self) -> &str {
        "r_squared"
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        rows.mean_over_outputs(r_squared)
    }
}

/// Takes predictions with their targets.
pub(super) fn r_squared(pairs: &[(f64, f64)]) -> Option<f64> {
    let mean = pairs.iter().map(|(_, y)| y).sum::<f64>() / pairs.len() as f64;
    let total: f64 = pairs.iter().map(|(_, y)| (y - mean).powi(2)).sum();
    let residual: f64 = pairs.iter().map(|(z, y)| (y - z).powi(2)).sum();
    (total > 0.).then(|| 1. - residual / total).filter(|share| share.is_finite())
}

#[cfg(test)]
mod tests {
    use candle_core::Result;

    use super::*;

    /// From scikit-learn's documentation of `r2_score`: 0.9486 and, over two outputs, 0.9368.
    #[test]
    fn r_squared_agrees_with_scikit_learn() -> Result<()> {
        let one = Predicted::new(1, vec![2.5, 0., 2., 8.], vec![3., -0.5, 2., 7.])?;
        assert!((RSquared.score(&one).unwrap() - 0.948_608).abs() < 1e-6);
        let two =
            Predicted::new(2, vec![0., 2., -1., 2., 8., -5.], vec![0.5, 1., -1., 1., 7., -6.])?;
        assert!((RSquared.score(&two).unwrap() - 0.936_801).abs() < 1e-6);
        let constant = Predicted::new(1, vec![1., 2.], vec![3., 3.])?;
        assert_eq!(RSquared.score(&constant), None);
        Ok(())
    }
}
