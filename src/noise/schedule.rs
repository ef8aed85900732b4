//! Strengths that change from epoch to epoch.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use candle_core::{Error, Result};

use super::spec::refused;

/// How a strength changes from epoch to epoch: a pure function of the epoch and their number, so that
/// resumed training continues it exactly.
///
/// ```
/// use candle_noise::noise::{Curve, Schedule};
///
/// let fading = Schedule::to(0.03, Curve::Linear);
/// assert_eq!((fading.at(0.3, 1, 10), fading.at(0.3, 10, 10)), (0.3, 0.03));
/// let decaying = Schedule::Decay(0.55);
/// assert_eq!(decaying.at(0.3, 1, 10), 0.3);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Schedule {
    /// From the strength in the first epoch to another one in the last.
    To {
        /// The strength in the last epoch.
        end: f64,
        /// The way between the two.
        curve: Curve,
    },
    /// strength / epoch^γ for this γ, with epochs counted from 1, whatever their number.
    Decay(f64),
    /// Any function of the strength, the epoch, counted from 1, and the number of epochs.
    Own(Arc<dyn Fn(f64, usize, usize) -> f64 + Send + Sync>),
}

/// The way from the first to the last strength, with t from 0 to 1 over the epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Curve {
    /// (1 − t) first + t last.
    Linear,
    /// The same with (1 − cos πt) / 2 in the place of t: slow at both ends.
    Cosine,
    /// first^(1 − t) · last^t, for strengths above 0.
    Exponential,
}

impl Curve {
    const NAMES: [(&str, Self); 3] =
        [("linear", Self::Linear), ("cosine", Self::Cosine), ("exponential", Self::Exponential)];
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = Self::NAMES.into_iter().find(|(_, own)| own == self);
        f.write_str(own.map_or("", |(name, _)| name))
    }
}

impl FromStr for Curve {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match Self::NAMES.into_iter().find(|(name, _)| *name == text) {
            Some((_, own)) => Ok(own),
            None => refused(format!("expected linear, cosine or exponential, received '{text}'")),
        }
    }
}

impl Schedule {
    /// Returns the schedule that ends with a strength in the last epoch.
    pub fn to(end: f64, curve: Curve) -> Self {
        Self::To { end, curve }
    }

    /// Returns the schedule of a function of the strength, the epoch, counted from 1, and the number of
    /// epochs.
    pub fn own(strength: impl Fn(f64, usize, usize) -> f64 + Send + Sync + 'static) -> Self {
        Self::Own(Arc::new(strength))
    }

    /// Returns the strength in an epoch, counted from 1, where `first` is that of the first.
    pub fn at(&self, first: f64, epoch: usize, epochs: usize) -> f64 {
        match self {
            Self::To { end, curve } => curve.between(first, *end, epoch, epochs),
            Self::Decay(power) => first / libm::pow(epoch.max(1) as f64, *power),
            Self::Own(strength) => strength(first, epoch, epochs),
        }
    }

    /// Checks the schedule of a strength.
    pub(super) fn check(&self, first: f64) -> Result<()> {
        match self {
            Self::To { end, curve: Curve::Exponential } if first <= 0. || *end <= 0. => {
                refused(format!(
                    "an exponential schedule is between strengths above 0, received {first} and {end}"
                ))
            }
            Self::Decay(power) if !(0.0..f64::INFINITY).contains(power) => {
                refused(format!("expected a decay that is finite and at least 0, received {power}"))
            }
            _ => Ok(()),
        }
    }
}

impl Curve {
    fn between(self, first: f64, last: f64, epoch: usize, epochs: usize) -> f64 {
        if epoch <= 1 || first == last {
            return first;
        } else if epoch >= epochs {
            return last;
        }
        let t = (epoch - 1) as f64 / (epochs - 1) as f64;
        match self {
            Self::Linear => (1. - t) * first + t * last,
            Self::Cosine => {
                let t = (1. - libm::cos(std::f64::consts::PI * t)) / 2.;
                (1. - t) * first + t * last
            }
            Self::Exponential => first * libm::pow(last / first, t),
        }
    }
}

impl PartialEq for Schedule {
    /// Returns whether both give the same strengths. Functions are equal if they are the same one.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::To { end: a, curve: b }, Self::To { end: c, curve: d }) => (a, b) == (c, d),
            (Self::Decay(a), Self::Decay(b)) => a == b,
            (Self::Own(a), Self::Own(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To { end, curve } => write!(f, "..{end}:{curve}"),
            Self::Decay(power) => write!(f, "decay={power}"),
            Self::Own(_) => f.write_str("own"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVES: [Curve; 3] = [Curve::Linear, Curve::Cosine, Curve::Exponential];

    /// Law 49: the first and the last epoch have the two strengths exactly, a single one the first.
    #[test]
    fn schedules_meet_both_ends_exactly() {
        for curve in CURVES {
            let schedule = Schedule::to(0.03, curve);
            assert_eq!([1, 7].map(|epoch| schedule.at(0.3, epoch, 7)), [0.3, 0.03]);
            assert_eq!(schedule.at(0.3, 1, 1), 0.3);
            let same = Schedule::to(0.1, curve);
            assert!((1..=9).all(|epoch| same.at(0.1, epoch, 9) == 0.1), "{curve}");
        }
    }

    /// Half-way: the mean of both ends, and √(0.4 · 0.1) = 0.2.
    #[test]
    fn half_way_is_a_mean() {
        let half = |curve| Schedule::to(0.1, curve).at(0.4, 6, 11);
        let expected = [0.25, 0.25, 0.2];
        for (curve, expected) in CURVES.into_iter().zip(expected) {
            assert!((half(curve) - expected).abs() < 1e-15, "{curve}: {}", half(curve));
        }
    }

    /// A quarter of the way: (1 − cos 45°) / 2 = 0.1464466; 4^-0.5 = 0.5.
    #[test]
    fn cosine_and_decay_follow_their_formulas() {
        let quarter = Schedule::to(1., Curve::Cosine).at(0., 3, 9);
        assert!((quarter - 0.146_446_609_406_726_2).abs() < 1e-15, "{quarter}");
        let decay = Schedule::Decay(0.5);
        assert_eq!([1, 4].map(|epoch| decay.at(0.3, epoch, 5)), [0.3, 0.15]);
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        let error = |schedule: Schedule, first| schedule.check(first).unwrap_err().to_string();
        assert!(
            error(Schedule::to(0., Curve::Exponential), 1.).contains("above 0, received 1 and 0")
        );
        assert!(error(Schedule::Decay(-1.), 1.).contains("received -1"));
        assert!("cubic".parse::<Curve>().unwrap_err().to_string().contains("received 'cubic'"));
    }
}
