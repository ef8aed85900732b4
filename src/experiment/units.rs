//! What a comparison counts as one observation, and whom its result speaks of.

use serde::Serialize;

use super::basis::Basis;
use super::plan::{Plan, Variant};
use super::record::Run;
use crate::stats::{Estimate, Interval, bonferroni, detectable, mean};

/// What a comparison counts as one observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Unit {
    /// A repeat on one split: another seed of weights, batches and noise.
    Repeat,
    /// A data seed: its repeats are averaged, because they share its rows.
    DataSeed,
    /// One of several random splits of the same rows.
    Split,
    /// A fold, whose training rows overlap with those of the others.
    Fold,
}

/// The rows that a result applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scope {
    /// New rows from the same source.
    Source,
    /// The rows at hand.
    Rows,
}

impl Unit {
    /// Returns the unit of a plan.
    pub fn of(plan: &Plan) -> Self {
        match plan.folds {
            Some(2..) => Self::Fold,
            Some(_) if plan.repeats > 1 => Self::Split,
            None if plan.data_seeds.len() > 1 => Self::DataSeed,
            _ => Self::Repeat,
        }
    }

    /// Returns whom a result over such units speaks of.
    pub fn scope(self) -> Scope {
        match self {
            Self::Repeat => Scope::Rows,
            Self::DataSeed | Self::Split | Self::Fold => Scope::Source,
        }
    }

    /// Returns its name: `data set`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repeat => "repeat",
            Self::DataSeed => "data set",
            Self::Split => "split",
            Self::Fold => "fold",
        }
    }

    /// Returns a number of units in words: `1 fold`, `18 data sets`.
    pub fn words(self, count: usize) -> String {
        format!("{count} {}{}", self.name(), if count == 1 { "" } else { "s" })
    }

    /// Returns whom a result over such units speaks of, in words.
    pub fn scope_words(self) -> &'static str {
        match self {
            Self::Repeat => "on this split",
            Self::DataSeed => "for new data from the same source",
            Self::Split | Self::Fold => "for new rows from the same source",
        }
    }
}

/// What runs of a pair share: the data seed, the fold and the seed.
pub(super) type Pair = (u32, Option<usize>, u64);

/// A figure, or a difference of figures, with the pair that it is of.
pub(super) type Value = (Pair, f64);

/// How the runs of a plan depend on each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Design {
    pub unit: Unit,
    /// Whether the runs were extended until the answer was found.
    pub until_decided: bool,
    /// Number of test rows divided by that of training rows, if units share training rows.
    pub test_per_train: f64,
}

/// Returns the number of test rows divided by that of training rows in a split of `rows` rows. For K folds whose
/// other rows all train it is 1/(K − 1), though folds are not always equally large.
pub(super) fn test_per_train(folds: usize, rows: usize, [train, _, test]: [usize; 3]) -> f64 {
    match folds {
        2.. if train + test == rows => 1. / (folds - 1) as f64,
        _ => test as f64 / train as f64,
    }
}

/// Confidence of an interval alone, and of several together.
pub(super) const LEVEL: f64 = 0.95;

impl Design {
    pub fn of(basis: &Basis, plan: &Plan, variant: Variant) -> Self {
        let design = Self::fixed(Unit::of(plan), Self::overlap(basis, plan, variant));
        Self { until_decided: plan.until_decided, ..design }
    }

    /// Returns the design of a fixed number of runs. `test_per_train` is used only for splits and folds.
    pub fn fixed(unit: Unit, test_per_train: f64) -> Self {
        let test_per_train = match unit {
            Unit::Fold | Unit::Split => test_per_train,
            Unit::Repeat | Unit::DataSeed => 0.,
        };
        Self { unit, until_decided: false, test_per_train }
    }

    /// Returns the number of test rows divided by that of training rows.
    pub fn overlap(basis: &Basis, plan: &Plan, variant: Variant) -> f64 {
        match (basis.sizes_of(variant), plan.folds) {
            (Some(sizes), _) => test_per_train(plan.folds.unwrap_or(1), basis.rows.all, sizes),
            (None, Some(folds @ 2..)) => 1. / (folds - 1) as f64,
            (None, _) => {
                let draw = plan.draw_of(variant, plan.data_seeds[0]);
                draw.test_size(basis.rows) as f64 / draw.train_size as f64
            }
        }
    }

    /// Returns the key of the unit that a pair belongs to.
    pub fn unit_of(&self, (data_seed, fold, seed): Pair) -> Pair {
        match self.unit {
            Unit::DataSeed => (data_seed, None, 0),
            Unit::Repeat | Unit::Split | Unit::Fold => (data_seed, fold, seed),
        }
    }

    /// Returns the mean of each unit, in the order of the units' first values.
    pub fn units(&self, values: &[Value]) -> Vec<f64> {
        means_by(values, |pair| self.unit_of(pair))
    }

    /// Returns the mean over units with its standard error; `None` as [`Estimate::of_folds`].
    pub fn estimate(&self, units: &[f64]) -> Option<Estimate> {
        Estimate::of_folds(units, self.test_per_train)
    }

    /// Returns the interval of one of several comparisons that hold together with 95 % confidence, and its
    /// adjusted p-value. After runs were extended until the answer was found they hold at every look.
    pub fn together(&self, estimate: &Estimate, comparisons: usize) -> (Option<Interval>, f64) {
        let alpha = (1. - LEVEL) / comparisons as f64;
        let (interval, p) = match self.until_decided {
            false => (Some(estimate.interval(1. - alpha)), estimate.p(0.)),
            true => (estimate.anytime_interval(alpha), estimate.anytime_p()),
        };
        (interval, bonferroni(p, comparisons))
    }
}

