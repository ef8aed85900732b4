//! How many observations a difference takes to be found.

use super::estimate::t_quantile;

/// The share of experiments that find a difference of the margin.
pub const POWER: f64 = 0.8;

/// Returns the difference that a two-sided t-test at level `alpha` finds in 80 % of experiments with `n`
/// differences of a standard deviation.
///
/// ```text
/// (t(1 - alpha/2) + t(0.8)) std √(1/n + test_per_train)        t: quantiles with n - 1 degrees of freedom
/// ```
///
/// `test_per_train` is that of [`Estimate`](super::Estimate). There must be at least two differences.
pub fn detectable(std: f64, n: usize, test_per_train: f64, alpha: f64) -> f64 {
    let df = (n - 1) as f64;
    let quantiles = t_quantile(1. - alpha / 2., df) + t_quantile(POWER, df);
    quantiles * std * (1. / n as f64 + test_per_train).sqrt()
}

/// Returns the smallest number of differences with which a difference of `margin` is found in 80 % of
/// experiments; `None` if no number suffices, as the correction for overlapping training rows stays.
pub fn units_needed(std: f64, margin: f64, test_per_train: f64, alpha: f64) -> Option<usize> {
    smallest_count(|n| detectable(std, n, test_per_train, alpha) <= margin)
}

/// Returns the smallest number, from 2, that suffices, if all larger ones do, too; `None` if none of up to
/// 10¹² does.
pub fn smallest_count(suffices: impl Fn(usize) -> bool) -> Option<usize> {
    const MOST: usize = 1 << 40;
    if !suffices(MOST) {
        return None;
    }
    let (mut too_few, mut enough) = (1, 2);
    while !suffices(enough) {
        (too_few, enough) = (enough, 2 * enough);
    }
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        match suffices(middle) {
            true => enough = middle,
            false => too_few = middle,
        }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```python
    /// q = lambda n: scipy.stats.t.ppf(1 - alpha / 2, n - 1) + scipy.stats.t.ppf(0.8, n - 1)
    /// next(n for n in itertools.count(2) if q(n) * std * (1 / n + ratio) ** 0.5 <= margin)
    /// ```
    #[test]
    fn numbers_agree_with_scipy() {
        assert_eq!(units_needed(0.02, 0.01, 0., 0.05), Some(34));
        assert_eq!(units_needed(0.02, 0.01, 0., 0.05 / 15.), Some(61));
        assert_eq!(units_needed(0.001, 0.01, 0., 0.05), Some(2));
        assert_eq!(units_needed(0.1, 0.01, 0., 0.05), Some(787));
        assert_eq!(units_needed(0.01, 0.02, 0.25, 0.05), Some(8));
    }

    /// Normal quantiles: ((1.960 + 0.842) std / margin)² for many differences.
    #[test]
    fn many_differences_need_the_number_of_normal_quantiles() {
        let expected = ((1.959964 + 0.841621) * 100f64).powi(2);
        let found = units_needed(1., 0.01, 0., 0.05).unwrap() as f64;
        assert!((found / expected - 1.).abs() < 1e-4, "{found}, not {expected}");
    }

    /// Five folds repeated for ever are worth four independent differences: (1.960 + 0.842) / √4.
    #[test]
    fn repeated_folds_never_find_less_than_their_bound() {
        assert_eq!(units_needed(1., 1.4, 0.25, 0.05), None);
        assert!(units_needed(1., 1.41, 0.25, 0.05).is_some());
    }
}
