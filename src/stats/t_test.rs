//! Student's t-test of paired differences, plain and corrected for shared training data.

use serde::{Deserialize, Serialize};

use super::Estimate;

/// The result of a t-test of the hypothesis that the mean difference is 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TTest {
    /// The statistic.
    pub t: f64,
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
/// Returns `None` with fewer than two differences, if all are equal, which leaves no standard deviation to measure, or
/// if a difference or the variance is not finite.
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
/// and 0 for [`paired_t`].
///
/// Returns `None` if [`paired_t`] does, or if `test_per_train` is negative or not finite.
pub fn nadeau_bengio(differences: &[f64], test_per_train: f64) -> Option<TTest> {
    let estimate = Estimate::of_folds(differences, test_per_train)?;
    Some(TTest { t: estimate.t(0.), df: estimate.df(), p: estimate.p(0.) })
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
        assert!((test.t / t - 1.0).abs() < 1e-12, "{test:?}, not t = {t}");
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
        let expected = plain.t / factor.sqrt();
        assert!((corrected.t / expected - 1.0).abs() < 1e-14);
        assert!(corrected.p > plain.p);
    }

    #[test]
    fn the_sign_of_t_is_that_of_the_mean() {
        let (up, down) = (paired_t(&SLEEP).unwrap(), paired_t(&SLEEP.map(|d| -d)).unwrap());
        assert_eq!(down, TTest { t: -up.t, ..up });
    }

    #[test]
    fn equal_differences_have_no_test() {
        let steps: Vec<f64> =
            (40..70).map(|i| f64::from(i + 1) / 70.0 - f64::from(i) / 70.0).collect();
        assert!(steps.iter().any(|&d| d != steps[0]), "round-off should tell some apart");
        for equal in [&[0.0; 3][..], &[0.25; 2], &[2.5e-13; 4], &steps] {
            assert_eq!(paired_t(equal), None, "{equal:?}");
            assert_eq!(nadeau_bengio(equal, 0.5), None, "{equal:?}");
        }
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
