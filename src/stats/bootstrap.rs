//! A bootstrap interval of a mean.

use serde::{Deserialize, Serialize};

use super::{Statistic, bca, round_off, statistic};
use crate::rng::{Address, Stream};

/// Number of resamples. Ends differ by about 3 % of the mean's standard error between seeds.
const RESAMPLES: usize = 10_000;

/// Number of words drawn at once, rounded to whole resamples: few enough for the nearest cache.
const PIECE: usize = 4096;

/// An interval, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Returns the interval of the mean at confidence `level`, such as 0.95, by the bootstrap with bias
/// correction and acceleration, BCa (Efron 1987, Journal of the American Statistical Association
/// 82; DiCiccio and Efron 1996, Statistical Science 11).
///
/// ```text
/// ends = quantiles of 10 000 resampled means at Φ(z0 + z / (1 - a z))
/// z    = z0 ± Φ⁻¹((1 + level) / 2)
/// z0   = Φ⁻¹(share of resampled means below the mean; an equal one counts half)
/// a    = Σ d³ / (6 (Σ d²)^1.5),  d = value - mean
/// ```
///
/// The i-th value of resample r of n values is the value at word i of row r of the address `(seed,
/// "bootstrap", Stream::Bootstrap, 0)`, mapped to 0..n by multiplication. It is the same on every
/// machine. If all values are equal, both ends are their mean.
///
/// Returns `None` with fewer than two values, if a value or the variance is not finite, or if
/// `level` is not between 0 and 1.
pub fn bootstrap_interval(values: &[f64], level: f64, seed: u64) -> Option<Interval> {
    let summary = statistic(values.iter().copied());
    let Statistic { mean: Some(mean), std: Some(std), .. } = summary else { return None };
    let finite = mean.is_finite() && std.is_finite();
    if !(finite && level > 0.0 && level < 1.0) {
        return None;
    }
    let tolerance = round_off(values);
    let deviations: Vec<f64> = values.iter().map(|x| x - mean).collect();
    if deviations.iter().all(|d| d.abs() <= tolerance) {
        return Some(Interval { low: mean, high: mean });
    }
    let mut means = resampled_means(&deviations, seed);
    let bias = bca::bias(&means, tolerance);
    let acceleration = bca::acceleration(&deviations, std);
    let [low, high] = bca::shares(level, bias, acceleration);
    let mut end = |share| mean + bca::quantile(&mut means, share);
    Some(Interval { low: end(low), high: end(high) })
}

