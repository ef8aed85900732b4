//! An interval that may be looked at after every observation.

use super::{Estimate, Interval};

/// The variance of the effect, in standard deviations of a difference, over which the e-value is averaged.
/// It decides for which numbers of observations the interval is shortest, never whether it is valid.
const EFFECT: f64 = 1.;

/// Student's t as an e-value, whose intervals hold for all numbers of observations together: the probability
/// that any of them misses the true mean is at most α, however often one looks and for whatever reason one
/// stops (Lai 1976, Annals of Statistics 4; Wang and Ramdas 2025, "Anytime-valid t-tests and
/// confidence sequences for Gaussian means with unknown variance", Sequential Analysis 44).
///
/// ```text
/// E = (1 + n)^(-1/2) ((1 + t²/ν) / (1 + t²/(ν (1 + n))))^(n/2)        ν = n - 1
/// ```
///
/// E is the likelihood ratio of t between an effect that is normal with variance 1 and no effect. While the
/// true mean is the tested one, its mean is at most 1 at every n, and by Ville's inequality it ever reaches
/// 1/α with probability α at most. The differences must be independent and normal.
impl Estimate {
    /// Returns the interval of all means with E below 1/α; `None` while it is unbounded, as with fewer than
    /// five differences for α = 0.05.
    pub fn anytime_interval(&self, alpha: f64) -> Option<Interval> {
        let (n, df, prior) = (self.n as f64, self.df(), 1. + EFFECT * self.n as f64);
        let ratio = (prior.sqrt() / alpha).powf(2. / n);
        if ratio >= prior {
            return None;
        }
        let t = (df * (ratio - 1.) / (1. - ratio / prior)).sqrt();
        let reach = t * self.error;
        Some(Interval { low: self.mean - reach, high: self.mean + reach })
    }

    /// Returns 1/E, at most 1: the p-value that may be looked at after every observation. It is below α
    /// exactly if the interval excludes 0.
    pub fn anytime_p(&self) -> f64 {
        let (n, df, prior) = (self.n as f64, self.df(), 1. + EFFECT * self.n as f64);
        let square = self.t(0.).powi(2) / df;
        let log_e = (n / 2.) * (square.ln_1p() - (square / prior).ln_1p()) - prior.ln() / 2.;
        (-log_e).exp().min(1.)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Address, Stream};

    const SLEEP: [f64; 10] = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];

    /// E by numerical integration over the effect δ, of the density of a noncentral t over that of a
    /// central one:
    ///
    /// ```python
    /// t = d.mean() / (d.std(ddof=1) / n**0.5)
    /// ratio = lambda x: scipy.stats.nct.pdf(t, n - 1, x * n**0.5) / scipy.stats.t.pdf(t, n - 1)
    /// E = scipy.integrate.quad(lambda x: ratio(x) * scipy.stats.norm.pdf(x), -8, 8)[0]
    /// ```
    #[test]
    fn e_is_the_mean_likelihood_ratio_over_normal_effects() {
        for (values, expected) in [(&SLEEP[..], 25.475137858897316), (&SLEEP[..5], 4.1776385176037)]
        {
            let p = Estimate::of(values).unwrap().anytime_p();
            assert!((1. / p / expected - 1.).abs() < 1e-7, "{}, not {expected}", 1. / p);
        }
    }

    #[test]
    fn the_interval_excludes_zero_exactly_if_p_is_below_alpha() {
        let own = Estimate::of(&SLEEP).unwrap();
        let p = own.anytime_p();
        let interval = own.anytime_interval(p).unwrap();
        assert!(interval.low.abs() < 1e-9 && interval.high > own.mean, "{interval:?}");
        assert!(own.anytime_interval(p * 1.01).unwrap().low > 0.);
        assert!(own.anytime_interval(p * 0.99).unwrap().low < 0.);
        let fixed = own.interval(0.95);
        let wide = own.anytime_interval(0.05).unwrap();
        assert!(wide.low < fixed.low && wide.high > fixed.high);
    }

    #[test]
    fn four_differences_are_too_few_and_five_are_not() {
        assert_eq!(Estimate::of(&SLEEP[..4]).unwrap().anytime_interval(0.05), None);
        assert!(Estimate::of(&SLEEP[..5]).unwrap().anytime_interval(0.05).is_some());
    }

    /// With a look after each of 100 differences, at most 5 % of experiments without an effect may ever
    /// exclude it; the test allows four standard errors, 4 √(0.05 · 0.95 / 1000) = 0.028.
    #[test]
    fn all_looks_together_keep_the_level() {
        const RUNS: usize = 1000;
        let mut zs = vec![0f32; 100 * RUNS];
        Address::new(7, "looks", Stream::Data, 0).fill_normal(0, 100, &mut zs);
        let zs: Vec<f64> = zs.into_iter().map(f64::from).collect();
        let ever = |own: &[f64]| {
            (5..=own.len()).any(|n| Estimate::of(&own[..n]).unwrap().anytime_p() < 0.05)
        };
        let share = zs.chunks(100).filter(|own| ever(own)).count() as f64 / RUNS as f64;
        assert!(share < 0.05 + 0.028, "{share}");
        assert!(share > 0.01, "it should not be needlessly wide: {share}");
    }
}
