//! What a grid says: whether noise helps, and how good the best cell is on data that did not
//! choose it.

use serde::Serialize;

use super::basis::Basis;
use super::compare::{CellOutcome, Difference, Dropped, Pairs, Resamples};
use super::plan::{Cell, Plan};
use super::record::Record;
use crate::metric::Better;
use crate::stats::mean;

/// Whether noise helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Some cell gains in the test score: its `p_holm` is below 0.05.
    Helps,
    /// None gains, and more than half of the cells lose.
    Hurts,
    /// None gains, and at least half do not lose either: too large a spread always hurts.
    NoEvidence,
}

/// The answer of a grid.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conclusion {
    /// Whether noise helps.
    pub verdict: Verdict,
    /// The noisy cell that is best against its baseline, among those that gain if some do.
    pub cell: Cell,
    /// Its difference.
    pub difference: Difference,
    /// The runs that the difference leaves out.
    pub dropped: Dropped,
    /// Number of cells that were compared with a baseline.
    pub compared: usize,
    /// How many of them gain.
    pub gains: usize,
    /// How many lose.
    pub losses: usize,
    /// The best cell.
    pub choice: Choice,
}

/// The best cell, and how good it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// What chose.
    pub by: ChosenBy,
    /// The cell chosen; if the data seeds differ, the one chosen most often.
    pub cell: Cell,
    /// On how many data seeds.
    pub times: usize,
    /// Of how many.
    pub data_seeds: usize,
    /// Mean test score of what was chosen, on the data seeds that it was chosen for.
    #[serde(rename = "test_accuracy")]
    pub test_score: f64,
    /// Mean difference from the baseline there, and the ends of its 95 % bootstrap interval.
    pub difference: f64,
    /// Lower end; `None` with fewer than two units.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// What the best cell was chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChosenBy {
    /// The mean test score itself: the score of the best is then optimistic.
    #[serde(rename = "test-accuracy")]
    TestScore,
    /// The mean score on the validation rows of the same data seed.
    #[serde(rename = "validation-accuracy")]
    ValidationScore,
    /// The mean test score on the other data seeds.
    OtherDataSeeds,
}

/// Draws the conclusion; `None` if no cell could be compared.
pub fn conclude(
    basis: &Basis,
    plan: &Plan,
    outcomes: &[CellOutcome],
    records: &[Vec<Record>],
) -> Option<Conclusion> {
    const ALPHA: f64 = 0.05;
    let noisy = || outcomes.iter().filter(|outcome| outcome.cell.rival.is_none());
    let compared = || noisy().filter_map(|o| Some((&o.cell, o.difference.as_ref()?)));
    let significant = |d: &Difference| d.p_holm.is_some_and(|p| p < ALPHA);
    let direction = basis.better;
    let gains = || compared().filter(|(_, d)| significant(d) && direction.is_better(d.mean, 0.));
    let losses = || compared().filter(|(_, d)| significant(d) && direction.is_better(0., d.mean));
    type Compared<'a> = (&'a Cell, &'a Difference);
    let best = |cells: &mut dyn Iterator<Item = Compared<'_>>| -> Option<(Cell, Difference)> {
        let better = |a: Compared, b: Compared| direction.is_better(b.1.mean, a.1.mean);
        let mut best: Option<(Cell, Difference)> = None;
        for own in cells {
            if best.as_ref().is_none_or(|(cell, d)| better((cell, d), own)) {
                best = Some((own.0.clone(), own.1.clone()));
            }
        }
        best
    };
    let (cell, difference) = best(&mut gains()).or_else(|| best(&mut compared()))?;
    let verdict = match (gains().count(), losses().count()) {
        (1.., _) => Verdict::Helps,
        (0, losses) if 2 * losses > compared().count() => Verdict::Hurts,
        _ => Verdict::NoEvidence,
    };
    let dropped = outcomes.iter().find(|outcome| outcome.cell == cell)?.dropped?;
    Some(Conclusion {
        verdict,
        cell,
        difference,
        dropped,
        compared: compared().count(),
        gains: gains().count(),
        losses: losses().count(),
        choice: choose(basis, plan, records)?,
    })
}

/// Chooses a cell for each data seed, and looks at it there.
fn choose(basis: &Basis, plan: &Plan, records: &[Vec<Record>]) -> Option<Choice> {
    let cells = plan.cells();
    let figure = basis.test_figure();
    let by = match (plan.validation_size, &plan.data_seeds[..]) {
        (1.., _) => ChosenBy::ValidationScore,
        (0, [_]) => ChosenBy::TestScore,
        _ => ChosenBy::OtherDataSeeds,
    };
    let mut chosen: Vec<usize> = Vec::new();
    let (mut scores, mut differences) = (Vec::new(), Vec::new());
    // Folds of one set of rows are one group: what chose on it is judged on it.
    let groups: Vec<Option<u32>> = match plan.folds {
        Some(_) => vec![None],
        None => plan.data_seeds.iter().copied().map(Some).collect(),
    };
    for data_seed in groups {
        let score = |(own, cell): (&Vec<Record>, &Cell)| match cell.rival {
            Some(_) => None,
            None => by.score(own, data_seed, &basis.metric),
        };
        let best = best(records.iter().zip(&cells).map(score), basis.better)?;
        let here =
            |cell: usize| records[cell].iter().filter(move |record| is_of(record, data_seed));
        let baseline = cells.iter().position(|cell| *cell == cells[best].baseline())?;
        scores.push(mean_of(here(best).filter_map(|record| record.run.get(&figure)))?);
        differences.extend(Pairs::new(here(best), here(baseline), &figure).differences());
        chosen.push(best);
    }
    let resamples = Resamples::of(basis, plan, cells.first()?.variant);
    let units = resamples.units(&differences);
    if units.is_empty() {
        return None;
    }
    let times = |cell: &usize| chosen.iter().filter(|other| *other == cell).count();
    // The first of those chosen most often.
    let favourite = (0..cells.len()).rev().max_by_key(times)?;
    let interval = resamples.interval(&units);
    Some(Choice {
        by,
        cell: cells[favourite].clone(),
        times: times(&favourite),
        data_seeds: plan.data_seeds.len(),
        test_score: mean(&scores),
        difference: mean(&units),
        low: interval.as_ref().map(|i| i.low),
        high: interval.as_ref().map(|i| i.high),
    })
}

impl ChosenBy {
    /// How good a cell looks to who chooses for one data seed.
    fn score(self, own: &[Record], data_seed: Option<u32>, metric: &str) -> Option<f64> {
        let here = |record: &&Record| is_of(record, data_seed);
        let figure = |record: &Record| match self {
            Self::ValidationScore => record.run.get(&format!("validation_{metric}")),
            _ => record.run.get(&format!("test_{metric}")),
        };
        match self {
            Self::OtherDataSeeds => mean_of(own.iter().filter(|r| !here(r)).filter_map(figure)),
            _ => mean_of(own.iter().filter(here).filter_map(figure)),
        }
    }
}

/// Whether a run has a data seed; all have that of a group of folds, `None`.
fn is_of(record: &Record, data_seed: Option<u32>) -> bool {
    data_seed.is_none_or(|seed| record.run.data_seed == seed)
}

/// The first of the best scores.
fn best(scores: impl Iterator<Item = Option<f64>>, direction: Better) -> Option<usize> {
    let scores = scores.enumerate().filter_map(|(i, score)| Some((i, score?)));
    scores.reduce(|a, b| if direction.is_better(b.1, a.1) { b } else { a }).map(|(i, _)| i)
}

fn mean_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| mean(&values))
}
