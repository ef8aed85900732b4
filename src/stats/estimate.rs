//! A mean with its standard error, and what Student's t says about it.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::{Interval, Statistic, statistic};

/// The mean of independent differences, or of differences on folds, with its standard error. Interval and
/// p-values come from one distribution, Student's t with n - 1 degrees of freedom: the interval of level
/// 1 - α excludes a value exactly if the p-value of that value is below α.
///
/// ```text
/// error = std √(1/n + test_per_train)        std with n - 1
/// ```
///
/// `test_per_train` is 0 for independent differences (Student 1908, Biometrika 6), and for scores whose
/// training rows overlap the number of test rows divided by that of training rows (Nadeau and Bengio 2003,
/// Machine Learning 52): 1 / (K - 1) for K folds, repeated or not (Bouckaert and Frank 2004, PAKDD).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation of the differences.
    pub std: f64,
    /// The standard error of the mean.
    pub error: f64,
    /// Number of differences.
    pub n: usize,
}

impl Estimate {
    /// Estimates the mean of independent differences; `None` as in [`Self::of_folds`].
    pub fn of(differences: &[f64]) -> Option<Self> {
        Self::of_folds(differences, 0.)
    }

    /// Estimates the mean of differences whose training rows overlap.
    ///
    /// Returns `None` with fewer than two differences, if all are equal (up to 10⁻¹² of
    /// the largest), which tells nothing about their standard deviation, if a difference or the variance is not finite,
    /// or if `test_per_train` is negative or not finite.
    pub fn of_folds(differences: &[f64], test_per_train: f64) -> Option<Self> {
        let summary = statistic(differences.iter().copied());
        let Statistic { mean: Some(mean), std: Some(std), n } = summary else { return None };
        let finite = mean.is_finite() && std.is_finite();
        let valid = finite && (0.0..f64::INFINITY).contains(&test_per_train);
        (valid && !are_equal(differences)).then(|| Self {
            mean,
            std,
            error: std * (1. / n as f64 + test_per_train).sqrt(),
            n,
        })
    }

    /// Degrees of freedom.
    pub fn df(&self) -> f64 {
        (self.n - 1) as f64
    }

    /// Returns the interval of the mean at a confidence level, such as 0.95: the mean ± t errors, with the
    /// quantile t at (1 + level) / 2. The level must lie between 0 and 1.
    pub fn interval(&self, level: f64) -> Interval {
        let reach = t_quantile((1. + level) / 2., self.df()) * self.error;
        Interval { low: self.mean - reach, high: self.mean + reach }
    }

    /// Returns how many standard errors the mean lies above a value.
    pub fn t(&self, value: f64) -> f64 {
        (self.mean - value) / self.error
    }

    /// Returns the two-sided p-value of the hypothesis that the true mean is a value.
    pub fn p(&self, value: f64) -> f64 {
        2. * self.above(self.t(value).abs())
    }

    /// Returns the p-value of two one-sided tests of the hypothesis that the true mean is at least a margin
    /// away from 0 (Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15): the larger of
    /// the two. It is below α exactly if the interval of level 1 - 2 α lies within ± margin.
    pub fn tost(&self, margin: f64) -> f64 {
        self.above(self.t(-margin)).max(self.above(-self.t(margin)))
    }

    /// Returns the probability above t.
    fn above(&self, t: f64) -> f64 {
        StudentsT::new(0., 1., self.df()).map_or(f64::NAN, |law| law.sf(t))
    }
}

/// Returns the quantile of Student's t; of many degrees of freedom by the expansion 26.7.5 of Abramowitz and
/// Stegun, "Handbook of Mathematical Functions" (1964), because the inverse of the beta function loses its
/// digits there.
pub(super) fn t_quantile(share: f64, df: f64) -> f64 {
    const MANY: f64 = 1e5;
    if df < MANY {
        return StudentsT::new(0., 1., df).map_or(f64::NAN, |law| law.inverse_cdf(share));
    }
    let z = Normal::standard().inverse_cdf(share);
    let square = z * z;
    let terms = [
        (square + 1.) / 4.,
        ((5. * square + 16.) * square + 3.) / 96.,
        (((3. * square + 19.) * square + 17.) * square - 15.) / 384.,
    ];
    z + z * terms.into_iter().rev().fold(0., |sum, term| (sum + term) / df)
}

