//! Corrections for many tests at once.

/// Returns a p-value after Bonferroni's single-step adjustment for a number of tests: that many times p, at
/// most 1.
///
/// An adjusted p is below α exactly if the interval of level 1 - α / tests excludes the tested value, so
/// that all intervals hold together with probability 1 - α at least, however the tests depend on each other.
pub fn bonferroni(p: f64, tests: usize) -> f64 {
    (tests as f64 * p).min(1.0)
}

/// Returns the p-values after Holm's step-down adjustment (1979, Scandinavian Journal of Statistics
/// 6), in the given order.
///
/// ```text
/// adjusted p of the i-th smallest of m = max over j <= i of (m - j + 1) p_j, at most 1
/// ```
///
/// To reject if the adjusted p is at most α keeps the chance of any false rejection at or below α,
/// however the tests depend on each other. A NaN counts as a test and stays NaN.
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).filter(|&i| !ps[i].is_nan()).collect();
    order.sort_by(|&i, &j| ps[i].total_cmp(&ps[j]));
    let mut adjusted = ps.to_vec();
    let mut largest = 0.0;
    for (rank, i) in order.into_iter().enumerate() {
        largest = f64::max(largest, (ps.len() - rank) as f64 * ps[i]).min(1.0);
        adjusted[i] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(ps: &[f64], expected: &[f64]) {
        let adjusted = holm(ps);
        assert_eq!(adjusted.len(), expected.len());
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-15;
        assert!(adjusted.iter().zip(expected).all(close), "{adjusted:?}, not {expected:?}");
    }

    /// `statsmodels.stats.multitest.multipletests(ps, method="holm")[1]`, statsmodels 0.15.0.
    #[test]
    fn holm_agrees_with_statsmodels() {
        assert_close(&[0.01, 0.04, 0.03, 0.005], &[0.03, 0.06, 0.06, 0.02]);
        assert_close(
            &[0.5, 0.02, 0.5, 0.02, 0.9, 0.013, 1e-9],
            &[1.0, 0.1, 1.0, 0.1, 1.0, 0.078, 7e-9],
        );
        assert_close(&[0.6, 0.7], &[1.0, 1.0]);
    }

    /// `statsmodels.stats.multitest.multipletests(ps, method="bonferroni")[1]`, statsmodels 0.15.0.
    #[test]
    fn bonferroni_agrees_with_statsmodels() {
        let adjusted = [0.01, 0.04, 0.03, 0.005, 0.5].map(|p| bonferroni(p, 5));
        let expected = [0.05, 0.2, 0.15, 0.025, 1.0];
        assert!(adjusted.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-15), "{adjusted:?}");
    }

    #[test]
    fn one_test_needs_no_adjustment_and_no_test_gives_none() {
        assert_eq!(holm(&[0.2]), [0.2]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn nan_counts_and_stays() {
        for nan in [f64::NAN, -f64::NAN] {
            let adjusted = holm(&[0.01, nan, 0.02]);
            assert!(adjusted[1].is_nan());
            assert_eq!([adjusted[0], adjusted[2]], [0.03, 0.04]);
        }
    }
}
