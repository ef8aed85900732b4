//! The cells of a grid against their baselines: paired differences and what each says.

mod difference;
mod experiments;
mod pairs;

use serde::Serialize;

pub use difference::{Difference, Further, Test};
pub use experiments::{ComparedRuns, Comparison, Judge, Sides, compare_runs};
pub use pairs::Dropped;
pub(in crate::experiment) use pairs::{Pairs, is_gain};

use super::basis::Basis;
use super::plan::{Cell, Plan};
use super::record::{Record, Run, Summary};
use super::units::{Design, Effect, LEVEL, Unit, Value, values};
use crate::metric::Better;
use crate::stats::{Answer, Interval, holm, mean, nadeau_bengio, paired_t};

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
    /// 95 % interval of the mean test score by Student's t, over the units; `None` with fewer than two.
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

/// The further metrics whose differences are described: how well shares are calibrated, how large errors are.
const FURTHER: [&str; 5] = ["nll", "brier", "ece", "mae", "r_squared"];

/// Compares each cell with its baseline. `records` has the finished runs of each of the grid's
/// cells.
pub fn compare(basis: &Basis, plan: &Plan, records: &[Vec<Record>]) -> Vec<CellOutcome> {
    let mut outcomes = Vec::new();
    let figure = basis.test_figure();
    let cells = plan.cells();
    let noises = cells.iter().filter(|cell| cell.is_noise()).count();
    let rivals = cells.iter().filter(|cell| cell.rival.is_some()).count();
    let extremes = pairs::extremes(records.iter().flatten(), &figure);
    // A variant's cells follow its baseline.
    let mut baseline: &[Record] = &[];
    for (cell, own) in plan.cells().into_iter().zip(records) {
        let design = Design::of(basis, plan, cell.variant);
        let (difference, dropped) = if cell.is_baseline() {
            baseline = own;
            (None, None)
        } else {
            let pairs = Pairs::new(own, baseline);
            let compared = Compared {
                metric: &basis.metric,
                better: basis.better,
                margin: baseline_margin(basis, plan, baseline),
                design: &design,
                test_per_train: Design::overlap(basis, plan, cell.variant),
                // The noises hold together, and so do the rivals.
                family: if cell.is_noise() { noises } else { rivals },
                extremes,
            };
            let of_one = (Test::Mcnemar, pairs.mcnemar(&figure));
            (compared.difference(&pairs, of_one), Some(pairs.dropped()))
        };
        let units = design.units(&values(own, &figure));
        let test_interval = design.estimate(&units).map(|own| own.interval(LEVEL));
        let runs: Vec<Run> = own.iter().map(|record| record.run.clone()).collect();
        let alone = CellOutcome::alone(cell, runs);
        outcomes.push(CellOutcome { test_interval, difference, dropped, ..alone });
    }
    let of_noise = outcomes.iter_mut().filter(|outcome| outcome.cell.is_noise());
    correct(of_noise.filter_map(|outcome| outcome.difference.as_mut()), noises);
    outcomes
}

/// Holm's correction over a family of comparisons, of which some may have no p-value.
fn correct<'a>(differences: impl Iterator<Item = &'a mut Difference>, family: usize) {
    let mut tested: Vec<&mut Difference> = differences.filter(|d| d.p.is_some()).collect();
    let mut ps: Vec<f64> = tested.iter().filter_map(|difference| difference.p).collect();
    ps.resize(family.max(ps.len()), 1.);
    for (difference, p) in tested.iter_mut().zip(holm(&ps)) {
        difference.p_holm = Some(p);
    }
}

/// What runs are compared with, and by which rules.
struct Compared<'a> {
    metric: &'a str,
    better: Better,
    margin: f64,
    design: &'a Design,
    /// Number of test rows divided by that of training rows, for data sets that may share rows.
    test_per_train: f64,
    /// How many comparisons hold together.
    family: usize,
    /// The least and the greatest test score of any finished run.
    extremes: Option<Interval>,
}

impl Compared<'_> {
    /// Returns the difference of pairs; `of_one` is the test of a single pair.
    fn difference<T: AsRef<Run>>(
        &self,
        pairs: &Pairs<T>,
        of_one: (Test, Option<f64>),
    ) -> Option<Difference> {
        let Self { metric, design, margin, .. } = *self;
        let figure = format!("test_{metric}");
        let differences = pairs.differences(&figure);
        let units = design.units(&differences);
        let estimate = design.estimate(&units);
        let alone = estimate.map(|own| design.together(&own, 1));
        let (interval, of_units) = (alone.and_then(|own| own.0), alone.map(|own| own.1));
        let together = estimate.map(|own| design.together(&own, self.family));
        let simultaneous = together.and_then(|(interval, _)| interval);
        let (test, p) = match design.unit {
            _ if differences.is_empty() => return None,
            Unit::Fold | Unit::Split => (Test::NadeauBengio, of_units),
            _ if differences.len() == 1 => of_one,
            _ if design.until_decided => (Test::AnytimeT, of_units),
            _ => (Test::PairedT, of_units),
        };
        let corrected = match design.unit {
            Unit::Repeat => None,
            Unit::Fold | Unit::Split => nadeau_bengio(&units, design.test_per_train),
            Unit::DataSeed => nadeau_bengio(&units, self.test_per_train),
        };
        let mean_of = |values: &[Value]| mean(&design.units(values));
        Some(Difference {
            mean: mean(&units),
            low: interval.map(|i| i.low),
            high: interval.map(|i| i.high),
            simultaneous,
            test,
            p,
            p_adjusted: together.map(|(_, p)| p),
            p_holm: None,
            paired_t: paired_t(&units),
            nadeau_bengio: corrected,
            n: differences.len(),
            units: units.len(),
            margin,
            answer: Answer::of(simultaneous, margin, self.better),
            on_these_rows: Effect::on_these_rows(design, &differences),
            bounds: self.extremes.and_then(|ends| pairs.bounds(&figure, ends, mean_of)),
            further: further(metric, design, pairs),
            estimate,
        })
    }
}

/// Returns the smallest difference that matters, of the baseline's mean score.
fn baseline_margin(basis: &Basis, plan: &Plan, baseline: &[Record]) -> f64 {
    let scores = values(baseline, &basis.test_figure());
    let scores: Vec<f64> = scores.into_iter().map(|(_, score)| score).collect();
    margin(basis, plan, &scores)
}

/// Returns the smallest difference that matters: that of the plan, or the metric's of a baseline's scores.
pub(in crate::experiment) fn margin(basis: &Basis, plan: &Plan, baseline: &[f64]) -> f64 {
    plan.margin.unwrap_or_else(|| basis.margin().of(mean(baseline)))
}

/// Returns the differences of the further figures that runs have: of the named metrics, or else of the loss.
pub(in crate::experiment) fn further<T: AsRef<Run>>(
    metric: &str,
    design: &Design,
    pairs: &Pairs<T>,
) -> Vec<Further> {
    let further = |figure: String| {
        let effect = Effect::of(design, &design.units(&pairs.differences(&figure)))?;
        let of_baseline = design.units(&values(pairs.baselines(), &figure));
        Some(Further { baseline: mean(&of_baseline), figure, effect })
    };
    let others = FURTHER.iter().filter(|other| **other != metric);
    let named: Vec<Further> = others.filter_map(|other| further(format!("test_{other}"))).collect();
    match named.is_empty() {
        true => further("test_loss".to_string()).into_iter().collect(),
        false => named,
    }
}
