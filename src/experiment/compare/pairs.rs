//! Runs with noise, each with the baseline's run of the same seed, data seed and fold.

use std::collections::HashMap;

use serde::Serialize;

use crate::experiment::record::{Record, Run};
use crate::experiment::units::Value;
use crate::metric::Better;
use crate::stats::{Interval, mcnemar};

/// How many finished runs a comparison leaves out, because they diverged and have no figures. A pair
/// is left out if either of its runs diverged, so many of them on one side bias the remaining pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Runs with noise.
    pub noisy: usize,
    /// Runs of the baseline.
    pub baseline: usize,
}

impl Dropped {
    /// Returns whether nothing is left out.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Pairs of a run with noise and one without.
pub(in crate::experiment) struct Pairs<'a, T = Record>(Vec<(&'a T, &'a T)>);

impl<'a, T: AsRef<Run>> Pairs<'a, T> {
    pub fn new(
        own: impl IntoIterator<Item = &'a T>,
        baseline: impl IntoIterator<Item = &'a T>,
    ) -> Self {
        let partners: HashMap<_, &T> =
            baseline.into_iter().map(|run| (run.as_ref().pair(), run)).collect();
        let pair = |own: &'a T| Some((own, *partners.get(&own.as_ref().pair())?));
        Self(own.into_iter().filter_map(pair).collect())
    }

    /// Returns the number of pairs, with or without figures.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the runs without noise.
    pub fn baselines(&self) -> impl Iterator<Item = &'a T> {
        self.0.iter().map(|(_, base)| *base)
    }

    /// Returns the two runs of each pair.
    fn runs(&self) -> impl Iterator<Item = (&Run, &Run)> {
        self.0.iter().map(|(own, base)| (own.as_ref(), base.as_ref()))
    }

    /// Returns the differences of a figure that both runs have.
    pub fn differences(&self, figure: &str) -> Vec<Value> {
        let of_pair = |(own, base): (&Run, &Run)| {
            Some((own.pair(), difference(own.get(figure)?, base.get(figure)?)))
        };
        self.runs().filter_map(of_pair).collect()
    }

    /// Returns the differences of a figure as if diverged runs had the figure `noisy` with noise and `baseline`
    /// without.
    fn bound(&self, figure: &str, noisy: f64, baseline: f64) -> Vec<Value> {
        let or = |run: &Run, other: f64| match run.has_failed() {
            true => Some(other),
            false => run.get(figure),
        };
        let difference =
            |(own, base): (&Run, &Run)| Some((own.pair(), or(own, noisy)? - or(base, baseline)?));
        self.runs().filter_map(difference).collect()
    }

    /// Returns the bounds of the mean difference if the figures of diverged runs lie between the worst and the
    /// best of the finished ones. `None` if none diverged.
    pub fn bounds(
        &self,
        figure: &str,
        finished: Interval,
        mean: impl Fn(&[Value]) -> f64,
    ) -> Option<Interval> {
        let Interval { low, high } = finished;
        let of = |noisy, baseline| mean(&self.bound(figure, noisy, baseline));
        (!self.dropped().is_none()).then(|| Interval { low: of(low, high), high: of(high, low) })
    }

    /// Returns how many runs of pairs have no figures.
    pub fn dropped(&self) -> Dropped {
        Dropped {
            noisy: self.runs().filter(|(own, _)| own.has_failed()).count(),
            baseline: self.runs().filter(|(_, base)| base.has_failed()).count(),
        }
    }
}

impl Pairs<'_> {
    /// Returns the p-value of McNemar's test of the only pair with figures; `None` if there are several, or
    /// the metric does not count rows.
    pub fn mcnemar(&self, figure: &str) -> Option<f64> {
        let has = |record: &Record| record.run.get(figure).is_some();
        let mut pairs = self.0.iter().filter(|(own, base)| has(own) && has(base));
        let (Some((own, base)), None) = (pairs.next(), pairs.next()) else { return None };
        let rows = || own.test_hits.bytes().zip(base.test_hits.bytes());
        let only = |wanted: (u8, u8)| rows().filter(|pair| *pair == wanted).count();
        rows().next()?;
        Some(mcnemar(only((b'1', b'0')), only((b'0', b'1'))))
    }
}

/// Returns how much a figure is above another; 0 if they are equal up to round-off.
fn difference(own: f64, base: f64) -> f64 {
    let tolerance = 1e-12 * own.abs().max(base.abs());
    if (own - base).abs() <= tolerance { 0. } else { own - base }
}

/// Returns the least and the greatest figure of finished runs; `None` if there are none.
pub(super) fn extremes<'a, T: AsRef<Run> + 'a>(
    runs: impl IntoIterator<Item = &'a T>,
    figure: &str,
) -> Option<Interval> {
    let figures = runs.into_iter().filter_map(|run| run.as_ref().get(figure));
    figures.fold(None, |ends: Option<Interval>, x| {
        let Interval { low, high } = ends.unwrap_or(Interval { low: x, high: x });
        Some(Interval { low: low.min(x), high: high.max(x) })
    })
}

/// Returns whether a difference is a gain.
pub(in crate::experiment) fn is_gain(better: Better, difference: f64) -> bool {
    better.is_better(difference, 0.)
}
