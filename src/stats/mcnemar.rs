//! Two classifiers on the same rows.

use statrs::distribution::{Binomial, DiscreteCDF};

/// Returns the two-sided p-value of McNemar's exact test (1947, Psychometrika 12). It takes the
/// numbers of rows that only the first and only the second classifier predicts correctly.
///
/// ```text
/// p = min(1, 2 P(X <= the fewer of the two)),  X binomial of their sum with 1/2
/// ```
///
/// Rows that both or neither predict correctly carry no information; without other rows p is 1. The
/// result is correct to nine digits for up to a million other rows.
pub fn mcnemar(only_first: usize, only_second: usize) -> f64 {
    let [first, second] = [only_first as u64, only_second as u64];
    let law = Binomial::new(0.5, first.saturating_add(second));
    law.map_or(1.0, |law| (2.0 * law.cdf(first.min(second))).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.binomtest(first, first + second).pvalue`, SciPy 1.17.1.
    #[test]
    fn mcnemar_agrees_with_scipy() {
        for (first, second, p) in [
            (10, 3, 0.09228515625),
            (12, 25, 0.04703102743951604),
            (0, 1000, 1.8665272370064378e-301),
            (1200, 1100, 0.03896685268382023),
            (60_000, 61_000, 0.00407963758118841),
            (500_000, 503_000, 0.002748828203978528),
        ] {
            for found in [mcnemar(first, second), mcnemar(second, first)] {
                assert!((found / p - 1.0).abs() < 1e-9, "{first}, {second}: {found}, not {p}");
            }
        }
    }

    #[test]
    fn four_wins_without_a_loss_are_one_in_eight() {
        assert!((mcnemar(4, 0) - 0.125).abs() < 1e-15);
    }

    #[test]
    fn even_counts_are_no_evidence() {
        assert_eq!(
            [(0, 0), (1, 1), (5, 5)].map(|(first, second)| mcnemar(first, second)),
            [1.0; 3]
        );
    }

    #[test]
    fn no_count_is_too_large() {
        assert_eq!(mcnemar(usize::MAX, usize::MAX), 1.0);
    }
}
