//! A lower bound of a share.

use statrs::distribution::{Beta, ContinuousCDF};

/// The smallest probability of error.
const SMALLEST: f64 = 1e-12;

/// Returns the exact lower bound of a share of which `hits` of `n` independent trials are seen (Clopper and
/// Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika
/// 26): the bound lies above the true share with probability `alpha` at most.
///
/// ```text
/// the p with P(X >= hits) = alpha,  X binomial of n with p:  the alpha-quantile of Beta(hits, n - hits + 1)
/// hits = 0: 0        hits = n: alpha^(1/n)
/// ```
///
/// It is NaN if `hits` exceed `n` or `alpha` does not lie in 1e-12 to 1, below which the quantile has no digits.
pub fn clopper_pearson_low(hits: usize, n: usize, alpha: f64) -> f64 {
    if hits > n || !(SMALLEST..1.).contains(&alpha) {
        return f64::NAN;
    }
    if hits == 0 {
        return 0.;
    }
    if hits == n {
        return alpha.powf(1. / n as f64);
    }
    let law = Beta::new(hits as f64, (n - hits + 1) as f64);
    law.map_or(f64::NAN, |law| law.inverse_cdf(alpha))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.beta.ppf(alpha, hits, n - hits + 1)`, SciPy 1.17.1.
    #[test]
    fn bounds_agree_with_scipy() {
        for (hits, n, alpha, expected) in [
            (1, 3, 0.1, 0.034510615394370246),
            (5, 10, 0.05, 0.2224411010081294),
            (9, 10, 0.05, 0.6058366975634952),
            (501, 1000, 0.001, 0.4517643768755041),
            (600, 1000, 0.001, 0.5510754739370525),
            (990, 1000, 0.001, 0.9760361871553114),
            (999, 1000, 0.001, 0.9908045023646124),
            (99_999, 100_000, 0.001, 0.9999076696662654),
        ] {
            let found = clopper_pearson_low(hits, n, alpha);
            assert!((found - expected).abs() < 1e-10, "{hits} of {n}: {found}, not {expected}");
        }
    }

    /// 1 of 3: 1 - (1 - p)³ = α; 2 of 2: p² = α; none: every share may be the true one.
    #[test]
    fn bounds_by_hand() {
        assert!((clopper_pearson_low(1, 3, 0.1) - (1. - 0.9f64.cbrt())).abs() < 1e-12);
        assert_eq!(clopper_pearson_low(2, 2, 0.25), 0.5);
        assert_eq!(clopper_pearson_low(1000, 1000, 0.001), 0.001f64.powf(1e-3));
        assert_eq!(clopper_pearson_low(0, 7, 0.05), 0.);
        for (hits, n, alpha) in [(3, 2, 0.05), (1, 2, 0.), (1, 2, 1.), (1, 2, f64::NAN)] {
            assert!(clopper_pearson_low(hits, n, alpha).is_nan(), "{hits}, {n}, {alpha}");
        }
    }

    /// P(X >= hits), a sum of products of whole numbers and powers.
    fn tail(hits: usize, n: usize, p: f64) -> f64 {
        let mut choose = 1.;
        let mut sum = 0.;
        for k in 0..=n {
            if k >= hits {
                sum += choose * p.powi(k as i32) * (1. - p).powi((n - k) as i32);
            }
            choose = choose * (n - k) as f64 / (k + 1) as f64;
        }
        sum
    }

    #[test]
    fn as_many_hits_have_probability_alpha_at_the_bound() {
        for n in [1, 2, 7, 30, 100] {
            for hits in 1..=n {
                for alpha in [0.001, 0.05, 0.5] {
                    let found = tail(hits, n, clopper_pearson_low(hits, n, alpha));
                    assert!(
                        (found / alpha - 1.).abs() < 1e-8,
                        "{hits} of {n}: {found}, not {alpha}"
                    );
                }
            }
        }
    }

    /// For each true share the bound exceeds it for a set of counts whose probability is at most α.
    #[test]
    fn the_bound_exceeds_the_true_share_with_probability_alpha_at_most() {
        const N: usize = 40;
        let bounds: Vec<f64> = (0..=N).map(|hits| clopper_pearson_low(hits, N, 0.05)).collect();
        assert!(bounds.is_sorted_by(|a, b| a < b));
        for share in (1..100).map(|x| f64::from(x) / 100.) {
            let first = bounds.partition_point(|bound| *bound <= share);
            assert!(tail(first, N, share) <= 0.05 + 1e-12, "{share}");
        }
    }
}