impl Design {
    /// Returns how far the interval of `n` units of a standard deviation reaches to each side; infinite while it
    /// is unbounded.
    pub fn reach(&self, std: f64, n: usize, alpha: f64) -> f64 {
        let error = std * (1. / n as f64 + self.test_per_train).sqrt();
        let own = Estimate { mean: 0., std, error, n };
        match self.until_decided {
            false => own.interval(1. - alpha).high,
            true => own.anytime_interval(alpha).map_or(f64::INFINITY, |interval| interval.high),
        }
    }

    /// Returns the difference that the interval of `n` units excludes 0 for with a probability of 80 %.
    pub fn detectable(&self, std: f64, n: usize, alpha: f64) -> f64 {
        let fixed = Self { until_decided: false, ..*self };
        let more = self.reach(std, n, alpha) - fixed.reach(std, n, alpha);
        detectable(std, n, self.test_per_train, alpha) + more
    }
}

/// Returns the means of values with one key, in the order of the keys' first values.
fn means_by<K: PartialEq>(values: &[Value], key: impl Fn(Pair) -> K) -> Vec<f64> {
    let mut groups: Vec<(K, Vec<f64>)> = Vec::new();
    for (pair, value) in values {
        let own = key(*pair);
        // Values of one unit are mostly neighbours.
        match groups.iter_mut().rev().find(|(key, _)| *key == own) {
            Some((_, group)) => group.push(*value),
            None => groups.push((own, vec![*value])),
        }
    }
    groups.iter().map(|(_, group)| mean(group)).collect()
}

/// A mean difference with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// Mean over the units.
    pub mean: f64,
    /// Lower end of the 95 % interval; `None` with fewer than two units, or if all are equal.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// Number of units.
    pub units: usize,
}

impl Effect {
    /// Returns the effect over some units; `None` without any.
    pub(super) fn of(design: &Design, units: &[f64]) -> Option<Self> {
        let interval = |own: Estimate| design.together(&own, 1);
        let found = design.estimate(units).map(interval);
        let ends = found.and_then(|(interval, _)| interval);
        (!units.is_empty()).then(|| Self {
            mean: mean(units),
            low: ends.map(|ends| ends.low),
            high: ends.map(|ends| ends.high),
            p: found.map(|(_, p)| p),
            units: units.len(),
        })
    }

    /// Returns the mean over the repeats of folds, which speaks of the rows at hand: each repeat splits all
    /// of them anew. `None` for other units, or with fewer than two repeats.
    pub(super) fn on_these_rows(design: &Design, values: &[Value]) -> Option<Self> {
        let repeats = means_by(values, |(_, _, seed)| seed);
        let plain = Design { unit: Unit::Repeat, test_per_train: 0., ..*design };
        let is_more = design.unit == Unit::Fold && repeats.len() > 1;
        is_more.then(|| Self::of(&plain, &repeats)).flatten()
    }

    /// Returns its interval.
    pub fn interval(&self) -> Option<Interval> {
        let (low, high) = self.low.zip(self.high)?;
        Some(Interval { low, high })
    }
}

/// Returns a figure of each run that has it.
pub(super) fn values<'a, T: AsRef<Run> + 'a>(
    runs: impl IntoIterator<Item = &'a T>,
    figure: &str,
) -> Vec<Value> {
    let value = |run: &Run| Some((run.pair(), run.get(figure)?));
    runs.into_iter().filter_map(|run| value(run.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nadeau and Bengio's ratio: for folds 1/(K − 1), also where 344 rows make unequal ones, unless rows are
    /// left out or apart.
    #[test]
    fn rows_that_do_not_train_make_the_error_larger() {
        let folds = |rows, sizes| test_per_train(5, rows, sizes);
        assert_eq!([folds(300, [240, 0, 60]), folds(344, [275, 0, 69])], [0.25; 2]);
        assert_eq!([folds(300, [192, 48, 60]), folds(300, [60, 0, 60])], [0.3125, 1.]);
        let splits = [[240, 0, 60], [60, 0, 60]].map(|sizes| test_per_train(1, 300, sizes));
        assert_eq!(splits, [0.25, 1.]);
    }

    #[test]
    fn values_of_a_unit_are_averaged_wherever_they_stand() {
        let values = [((1, None, 0), 1.), ((2, None, 0), 5.), ((1, None, 1), 3.)];
        let design = |unit| Design { unit, until_decided: false, test_per_train: 0. };
        assert_eq!(design(Unit::DataSeed).units(&values), [2., 5.]);
        assert_eq!(design(Unit::Repeat).units(&values), [1., 5., 3.]);
    }

    /// Two repeats of two folds: means 2 and 3 by repeat.
    #[test]
    fn folds_of_one_repeat_are_one_observation_of_the_rows_at_hand() {
        let values = [(0, 0, 1.), (1, 0, 3.), (0, 1, 2.), (1, 1, 4.)];
        let values = values.map(|(fold, seed, x)| ((seed as u32, Some(fold), seed), x));
        let design = Design { unit: Unit::Fold, until_decided: false, test_per_train: 1. };
        let rows = Effect::on_these_rows(&design, &values).unwrap();
        assert_eq!((rows.mean, rows.units), (2.5, 2));
        // t(0.975, 1) = 12.7062 times 0.7071 / √2.
        assert!((rows.high.unwrap() - 2.5 - 12.7062 * 0.5).abs() < 1e-4, "{rows:?}");
        let one = [values[0], values[1]];
        assert_eq!(Effect::on_these_rows(&design, &one), None);
    }

    #[test]
    fn a_count_is_singular_or_plural() {
        assert_eq!(Unit::DataSeed.words(1), "1 data set");
        assert_eq!(Unit::Fold.words(50), "50 folds");
    }
}
