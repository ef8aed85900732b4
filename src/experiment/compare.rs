//! The cells of a grid against their baselines: paired differences and what they say together.

use std::collections::HashMap;

use serde::Serialize;

use super::basis::Basis;
use super::plan::{Cell, Plan, Variant};
use super::record::{Record, Run, Summary};
use crate::stats::{
    Interval, TTest, bootstrap_interval, holm, mcnemar, mean, nadeau_bengio, paired_t, t_interval,
};

/// A cell with its runs and how it compares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellOutcome {
    /// The cell.
    #[serde(flatten)]
    pub cell: Cell,
    /// Its runs, data seed by data seed, each in the order of the seeds.
    pub runs: Vec<Run>,
    /// Over the runs that did not fail.
    pub summary: Summary,
    /// 95 % bootstrap interval of the mean test score, over data seeds if there are several and over runs
    /// if there is one; `None` with fewer than two.
    pub test_interval: Option<Interval>,
    /// Against the baseline; `None` for a baseline, and if no pair of runs finished.
    pub difference: Option<Difference>,
    /// The runs that the difference leaves out; `None` for a baseline.
    pub dropped: Option<Dropped>,
}

impl CellOutcome {
    /// A cell that is compared with nothing.
    pub fn alone(cell: Cell, runs: Vec<Run>) -> Self {
        let summary = Summary::new(&runs);
        Self { cell, runs, summary, test_interval: None, difference: None, dropped: None }
    }
}

/// How many finished runs a comparison leaves out, because they diverged and have no figures. A pair
/// is left out with either of its runs, so that many on one side bias what is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Runs with noise.
    pub noisy: usize,
    /// Runs of the baseline.
    pub baseline: usize,
}

/// Test score of the primary metric minus that of the baseline, over pairs of runs with one seed and one data seed.
///
/// Repeats on one data set are no independent draws of data. So with several data seeds the units
/// of interval and tests are the means of each data seed's differences, and the result speaks of
/// data like these; with one data seed they are the differences themselves, and the result speaks
/// of this data set alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Mean over the units.
    pub mean: f64,
    /// Lower end of the 95 % bootstrap interval; `None` with fewer than two units.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// What `p` comes from.
    pub test: Test,
    /// Two-sided p-value of that test alone.
    pub p: Option<f64>,
    /// `p` after Holm's correction over the grid.
    pub p_holm: Option<f64>,
    /// The paired t-test; `None` with fewer than two units.
    pub paired_t: Option<TTest>,
    /// The t-test for splits that overlap, as resamples of one set of rows do; `None` with fewer
    /// than two data seeds. Circles are drawn anew by each data seed, so it errs on the safe side
    /// there. Real data choose their training points from one set and keep their test points: of
    /// these alone `p` speaks, and this test of others like them.
    pub nadeau_bengio: Option<TTest>,
    /// Number of pairs.
    pub n: usize,
    /// Number of units.
    pub units: usize,
}

/// A test of the hypothesis that noise makes no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Test {
    /// Student's, of the paired differences.
    PairedT,
    /// Nadeau and Bengio's, of the differences on folds, whose training rows overlap.
    NadeauBengio,
    /// McNemar's, of the test rows that one of two runs predicts correctly: for a single pair.
    Mcnemar,
}

/// Confidence of the intervals.
const LEVEL: f64 = 0.95;

/// Seed of the bootstrap: the same resamples for every cell.
const BOOTSTRAP_SEED: u64 = 0;

/// Compares each cell with its baseline. `records` has the finished runs of each of the grid's
/// cells.
pub fn compare(basis: &Basis, plan: &Plan, records: &[Vec<Record>]) -> Vec<CellOutcome> {
    let mut outcomes = Vec::new();
    let figure = basis.test_figure();
    // A variant's cells follow its baseline.
    let mut baseline: &[Record] = &[];
    for (cell, own) in plan.cells().into_iter().zip(records) {
        let resamples = Resamples::of(basis, plan, cell.variant);
        let (difference, dropped) = if cell.is_baseline() {
            baseline = own;
            (None, None)
        } else {
            let pairs = Pairs::new(own, baseline, &figure);
            (pairs.difference(&resamples), Some(pairs.dropped))
        };
        let runs: Vec<Run> = own.iter().map(|record| record.run.clone()).collect();
        let test_interval = resamples.interval(&resamples.units(&scores(own, &figure)));
        let alone = CellOutcome::alone(cell, runs);
        outcomes.push(CellOutcome { test_interval, difference, dropped, ..alone });
    }
    correct(&mut outcomes);
    outcomes
}

/// Holm's correction over all cells with noise that have a p-value.
fn correct(outcomes: &mut [CellOutcome]) {
    let mut tested: Vec<&mut Difference> = outcomes
        .iter_mut()
        .filter(|outcome| outcome.cell.rival.is_none())
        .filter_map(|outcome| outcome.difference.as_mut().filter(|d| d.p.is_some()))
        .collect();
    let ps: Vec<f64> = tested.iter().filter_map(|difference| difference.p).collect();
    for (difference, p) in tested.iter_mut().zip(holm(&ps)) {
        difference.p_holm = Some(p);
    }
}

