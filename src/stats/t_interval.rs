//! An interval of a mean by Student's t.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Interval, Statistic, statistic};

/// Returns the interval of the mean difference at confidence `level`, such as 0.95, that belongs to
/// [`nadeau_bengio`](super::nadeau_bengio), or with `test_per_train` = 0 to
/// [`paired_t`](super::paired_t).
///
/// ```text
/// mean ± t √((1/n + test_per_train) var)        t: quantile (1 + level) / 2 with n - 1 degrees of freedom
/// ```
///
/// For the R K differences of a K-fold cross-validation repeated R times, `test_per_train` is
/// 1 / (K - 1): however many the repeats, the interval does not shrink below that of K - 1 independent
/// differences with their variance.
///
/// Returns `None` with fewer than two differences, if a difference or the variance is not finite, if
/// `test_per_train` is negative or not finite, or if `level` is not between 0 and 1.
pub fn t_interval(differences: &[f64], test_per_train: f64, level: f64) -> Option<Interval> {
    let summary = statistic(differences.iter().copied());
    let Statistic { mean: Some(mean), std: Some(std), n } = summary else { return None };
    let finite = mean.is_finite() && std.is_finite();
    if !(finite && (0.0..f64::INFINITY).contains(&test_per_train) && level > 0.0 && level < 1.0) {
        return None;
    }
    let law = StudentsT::new(0.0, 1.0, (n - 1) as f64).ok()?;
    let reach = law.inverse_cdf((1.0 + level) / 2.0) * standard_error(std, n, test_per_train);
    Some(Interval { low: mean - reach, high: mean + reach })
}

/// Returns the standard error of the mean of `n` differences, whose standard deviation is `std`.
pub(super) fn standard_error(std: f64, n: usize, test_per_train: f64) -> f64 {
    (1.0 / n as f64 + test_per_train).sqrt() * std
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{nadeau_bengio, paired_t};

    /// Hours of sleep gained by ten patients, one drug minus the other (Student 1908).
    const SLEEP: [f64; 10] = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];

    /// Of R: `t.test(extra ~ group, data = sleep, paired = TRUE)` gives 0.7001142 to 2.4598858.
    #[test]
    fn the_plain_interval_is_that_of_r() {
        let interval = t_interval(&SLEEP, 0.0, 0.95).unwrap();
        assert!((interval.low - 0.7001142).abs() < 5e-8, "{interval:?}");
        assert!((interval.high - 2.4598858).abs() < 5e-8, "{interval:?}");
    }

    /// SE² = var (1/(K R) + 1/(K - 1)): for K = 5 0.67, 0.52 and 0.50 standard deviations with 1, 10 and
    /// very many repeats. A table of t has 2.776 for 4 degrees of freedom.
    #[test]
    fn repeated_folds_do_not_shrink_the_interval_below_that_of_four_differences() {
        let errors = [5, 50, 5_000_000].map(|n| standard_error(1.0, n, 1.0 / 4.0));
        assert!((errors[0] - 0.45f64.sqrt()).abs() < 1e-15 && (errors[0] - 0.67).abs() < 5e-3);
        assert!((errors[1] - 0.27f64.sqrt()).abs() < 1e-15 && (errors[1] - 0.52).abs() < 5e-3);
        assert!((errors[2] - 0.5).abs() < 1e-6);
        // mean 0 and variance 10 / 4
        let interval = t_interval(&[-2.0, -1.0, 0.0, 1.0, 2.0], 1.0 / 4.0, 0.95).unwrap();
        let reach = 2.776 * (2.5f64 * 0.45).sqrt();
        assert!((interval.high - reach).abs() < 1e-3 && interval.low == -interval.high);
    }

    /// The interval at level 1 - p ends at 0.
    #[test]
    fn the_interval_excludes_zero_at_levels_below_one_minus_p() {
        for ratio in [0.0, 0.25, 4.0 / 3.0] {
            let test = nadeau_bengio(&SLEEP, ratio).unwrap();
            let interval = t_interval(&SLEEP, ratio, 1.0 - test.p).unwrap();
            assert!(interval.low.abs() < 1e-9, "{interval:?}");
        }
        assert_eq!(nadeau_bengio(&SLEEP, 0.0), paired_t(&SLEEP));
    }

    #[test]
    fn invalid_differences_ratios_and_levels_give_none() {
        for differences in [&[][..], &[0.1], &[0.1, f64::NAN], &[f64::INFINITY, 0.1], &[1e200, 0.0]]
        {
            assert_eq!(t_interval(differences, 0.0, 0.95), None, "{differences:?}");
        }
        for (ratio, level) in
            [(-0.1, 0.95), (f64::NAN, 0.95), (0.0, 0.0), (0.0, 1.0), (0.0, f64::NAN)]
        {
            assert_eq!(t_interval(&SLEEP, ratio, level), None, "{ratio} {level}");
        }
        let same = t_interval(&[0.5; 3], 0.25, 0.95);
        assert_eq!(same, Some(Interval { low: 0.5, high: 0.5 }));
    }
}
