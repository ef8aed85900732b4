//! Student's t-test of paired differences, plain and corrected for shared training data.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::t_interval::standard_error;
use super::{Statistic, round_off, statistic};

/// The result of a t-test of the hypothesis that the mean difference is 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TTest {
    /// The statistic. `None` if the differences are all one value other than 0, which makes it
    /// infinite.
    pub t: Option<f64>,
    /// Degrees of freedom.
    pub df: f64,
    /// Two-sided p-value.
    pub p: f64,
}

/// Runs the paired t-test (Student 1908, Biometrika 6), which compares two arms seed by seed.
///
/// ```text
/// t = mean / sqrt(var / n)        n - 1 degrees of freedom, var with n - 1
/// ```
///
/// Differences that are all equal have no spread to measure. If all are 0, t is 0 and p is 1.
/// Otherwise p is that of the exact sign-flip test (Fisher 1935, The Design of Experiments), 2^(1 -
/// n), because t would call two equal differences certain. Differences that differ by less than
/// 10⁻¹² (of the largest difference, if that is above 1) count as equal.
///
/// Returns `None` with fewer than two differences, or if a difference or the variance is not
/// finite.
pub fn paired_t(differences: &[f64]) -> Option<TTest> {
    nadeau_bengio(differences, 0.0)
}

