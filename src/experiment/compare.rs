//! The cells of a grid against their baselines: paired differences and what they say together.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::grid::{Cell, Grid};
use super::outcome::{Run, Summary};
use super::record::Record;
use super::statistics::{
    Interval, TTest, bootstrap_interval, holm, mcnemar, nadeau_bengio, paired_t,
};

/// A cell with its runs and how it compares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellOutcome {
    /// The cell.
    #[serde(flatten)]
    pub cell: Cell,
    /// Its runs, data seed by data seed, each in the order of the seeds.
    pub runs: Vec<Run>,
    /// Over the runs that did not stop.
    pub summary: Summary,
    /// 95 % bootstrap interval of the mean test accuracy, over data seeds where there are several
    /// and over runs where there is one; `None` with fewer than two.
    pub test_interval: Option<Interval>,
    /// Against the baseline; `None` for a baseline, and where no pair of runs finished.
    pub difference: Option<Difference>,
}

/// Test accuracy minus that of the baseline, over pairs of runs with one seed and one data seed.
///
/// Repeats on one data set are no independent draws of data. So with several data seeds the units
/// of interval and tests are the means of each data seed's differences, and the result speaks of
/// data like these; with one data seed they are the differences themselves, and the result speaks
/// of this data set alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// Student's, of the paired differences.
    PairedT,
    /// McNemar's, of the test points that one of two runs predicts rightly: for a single pair.
    Mcnemar,
}

/// Confidence of the intervals.
pub(super) const LEVEL: f64 = 0.95;

/// Seed of the bootstrap: the same resamples for every cell.
pub(super) const BOOTSTRAP_SEED: u64 = 0;

/// Compares each cell with its baseline. `records` has the finished runs of each of the grid's
/// cells.
pub fn compare(grid: &Grid, records: &[Vec<Record>]) -> Vec<CellOutcome> {
    let mut outcomes = Vec::new();
    // A variant's cells follow its baseline.
    let mut baseline: &[Record] = &[];
    for (cell, own) in grid.cells().into_iter().zip(records) {
        let difference = if cell.is_baseline() {
            baseline = own;
            None
        } else {
            Pairs::new(own, baseline).difference(grid, &cell)
        };
        let runs: Vec<Run> = own.iter().map(|record| record.run.clone()).collect();
        let test_interval = bootstrap_interval(&accuracies(own), LEVEL, BOOTSTRAP_SEED);
        let summary = Summary::new(&runs);
        outcomes.push(CellOutcome { cell, summary, runs, test_interval, difference });
    }
    correct(&mut outcomes);
    outcomes
}

/// Holm's correction over all cells that have a p-value.
fn correct(outcomes: &mut [CellOutcome]) {
    let mut tested: Vec<&mut Difference> = outcomes
        .iter_mut()
        .filter_map(|outcome| outcome.difference.as_mut().filter(|d| d.p.is_some()))
        .collect();
    let ps: Vec<f64> = tested.iter().filter_map(|difference| difference.p).collect();
    for (difference, p) in tested.iter_mut().zip(holm(&ps)) {
        difference.p_holm = Some(p);
    }
}

/// Finished runs of a cell, each with the baseline's run of the same seed and data seed and the
/// difference of their test accuracies.
pub(super) struct Pairs<'a>(Vec<(&'a Record, &'a Record, f64)>);

impl<'a> Pairs<'a> {
    pub fn new(
        own: impl IntoIterator<Item = &'a Record>,
        baseline: impl IntoIterator<Item = &'a Record>,
    ) -> Self {
        let id = |record: &Record| (record.id.data_seed, record.id.seed);
        let partners: HashMap<_, &Record> =
            baseline.into_iter().map(|record| (id(record), record)).collect();
        let pair = |own: &'a Record| {
            let base = *partners.get(&id(own))?;
            Some((own, base, own.run.test_accuracy? - base.run.test_accuracy?))
        };
        Self(own.into_iter().filter_map(pair).collect())
    }

    /// The differences, each with its data seed.
    pub fn differences(&self) -> impl Iterator<Item = (u32, f64)> {
        self.0.iter().map(|(own, _, difference)| (own.id.data_seed, *difference))
    }

    fn difference(&self, grid: &Grid, cell: &Cell) -> Option<Difference> {
        let differences: Vec<(u32, f64)> = self.differences().collect();
        let units = units(&differences);
        let interval = bootstrap_interval(&units, LEVEL, BOOTSTRAP_SEED);
        let settings = grid.settings(cell, grid.data_seeds[0]);
        let test_per_train = settings.test_size() as f64 / settings.train_size as f64;
        let several = differences.iter().any(|(seed, _)| *seed != differences[0].0);
        let t = paired_t(&units);
        let (test, p) = match &self.0[..] {
            [] => return None,
            [(own, base, _)] => (Test::Mcnemar, Some(mcnemar_of(own, base))),
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
            nadeau_bengio: several.then(|| nadeau_bengio(&units, test_per_train)).flatten(),
            n: self.0.len(),
            units: units.len(),
        })
    }
}

/// The test accuracies of the finished runs, or their means by data seed where there are several.
fn accuracies(records: &[Record]) -> Vec<f64> {
    let accuracy = |record: &Record| Some((record.id.data_seed, record.run.test_accuracy?));
    units(&records.iter().filter_map(accuracy).collect::<Vec<_>>())
}

/// What intervals and tests see as independent: the values of one data seed, or the means of
/// several. Values of one data seed are neighbours.
pub(super) fn units(values: &[(u32, f64)]) -> Vec<f64> {
    let groups: Vec<Vec<f64>> = values
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| group.iter().map(|(_, value)| *value).collect())
        .collect();
    match &groups[..] {
        [values] => values.clone(),
        groups => groups.iter().map(|group| mean(group)).collect(),
    }
}

/// McNemar's test of the points that only one of two runs predicts rightly.
fn mcnemar_of(own: &Record, base: &Record) -> f64 {
    let points = || own.test_right.bytes().zip(base.test_right.bytes());
    let only = |wanted: (u8, u8)| points().filter(|pair| *pair == wanted).count();
    mcnemar(only((b'1', b'0')), only((b'0', b'1')))
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