/// Finished runs of a cell, each with the baseline's run of the same seed and data seed and the
/// difference of a figure.
pub(super) struct Pairs<'a> {
    pairs: Vec<(&'a Record, &'a Record, f64)>,
    dropped: Dropped,
}

impl<'a> Pairs<'a> {
    pub fn new(
        own: impl IntoIterator<Item = &'a Record>,
        baseline: impl IntoIterator<Item = &'a Record>,
        figure: &str,
    ) -> Self {
        let partners: HashMap<_, &Record> =
            baseline.into_iter().map(|record| (record.pair(), record)).collect();
        let mut dropped = Dropped::default();
        let pair = |own: &'a Record| {
            let base = *partners.get(&own.pair())?;
            dropped.noisy += usize::from(own.run.has_failed());
            dropped.baseline += usize::from(base.run.has_failed());
            Some((own, base, own.run.get(figure)? - base.run.get(figure)?))
        };
        Self { pairs: own.into_iter().filter_map(pair).collect(), dropped }
    }

    /// The differences, each with its data seed.
    pub fn differences(&self) -> impl Iterator<Item = (u32, f64)> {
        self.pairs.iter().map(|(own, _, difference)| (own.run.data_seed, *difference))
    }

    fn difference(&self, resamples: &Resamples) -> Option<Difference> {
        let differences: Vec<(u32, f64)> = self.differences().collect();
        let units = resamples.units(&differences);
        let interval = resamples.interval(&units);
        let several = differences.iter().any(|(seed, _)| *seed != differences[0].0);
        let corrected = nadeau_bengio(&units, resamples.test_per_train);
        let corrected = corrected.filter(|_| several || resamples.are_folds);
        let t = paired_t(&units);
        let (test, p) = match &self.pairs[..] {
            [] => return None,
            [(own, base, _)] => (Test::Mcnemar, mcnemar_of(own, base)),
            _ if resamples.are_folds => (Test::NadeauBengio, corrected.as_ref().map(|t| t.p)),
            _ => (Test::PairedT, t.as_ref().map(|t| t.p)),
        };
        Some(Difference {
            mean: mean(&units),
            low: interval.as_ref().map(|i| i.low),
            high: interval.as_ref().map(|i| i.high),
            test,
            p,
            p_holm: None,
            paired_t: t,
            nadeau_bengio: corrected,
            n: self.pairs.len(),
            units: units.len(),
        })
    }
}

/// A figure of the finished runs, each with its data seed.
fn scores(records: &[Record], figure: &str) -> Vec<(u32, f64)> {
    let score = |record: &Record| Some((record.run.data_seed, record.run.get(figure)?));
    records.iter().filter_map(score).collect()
}

/// How the runs of a plan depend on each other.
pub(super) struct Resamples {
    /// Whether each repeat splits one set of rows anew.
    are_folds: bool,
    test_per_train: f64,
}

impl Resamples {
    pub fn of(basis: &Basis, plan: &Plan, variant: Variant) -> Self {
        let draw = plan.draw_of(variant, plan.data_seeds[0]);
        let test_per_train = match plan.folds {
            Some(folds) if folds > 1 => 1. / (folds - 1) as f64,
            _ => draw.test_size(basis.rows) as f64 / draw.train_size as f64,
        };
        Self { are_folds: plan.folds.is_some(), test_per_train }
    }

    /// Returns what intervals and tests count: each fold, or what is independent.
    pub fn units(&self, values: &[(u32, f64)]) -> Vec<f64> {
        match self.are_folds {
            true => values.iter().map(|(_, value)| *value).collect(),
            false => units(values),
        }
    }

    /// Returns the 95 % interval of the mean: of Nadeau and Bengio's t for folds, otherwise by the
    /// bootstrap.
    pub fn interval(&self, units: &[f64]) -> Option<Interval> {
        match self.are_folds {
            true => t_interval(units, self.test_per_train, LEVEL),
            false => bootstrap_interval(units, LEVEL, BOOTSTRAP_SEED),
        }
    }
}

/// What intervals and tests see as independent: the values of one data seed, or the means of
/// several. Values of one data seed are neighbours.
fn units(values: &[(u32, f64)]) -> Vec<f64> {
    let groups: Vec<Vec<f64>> = values
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| group.iter().map(|(_, value)| *value).collect())
        .collect();
    match &groups[..] {
        [values] => values.clone(),
        groups => groups.iter().map(|group| mean(group)).collect(),
    }
}

/// McNemar's test of the rows that only one of two runs predicts correctly; `None` if the metric does not
/// count that.
fn mcnemar_of(own: &Record, base: &Record) -> Option<f64> {
    let rows = || own.test_hits.bytes().zip(base.test_hits.bytes());
    let only = |wanted: (u8, u8)| rows().filter(|pair| *pair == wanted).count();
    rows().next()?;
    Some(mcnemar(only((b'1', b'0')), only((b'0', b'1'))))
}