/// Returns whether values are equal up to round-off, 10⁻¹² of the largest.
pub fn are_equal(values: &[f64]) -> bool {
    let tolerance = 1e-12 * values.iter().fold(0., |largest: f64, x| largest.max(x.abs()));
    values.iter().all(|value| (value - values[0]).abs() <= tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of sleep gained by ten patients, one drug minus the other (Student 1908).
    const SLEEP: [f64; 10] = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];

    /// How many more of 70 rows one of two arms predicted correctly, as a share.
    fn accuracies() -> [f64; 10] {
        [1, 0, 2, -1, 3, 1, 0, 1, 2, -1].map(|rows| f64::from(rows) / 70.0)
    }

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-10, "{found}, not {expected}");
    }

    /// ```python
    /// se = np.sqrt((1 / len(d) + ratio) * d.var(ddof=1))
    /// scipy.stats.t.interval(level, len(d) - 1, d.mean(), se)
    /// ```
    ///
    /// of SciPy 1.17.1.
    #[test]
    fn intervals_agree_with_scipy() {
        for (values, ratio, level, low, high) in [
            (SLEEP, 0.0, 0.95, 0.7001142367230174, 2.4598857632769824),
            (SLEEP, 0.0, 1.0 - 0.05 / 15.0, 0.04197206508176743, 3.1180279349182234),
            (SLEEP, 0.0, 0.9999, -0.9846703635763376, 4.144670363576338),
            (SLEEP, 1.0 / 9.0, 0.95, 0.30155562533849367, 2.858444374661506),
            (accuracies(), 0.0, 1.0 - 0.05 / 15.0, -0.012089608644930621, 0.03494675150207334),
            (accuracies(), 40.0 / 30.0, 0.95, -0.039509134168947996, 0.06236627702609085),
        ] {
            let found = Estimate::of_folds(&values, ratio).unwrap().interval(level);
            assert_near(found.low, low);
            assert_near(found.high, high);
        }
    }

    /// `scipy.stats.t.ppf(share, df)`.
    #[test]
    fn quantiles_agree_with_scipy() {
        for (share, df, expected) in [
            (0.975, 1.0, 12.706204736174694),
            (0.975, 2.0, 4.302652729749462),
            (0.995, 1.0, 63.656741162871526),
            (0.99999, 3.0, 47.92772837600671),
            (0.975, 1e6, 1.959966356814107),
            (0.9999, 99_999.0, 3.7191543840204035),
            (0.9999, 100_001.0, 3.7191543812623684),
            (0.999, 49.0, 3.2650791729288593),
            (0.6, 7.0, 0.2631668613520229),
        ] {
            assert_near(t_quantile(share, df), expected);
        }
    }

    /// ```python
    /// 2 * scipy.stats.t.sf(abs(d.mean() - 1) / se, n - 1)
    /// max(scipy.stats.t.sf((d.mean() + m) / se, n - 1), scipy.stats.t.cdf((d.mean() - m) / se, n - 1))
    /// ```
    #[test]
    fn p_values_agree_with_scipy() {
        let plain = Estimate::of(&SLEEP).unwrap();
        assert_near(plain.p(0.0), 0.002832890197384273);
        assert_near(plain.p(1.0), 0.1701117708974229);
        assert_near(plain.tost(2.0), 0.15415723566909725);
        assert_near(plain.tost(0.02), 0.9984696968619197);
        let folds = Estimate::of_folds(&SLEEP, 1.0 / 9.0).unwrap();
        assert_near(folds.p(1.0), 0.33154800389228983);
        assert_near(folds.tost(2.0), 0.2381636965024039);
        assert_near(Estimate::of(&accuracies()).unwrap().tost(0.02), 0.09170664654802496);
    }

    #[test]
    fn interval_p_and_equivalence_never_contradict_each_other() {
        for ratio in [0.0, 0.25, 4.0 / 3.0] {
            let own = Estimate::of_folds(&SLEEP, ratio).unwrap();
            assert!(own.interval(1.0 - own.p(0.0)).low.abs() < 1e-9);
            assert!((own.interval(1.0 - own.p(0.3)).low - 0.3).abs() < 1e-9);
            let interval = own.interval(1.0 - 2.0 * own.tost(2.0));
            assert!((interval.high - 2.0).abs() < 1e-9, "{interval:?}");
        }
    }

    /// SE² = var (1/(K R) + 1/(K - 1)): for K = 5 0.67, 0.52 and 0.50 standard deviations with 1, 10 and
    /// very many repeats.
    #[test]
    fn repeated_folds_do_not_shrink_the_error_below_that_of_four_differences() {
        let error = |repeats: usize| {
            let values: Vec<f64> = (0..5 * repeats).map(|i| (i % 5) as f64 - 2.0).collect();
            let own = Estimate::of_folds(&values, 1.0 / 4.0).unwrap();
            own.error / own.std
        };
        assert!((error(1) - 0.45f64.sqrt()).abs() < 1e-12);
        assert!((error(10) - 0.27f64.sqrt()).abs() < 1e-12);
        assert!((error(10_000) - 0.5).abs() < 1e-4);
    }

    #[test]
    fn what_has_no_spread_or_is_not_finite_gives_none() {
        for values in
            [&[][..], &[0.1], &[0.5; 3], &[0.1, f64::NAN], &[f64::INFINITY, 0.1], &[1e200, 0.0]]
        {
            assert_eq!(Estimate::of(values), None, "{values:?}");
        }
        for ratio in [-0.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Estimate::of_folds(&SLEEP, ratio), None, "{ratio}");
        }
    }
}