/// Runs the corrected resampled t-test (Nadeau and Bengio 2003, Machine Learning 52), for scores
/// with overlapping training sets. The plain test treats such scores as independent and rejects too
/// often.
///
/// ```text
/// t = mean / sqrt((1/n + test_per_train) var)        n - 1 degrees of freedom, var with n - 1
/// ```
///
/// `test_per_train` is the number of test rows divided by that of training rows: 1 / (k - 1) for
/// the T k scores of a k-fold cross-validation repeated T times (Bouckaert and Frank 2004, PAKDD),
/// and 0 for [`paired_t`]. The mean varies like that of m = 1 / (1/n + test_per_train) independent
/// differences. Differences that are all equal, but not 0, therefore have p = 2^(1 - m) here, at
/// most 1.
///
/// Returns `None` if [`paired_t`] does, or if `test_per_train` is negative or not finite.
pub fn nadeau_bengio(differences: &[f64], test_per_train: f64) -> Option<TTest> {
    let summary = statistic(differences.iter().copied());
    let Statistic { mean: Some(mean), std: Some(std), n } = summary else { return None };
    let finite = mean.is_finite() && std.is_finite();
    if !(finite && (0.0..f64::INFINITY).contains(&test_per_train)) {
        return None;
    }
    let (df, share) = ((n - 1) as f64, 1.0 / n as f64 + test_per_train);
    let tolerance = round_off(differences);
    let all_are = |x: f64| differences.iter().all(|d| (d - x).abs() <= tolerance);
    let (t, p) = if all_are(0.0) {
        (Some(0.0), 1.0)
    } else if all_are(mean) {
        (None, 2f64.powf(1.0 - 1.0 / share).min(1.0))
    } else {
        let t = mean / standard_error(std, n, test_per_train);
        (Some(t), 2.0 * StudentsT::new(0.0, 1.0, df).ok()?.sf(t.abs()))
    };
    Some(TTest { t, df, p })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Address, Stream};

    /// Hours of sleep gained by ten patients, one drug minus the other (Student 1908).
    const SLEEP: [f64; 10] = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];

    /// How many more of 70 rows one of two arms predicted correctly, as a share.
    fn accuracies() -> [f64; 10] {
        [1, 0, 2, -1, 3, 1, 0, 1, 2, -1].map(|rows| f64::from(rows) / 70.0)
    }

    fn assert_close(test: Option<TTest>, t: f64, df: f64, p: f64) {
        let test = test.unwrap();
        assert!((test.t.unwrap() / t - 1.0).abs() < 1e-12, "{test:?}, not t = {t}");
        assert!((test.p / p - 1.0).abs() < 1e-11, "{test:?}, not p = {p}");
        assert_eq!(test.df, df);
    }

    /// `scipy.stats.ttest_rel(d, np.zeros(len(d)))`, SciPy 1.17.1.
    #[test]
    fn paired_t_agrees_with_scipy() {
        assert_close(paired_t(&SLEEP), 4.062127683382037, 9.0, 0.002832890197384273);
        assert_close(paired_t(&accuracies()), 1.9215378456610452, 9.0, 0.086842290545351);
        assert_close(paired_t(&[0.1, 0.3]), 2.0, 1.0, 0.2951672353008665);
        assert_close(
            paired_t(&[-1e-6, -2e-6, -1.5e-6]),
            -5.196152422706632,
            2.0,
            0.03509871864598465,
        );
        let steady: Vec<f64> = (0..20).map(|i| 1.0 + f64::from(i) / 1000.0).collect();
        assert_close(paired_t(&steady), 763.1102710056299, 19.0, 4.3223886881673505e-44);
    }

    /// ```python
    /// t = d.mean() / np.sqrt((1 / len(d) + ratio) * d.var(ddof=1))
    /// p = 2 * scipy.stats.t.sf(abs(t), len(d) - 1)
    /// ```
    #[test]
    fn nadeau_bengio_agrees_with_scipy() {
        assert_close(
            nadeau_bengio(&SLEEP, 1.0 / 9.0),
            2.7957480106770443,
            9.0,
            0.020857022957686808,
        );
        assert_close(
            nadeau_bengio(&accuracies(), 40.0 / 30.0),
            0.5075459213253762,
            9.0,
            0.6239753243850847,
        );
    }

    /// var (1/J + 1/(k - 1)) = (var / J) (1 + T k / (k - 1)) with J = T k.
    #[test]
    fn repeated_folds_widen_the_variance_by_one_and_t_k_over_k_less_one() {
        let (repeats, folds) = (2.0, 5.0);
        let factor: f64 = 1.0 + repeats * folds / (folds - 1.0);
        let plain = paired_t(&SLEEP).unwrap();
        let corrected = nadeau_bengio(&SLEEP, 1.0 / (folds - 1.0)).unwrap();
        let expected = plain.t.unwrap() / factor.sqrt();
        assert!((corrected.t.unwrap() / expected - 1.0).abs() < 1e-14);
        assert!(corrected.p > plain.p);
    }

    #[test]
    fn the_sign_of_t_is_that_of_the_mean() {
        let (up, down) = (paired_t(&SLEEP).unwrap(), paired_t(&SLEEP.map(|d| -d)).unwrap());
        assert_eq!(down, TTest { t: up.t.map(|t| -t), ..up });
    }

    #[test]
    fn no_difference_at_all_is_no_evidence() {
        let none = TTest { t: Some(0.0), df: 2.0, p: 1.0 };
        assert_eq!(paired_t(&[0.0; 3]), Some(none));
        assert_eq!(paired_t(&[0.1 + 0.2 - 0.3, 0.0, 0.3 - 0.1 - 0.2]), Some(none));
        assert_eq!(nadeau_bengio(&[0.0; 3], 0.5), Some(none));
    }

    /// Of the 2^n ways to choose the signs, two are as extreme as all signs equal.
    #[test]
    fn one_repeated_difference_has_the_p_of_the_sign_flip_test() {
        assert_eq!(paired_t(&[0.25; 2]), Some(TTest { t: None, df: 1.0, p: 0.5 }));
        assert_eq!(paired_t(&[-0.1; 4]), Some(TTest { t: None, df: 3.0, p: 0.125 }));
        let steps: Vec<f64> =
            (40..70).map(|i| f64::from(i + 1) / 70.0 - f64::from(i) / 70.0).collect();
        assert!(steps.iter().any(|&d| d != steps[0]), "round-off should tell some apart");
        assert_eq!(paired_t(&steps), Some(TTest { t: None, df: 29.0, p: 2f64.powi(-29) }));
    }

    /// Ten folds repeated ten times: m = 1 / (1/100 + 1/9) = 900/109, and p = 2^(1 - 900/109). A
    /// test set as large as the training set leaves less than one independent difference.
    #[test]
    fn one_repeated_difference_counts_for_less_if_training_sets_overlap() {
        let test = nadeau_bengio(&[0.1; 100], 1.0 / 9.0).unwrap();
        assert_eq!((test.t, test.df), (None, 99.0));
        assert!((test.p / 0.006538245508381825 - 1.0).abs() < 1e-12, "{}", test.p);
        assert_eq!(nadeau_bengio(&[0.1; 100], 1.0).unwrap().p, 1.0);
    }

    #[test]
    fn invalid_differences_and_ratios_give_none() {
        for differences in [&[][..], &[0.1], &[0.1, f64::NAN], &[f64::INFINITY, 0.1], &[1e200, 0.0]]
        {
            assert_eq!(paired_t(differences), None, "{differences:?}");
        }
        for ratio in [-0.1, f64::NAN, f64::INFINITY] {
            assert_eq!(nadeau_bengio(&SLEEP, ratio), None, "{ratio}");
        }
    }

    #[test]
    fn an_infinite_t_survives_json() -> serde_json::Result<()> {
        let test = TTest { t: None, df: 1.0, p: 0.5 };
        let json = serde_json::to_string(&test)?;
        assert_eq!(json, r#"{"t":null,"df":1.0,"p":0.5}"#);
        assert_eq!(serde_json::from_str::<TTest>(&json)?, test);
        Ok(())
    }

    /// Kolmogorov's distance times √n exceeds 2.693 once in a million times.
    #[test]
    fn p_is_uniform_if_nothing_differs() {
        const SAMPLES: u32 = 4000;
        let mut zs = vec![0f32; 8 * SAMPLES as usize];
        Address::new(2024, "p", Stream::Data, 0).fill_normal(0, 8, &mut zs);
        let zs: Vec<f64> = zs.into_iter().map(f64::from).collect();
        let mut ps: Vec<f64> = zs.chunks(8).map(|sample| paired_t(sample).unwrap().p).collect();
        ps.sort_by(f64::total_cmp);
        let share = |rank: u32| f64::from(rank) / f64::from(SAMPLES);
        let gaps = ps.iter().zip(0..).map(|(p, i)| (p - share(i)).max(share(i + 1) - p));
        let distance = gaps.fold(0.0, f64::max) * f64::from(SAMPLES).sqrt();
        assert!(distance < 2.693, "{distance}");
    }
}