/// Returns the mean of each resample.
fn resampled_means(values: &[f64], seed: u64) -> Vec<f64> {
    let n = values.len();
    let address = Address::new(seed, "bootstrap", Stream::Bootstrap, 0);
    let rows = (PIECE / n).max(1);
    let mut words = vec![0; rows * n];
    let mut means = Vec::with_capacity(RESAMPLES);
    for first in (0..RESAMPLES).step_by(rows) {
        let words = &mut words[..rows.min(RESAMPLES - first) * n];
        address.fill_words(first as u32, n, words);
        means.extend(words.chunks_exact(n).map(|row| {
            let value = |&word: &u32| values[((u64::from(word) * n as u64) >> 32) as usize];
            row.iter().map(value).sum::<f64>() / n as f64
        }));
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLEEP: [f64; 10] = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];

    fn accuracies() -> [f64; 10] {
        [1, 0, 2, -1, 3, 1, 0, 1, 2, -1].map(|rows| f64::from(rows) / 70.0)
    }

    fn skewed() -> [f64; 12] {
        std::array::from_fn(|i| 0.1 * 1.5f64.powi(i as i32))
    }

    fn assert_close(interval: Option<Interval>, low: f64, high: f64, tolerance: f64) {
        let found = interval.unwrap();
        let error = (found.low - low).abs().max((found.high - high).abs());
        assert!(error < tolerance, "{found:?}, not {low} to {high}: {error} off");
    }

    /// ```python
    /// scipy.stats.bootstrap((x,), np.mean, confidence_level=0.95, n_resamples=1_000_000,
    ///     batch=20_000, method="BCa", rng=np.random.default_rng(0))
    /// ```
    ///
    /// of SciPy 1.17.1, with the accuracies as numbers of rows, because round-off breaks their
    /// ties. The standard error of an end is about 0.037 of the mean's: 0.027 from the quantile,
    /// √(0.025 · 0.975 / 10 000) / φ(1.96), and 0.025 from twice z0, 2 √(0.5 · 0.5 / 10 000) /
    /// φ(0). The test allows four of them and a step between two possible means.
    #[test]
    fn intervals_agree_with_scipy() {
        for (values, step, low, high) in [
            (&SLEEP[..], 0.01, 1.05, 2.63),
            (&accuracies(), 1.0 / 700.0, 0.0, 1.6 / 70.0),
            (&skewed(), 0.0, 1.037, 4.164),
        ] {
            let std = statistic(values.iter().copied()).std.unwrap();
            let tolerance = step + 4.0 * 0.037 * std / (values.len() as f64).sqrt();
            for seed in [0, 1, 42] {
                assert_close(bootstrap_interval(values, 0.95, seed), low, high, tolerance);
            }
        }
    }

    /// If this fails, everyone's intervals have changed. The same resamples in Python:
    ///
    /// ```python
    /// M = 0xFFFFFFFF
    /// def philox(c, k):
    ///     c, k = list(c), list(k)
    ///     for _ in range(10):
    ///         a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
    ///         c = [(b >> 32) ^ c[1] ^ k[0], b & M, (a >> 32) ^ c[3] ^ k[1], a & M]
    ///         k = [(k[0] + 0x9E3779B9) & M, (k[1] + 0xBB67AE85) & M]
    ///     return c
    /// def bca(x, level, seed, B=10_000):
    ///     n, site = len(x), 0xCBF29CE484222325
    ///     for ch in b"bootstrap":
    ///         site = (site ^ ch) * 0x100000001B3 % 2**64
    ///     key = philox([site & M, site >> 32, 0, 0], [seed & M, seed >> 32])[:2]
    ///     blocks = ([philox([b, r, 0, 7], key) for b in range(-(-n // 4))] for r in range(B))
    ///     m = np.array([x[[w * n >> 32 for w in sum(row, [])[:n]]].mean() for row in blocks])
    ///     d, e = x - x.mean(), m - x.mean()
    ///     z0 = norm.ppf(((e < -1e-12).mean() + (e <= 1e-12).mean()) / 2)
    ///     a = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    ///     z = z0 + norm.ppf([(1 - level) / 2, (1 + level) / 2])
    ///     return np.quantile(m, norm.cdf(z0 + z / (1 - a * z)))
    /// ```
    #[test]
    fn intervals_are_frozen() {
        let seed = (1 << 40) + 7;
        for (values, level, seed, low, high) in [
            (&SLEEP[..], 0.95, 42, 1.05, 2.66),
            (&accuracies(), 0.95, 42, 1.0 / 700.0, 1.6 / 70.0),
            (&skewed(), 0.95, 42, 1.043123954339551, 4.196614463884963),
            (&skewed(), 0.8, seed, 1.348039051482187, 3.38761914700983),
        ] {
            assert_close(bootstrap_interval(values, level, seed), low, high, 1e-8);
        }
    }

    /// 95 % intervals of 20 normal values reach √(19/20) 1.96 estimated standard errors to each
    /// side, which Student's t with 19 degrees of freedom covers with probability 0.9287. The test
    /// allows four standard errors: 4 √(0.9287 (1 - 0.9287) / 400) = 0.052.
    #[test]
    fn intervals_cover_the_true_mean_as_often_as_expected() {
        let mut zs = vec![0f32; 20 * 400];
        Address::new(2024, "coverage", Stream::Data, 0).fill_normal(0, 20, &mut zs);
        let zs: Vec<f64> = zs.into_iter().map(f64::from).collect();
        let holds = |(sample, seed)| {
            let interval = bootstrap_interval(sample, 0.95, seed).unwrap();
            interval.low <= 0.0 && 0.0 <= interval.high
        };
        let share = zs.chunks(20).zip(0..).filter(|&pair| holds(pair)).count() as f64 / 400.0;
        assert!((share - 0.9287).abs() < 0.052, "{share}");
    }

    #[test]
    fn intervals_shift_scale_and_flip_with_the_values() {
        let Interval { low, high } = bootstrap_interval(&skewed(), 0.9, 5).unwrap();
        let moved = bootstrap_interval(&skewed().map(|x| 3.0 * x + 7.0), 0.9, 5);
        assert_close(moved, 3.0 * low + 7.0, 3.0 * high + 7.0, 1e-8);
        let turned = bootstrap_interval(&skewed().map(|x| -x), 0.9, 5);
        assert_close(turned, -high, -low, 1e-8);
    }

    #[test]
    fn equal_values_give_a_point() {
        let point = |x| Some(Interval { low: x, high: x });
        assert_eq!(bootstrap_interval(&[0.25; 2], 0.95, 1), point(0.25));
        assert_eq!(bootstrap_interval(&[0.0; 30], 0.95, 1), point(0.0));
        let nearly = [0.1 + 0.2, 0.3, 0.3];
        assert_eq!(bootstrap_interval(&nearly, 0.95, 1), point(nearly.iter().sum::<f64>() / 3.0));
    }

    #[test]
    fn invalid_values_and_levels_give_none() {
        for values in [&[][..], &[0.1], &[0.1, f64::NAN], &[f64::NEG_INFINITY, 0.1], &[1e200, 0.0]]
        {
            assert_eq!(bootstrap_interval(values, 0.95, 1), None, "{values:?}");
        }
        for level in [0.0, 1.0, -0.5, 95.0, f64::NAN] {
            assert_eq!(bootstrap_interval(&SLEEP, level, 1), None, "{level}");
        }
    }

    #[test]
    fn extreme_levels_stay_within_the_values() {
        for level in [f64::MIN_POSITIVE, f64::EPSILON, 1.0 - f64::EPSILON / 2.0] {
            for values in [&SLEEP[..], &skewed(), &[0.0, 1e100], &[1.0, 0.0, 0.0, 0.0, 0.0]] {
                let Interval { low, high } = bootstrap_interval(values, level, 1).unwrap();
                let largest = values.iter().copied().fold(0.0, f64::max);
                assert!(0.0 <= low && low <= high && high <= largest, "{low} to {high}");
            }
        }
    }
}
