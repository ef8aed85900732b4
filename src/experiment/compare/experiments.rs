//! Runs of several experiments on the same rows, each beside those of the first.

use serde::Serialize;

use super::difference::{Difference, Test};
use super::pairs::{self, Pairs};
use super::{Compared, correct};
use crate::experiment::record::{Run, Summary};
use crate::experiment::units::{Design, Scope, Unit, test_per_train, values};
use crate::metric::{Better, Margin};
use crate::stats::{Digits, mean};

/// What runs are judged by, and how they depend on each other.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Judge {
    /// The name of the metric, such as `accuracy`.
    pub metric: String,
    /// Which of its scores are better.
    pub better: Better,
    /// The smallest difference that matters.
    pub margin: Margin,
    /// What counts as one observation.
    pub unit: Unit,
    /// Number of test rows divided by that of training rows if units share training rows: 1 / (K - 1) for K
    /// folds.
    pub test_per_train: f64,
}

impl Judge {
    /// Creates a judge of repeats on one split, by a metric with its default margin.
    pub fn new(metric: &str, better: Better) -> Self {
        Self {
            metric: metric.to_string(),
            better,
            margin: Margin::named(metric),
            unit: Unit::Repeat,
            test_per_train: 0.,
        }
    }

    /// Judges K folds, repeated or not, instead of repeats on one split.
    #[must_use]
    pub fn folds(self, folds: usize) -> Self {
        let test_per_train = 1. / folds.saturating_sub(1) as f64;
        Self { unit: Unit::Fold, test_per_train, ..self }
    }

    /// Judges random splits of the same rows, with `test_per_train` test rows for each training row.
    #[must_use]
    pub fn splits(self, test_per_train: f64) -> Self {
        Self { unit: Unit::Split, test_per_train, ..self }
    }

    /// Judges a number of folds, or random splits if it is one. Each divides `rows` rows into `sizes` training,
    /// validation and test rows.
    #[must_use]
    pub fn of_sizes(self, folds: usize, rows: usize, sizes: [usize; 3]) -> Self {
        let unit = if folds > 1 { Unit::Fold } else { Unit::Split };
        Self { unit, test_per_train: test_per_train(folds, rows, sizes), ..self }
    }

    /// Judges several data sets, whose repeats are averaged.
    #[must_use]
    pub fn data_sets(self) -> Self {
        Self { unit: Unit::DataSeed, test_per_train: 0., ..self }
    }

    /// Sets the smallest difference that matters.
    #[must_use]
    pub fn margin(self, margin: Margin) -> Self {
        Self { margin, ..self }
    }
}

/// Experiments on the same rows, each compared with the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The name of the metric.
    pub metric: String,
    /// Which of its scores are better.
    pub better: Better,
    /// What was counted as one observation.
    pub unit: Unit,
    /// The rows that the differences apply to.
    pub scope: Scope,
    /// The smallest difference that matters, by the mean score of the first experiment.
    pub margin: f64,
    /// The experiments, the baseline first.
    pub experiments: Vec<ComparedRuns>,
}

/// An experiment, and how its runs compare with those of the first one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ComparedRuns {
    /// Its name.
    pub name: String,
    /// Number of its runs.
    pub runs: usize,
    /// Over all its runs that did not fail.
    pub summary: Summary,
    /// The difference over pairs of runs with one data seed, fold and seed; `None` for the first experiment,
    /// and if no pair has figures. Its answer is that the experiment helps or hurts if it is better or worse.
    pub difference: Option<Difference>,
    /// The runs of pairs that have no figures because they diverged; `None` for the first experiment.
    pub diverged: Option<Sides>,
    /// The runs without a partner; `None` for the first experiment.
    pub unmatched: Option<Sides>,
}

/// Numbers of runs on both sides of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sides {
    /// Runs of the experiment.
    pub own: usize,
    /// Runs of the first one.
    pub baseline: usize,
}

impl Sides {
    /// Returns whether there are some on either side.
    pub fn any(self) -> bool {
        self.own + self.baseline > 0
    }
}

impl Comparison {
    /// The name of the figure that is compared: `test_accuracy`.
    pub fn figure(&self) -> String {
        format!("test_{}", self.metric)
    }

    /// What experiments are compared by, in words: `test accuracy`.
    pub fn metric_name(&self) -> String {
        format!("test {}", self.metric.replace('_', " "))
    }

    /// How the scores of the metric are written, the same for all of them: as that of the first experiment.
    pub fn digits(&self) -> Digits {
        let first = self.experiments.first();
        Digits::of(first.and_then(|own| own.summary.get(&self.figure()).mean).unwrap_or(0.))
    }
}

/// Compares each experiment, a name and its runs, with the first one, run by run.
///
/// Intervals and adjusted p-values hold for all comparisons together. Runs are paired by data seed, fold and
/// seed, so that both of a pair were tested on the same rows.
pub fn compare_runs(judge: &Judge, experiments: &[(String, Vec<Run>)]) -> Comparison {
    let design = Design::fixed(judge.unit, judge.test_per_train);
    let figure = format!("test_{}", judge.metric);
    let baseline = experiments.first().map_or(&[][..], |(_, runs)| runs);
    let scores: Vec<f64> = values(baseline, &figure).into_iter().map(|(_, score)| score).collect();
    let compared = Compared {
        metric: &judge.metric,
        better: judge.better,
        margin: judge.margin.of(mean(&scores)),
        design: &design,
        test_per_train: judge.test_per_train,
        family: experiments.len().saturating_sub(1).max(1),
        extremes: pairs::extremes(experiments.iter().flat_map(|(_, runs)| runs), &figure),
    };
    let of = |(number, (name, runs)): (usize, &(String, Vec<Run>))| {
        let alone = ComparedRuns {
            name: name.clone(),
            runs: runs.len(),
            summary: Summary::new(runs),
            difference: None,
            diverged: None,
            unmatched: None,
        };
        if number == 0 {
            return alone;
        }
        let pairs = Pairs::new(runs, baseline);
        let dropped = pairs.dropped();
        let without = |runs: &[Run]| runs.len().saturating_sub(pairs.count());
        ComparedRuns {
            difference: compared.difference(&pairs, (Test::PairedT, None)),
            diverged: Some(Sides { own: dropped.noisy, baseline: dropped.baseline }),
            unmatched: Some(Sides { own: without(runs), baseline: without(baseline) }),
            ..alone
        }
    };
    let mut experiments: Vec<ComparedRuns> = experiments.iter().enumerate().map(of).collect();
    let family = experiments.len().saturating_sub(1);
    correct(experiments.iter_mut().filter_map(|own| own.difference.as_mut()), family);
    Comparison {
        metric: judge.metric.clone(),
        better: judge.better,
        unit: judge.unit,
        scope: judge.unit.scope(),
        margin: compared.margin,
        experiments,
    }
}
