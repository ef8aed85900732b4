//! What a grid says: whether noise helps, and how good the best cell is on data that did not
//! choose it.

use serde::{Deserialize, Serialize};

use super::compare::{BOOTSTRAP_SEED, CellOutcome, Difference, LEVEL, Pairs, mean, units};
use super::grid::{Cell, Grid};
use super::record::Record;
use super::statistics::bootstrap_interval;

/// Whether noise helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Some cell gains test accuracy: its `p_holm` is below 0.05.
    Helps,
    /// None gains, and more than half of the cells lose.
    Hurts,
    /// None gains, and at least half do not lose either: too large a spread always hurts.
    NoEvidence,
}

/// The answer of a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conclusion {
    /// Whether noise helps.
    pub verdict: Verdict,
    /// The noisy cell that is best against its baseline; of those that gain, where some do.
    pub cell: Cell,
    /// Its difference.
    pub difference: Difference,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What chose.
    pub by: ChosenBy,
    /// The cell chosen: on most data seeds where they differ.
    pub cell: Cell,
    /// On how many data seeds.
    pub times: usize,
    /// Of how many.
    pub data_seeds: usize,
    /// Mean test accuracy of what was chosen, on the data seeds that it was chosen for.
    pub test_accuracy: f64,
    /// Mean difference from the baseline there, and the ends of its 95 % bootstrap interval.
    pub difference: f64,
    /// Lower end; `None` with fewer than two units.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// What the best cell was chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChosenBy {
    /// The mean test accuracy itself: the accuracy of the best then flatters.
    TestAccuracy,
    /// The mean accuracy on the validation points of the same data seed.
    ValidationAccuracy,
    /// The mean test accuracy on the other data seeds.
    OtherDataSeeds,
}

/// Draws the conclusion; `None` where no cell could be compared.
pub fn conclude(
    grid: &Grid,
    outcomes: &[CellOutcome],
    records: &[Vec<Record>],
) -> Option<Conclusion> {
    const ALPHA: f64 = 0.05;
    let compared = || outcomes.iter().filter_map(|o| Some((o.cell, o.difference.as_ref()?)));
    let significant = |d: &Difference| d.p_holm.is_some_and(|p| p < ALPHA);
    let gains = || compared().filter(|(_, d)| significant(d) && d.mean > 0.);
    let losses = || compared().filter(|(_, d)| significant(d) && d.mean < 0.);
    let better = |a: (Cell, &'_ Difference), b: (Cell, &'_ Difference)| b.1.mean > a.1.mean;
    let best =
        |cells: &mut dyn Iterator<Item = _>| cells.reduce(|a, b| if better(a, b) { b } else { a });
    let (cell, difference) = best(&mut gains()).or_else(|| best(&mut compared()))?;
    let verdict = match (gains().count(), losses().count()) {
        (1.., _) => Verdict::Helps,
        (0, losses) if 2 * losses > compared().count() => Verdict::Hurts,
        _ => Verdict::NoEvidence,
    };
    Some(Conclusion {
        verdict,
        cell,
        difference: difference.clone(),
        compared: compared().count(),
        gains: gains().count(),
        losses: losses().count(),
        choice: choose(grid, records)?,
    })
}

/// Chooses a cell for each data seed, and looks at it there.
fn choose(grid: &Grid, records: &[Vec<Record>]) -> Option<Choice> {
    let cells = grid.cells();
    let by = match (grid.validation_size, &grid.data_seeds[..]) {
        (1.., _) => ChosenBy::ValidationAccuracy,
        (0, [_]) => ChosenBy::TestAccuracy,
        _ => ChosenBy::OtherDataSeeds,
    };
    let mut chosen: Vec<usize> = Vec::new();
    let (mut accuracies, mut differences) = (Vec::new(), Vec::new());
    for &data_seed in &grid.data_seeds {
        let score = |own: &Vec<Record>| by.score(own, data_seed);
        let best = best(records.iter().map(score))?;
        let here = |cell: usize| {
            records[cell].iter().filter(move |record| record.id.data_seed == data_seed)
        };
        let baseline = cells.iter().position(|cell| *cell == cells[best].baseline())?;
        accuracies.push(mean_of(here(best).filter_map(|record| record.run.test_accuracy))?);
        differences.extend(Pairs::new(here(best), here(baseline)).differences());
        chosen.push(best);
    }
    let units = units(&differences);
    if units.is_empty() {
        return None;
    }
    let times = |cell: &usize| chosen.iter().filter(|other| *other == cell).count();
    // The first of those chosen most often.
    let favourite = (0..cells.len()).rev().max_by_key(times)?;
    let interval = bootstrap_interval(&units, LEVEL, BOOTSTRAP_SEED);
    Some(Choice {
        by,
        cell: cells[favourite],
        times: times(&favourite),
        data_seeds: grid.data_seeds.len(),
        test_accuracy: mean(&accuracies),
        difference: mean(&units),
        low: interval.as_ref().map(|i| i.low),
        high: interval.as_ref().map(|i| i.high),
    })
}

impl ChosenBy {
    /// How good a cell looks to who chooses for one data seed.
    fn score(self, own: &[Record], data_seed: u32) -> Option<f64> {
        let here = |record: &&Record| record.id.data_seed == data_seed;
        let figure = |record: &Record| match self {
            Self::ValidationAccuracy => record.run.validation_accuracy,
            _ => record.run.test_accuracy,
        };
        match self {
            Self::OtherDataSeeds => mean_of(own.iter().filter(|r| !here(r)).filter_map(figure)),
            _ => mean_of(own.iter().filter(here).filter_map(figure)),
        }
    }
}

/// The first of the highest scores.
fn best(scores: impl Iterator<Item = Option<f64>>) -> Option<usize> {
    let scores = scores.enumerate().filter_map(|(i, score)| Some((i, score?)));
    scores.reduce(|a, b| if b.1 > a.1 { b } else { a }).map(|(i, _)| i)
}

fn mean_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| mean(&values))
}
