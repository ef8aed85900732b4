//! The decision that a person takes: noise that is chosen on data that do not judge it.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::board::Board;
use crate::experiment::compare::{Dropped, Further, Pairs, further, margin};
use crate::experiment::plan::{Cell, Plan};
use crate::experiment::record::Record;
use crate::experiment::units::{Effect, Pair, Unit, values};
use crate::stats::{Answer, Estimate, Interval, mean};

/// What was chosen, and how good it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// What chose.
    pub by: ChosenBy,
    /// The cell chosen; if the units differ, the one chosen most often.
    pub cell: Cell,
    /// On how many units.
    pub times: usize,
    /// Number of data seeds of the plan.
    pub data_seeds: usize,
    /// Number of units that judge.
    pub judged: usize,
    /// On how many of them noise was chosen.
    pub noisy: usize,
    /// Mean test score of what was chosen, on the units that judge it.
    #[serde(rename = "test_accuracy")]
    pub test_score: f64,
    /// Mean difference from no noise there, and the ends of its 95 % interval.
    pub difference: f64,
    /// Lower end; `None` with fewer than two units, or if all are equal.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// The mean difference over the repeats of folds, which speaks of the rows at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_these_rows: Option<Effect>,
    /// The differences of further figures.
    pub further: Vec<Further>,
    /// What the comparison needs beside its results.
    #[serde(skip)]
    pub(super) judgement: Judgement,
}

/// The estimate of a choice, and what it is compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Judgement {
    pub estimate: Option<Estimate>,
    pub margin: f64,
    pub dropped: Dropped,
    /// What was chosen with noise and without.
    noise: Chosen,
    baseline: Chosen,
}

impl Choice {
    /// Returns the interval of its difference.
    pub fn interval(&self) -> Option<Interval> {
        let (low, high) = self.low.zip(self.high)?;
        Some(Interval { low, high })
    }
}

/// What noise was chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChosenBy {
    /// The mean test score itself: the score of what is chosen is then optimistic.
    #[serde(rename = "test-accuracy")]
    TestScore,
    /// The mean score on the validation rows of the same unit.
    #[serde(rename = "validation-accuracy")]
    ValidationScore,
    /// The mean test score on the data seeds before the one that judges.
    EarlierDataSeeds,
    /// The test scores on the folds of the same repeat before the one that judges.
    EarlierFolds,
}

impl ChosenBy {
    fn of(plan: &Plan) -> Self {
        match Unit::of(plan) {
            _ if plan.validation_size > 0 => Self::ValidationScore,
            Unit::DataSeed => Self::EarlierDataSeeds,
            Unit::Fold => Self::EarlierFolds,
            // The test rows of one random split were those of others, too.
            Unit::Repeat | Unit::Split => Self::TestScore,
        }
    }

    /// Returns whether the data that choose are not those that judge.
    pub fn is_honest(self) -> bool {
        self != Self::TestScore
    }
}

/// Chooses for each unit a cell of noise or none, and a baseline, by data that do not judge them, and
/// compares the two there; by the test rows themselves if there are no other data, or too few runs are
/// finished. `None` if nothing could be compared.
///
/// With one network both choices differ by the noise alone. With several the one without noise chooses its
/// network, too: noise must gain over the best that a person has without it.
pub(super) fn choose(board: &Board) -> Option<Choice> {
    let by = ChosenBy::of(board.plan);
    choose_by(board, by).or_else(|| choose_by(board, ChosenBy::TestScore))
}

fn choose_by(board: &Board, by: ChosenBy) -> Option<Choice> {
    let Board { basis, plan, design, cells, .. } = board;
    let [noise, baseline] = [board.chosen(by, Cell::is_noise), board.chosen(by, |_| false)];
    let compared = noise.against(&baseline);
    let figure = basis.test_figure();
    let pairs = compared.pairs(board);
    let differences = pairs.differences(&figure);
    let units = design.units(&differences);
    let effect = Effect::of(design, &units)?;
    let (favourite, times) = compared.favourite()?;
    Some(Choice {
        by,
        cell: cells[favourite].clone(),
        times,
        data_seeds: plan.data_seeds.len(),
        judged: units.len(),
        noisy: compared.0.iter().filter(|(_, [own, _])| cells[*own].is_noise()).count(),
        test_score: mean(&design.units(&values(compared.runs(board, 0), &figure))),
        difference: effect.mean,
        low: effect.low,
        high: effect.high,
        p: effect.p,
        on_these_rows: Effect::on_these_rows(design, &differences),
        further: further(&basis.metric, design, &pairs),
        judgement: Judgement {
            estimate: design.estimate(&units),
            // That of the settings on the network that is best without noise.
            margin: margin(basis, plan, &board.figures(board.best_baseline()?, &figure)),
            dropped: pairs.dropped(),
            noise,
            baseline,
        },
    })
}

/// A rival of noise that is chosen in the same way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Versus {
    /// The rival chosen; if the units differ, the one chosen most often.
    #[serde(flatten)]
    pub cell: Cell,
    /// On how many units.
    pub times: usize,
    /// What was chosen minus the baseline.
    pub difference: Effect,
    /// What was chosen minus the noise that was chosen.
    pub against_noise: Effect,
    /// Whether the rival helps in the place of noise.
    pub answer: Answer,
}

impl Versus {
    /// Returns how rivals compare with noise, for a smallest difference that matters; `None` without rivals.
    pub(super) fn of(board: &Board, choice: &Choice, margin: f64) -> Option<Self> {
        let Board { basis, plan, design, cells, .. } = board;
        if plan.rivals.is_empty() {
            return None;
        }
        let Judgement { noise, baseline, .. } = &choice.judgement;
        let chosen = board.chosen(choice.by, |cell| cell.rival.is_some());
        let effect = |other: &Chosen| {
            let differences = chosen.against(other).pairs(board).differences(&basis.test_figure());
            Effect::of(design, &design.units(&differences))
        };
        let (favourite, times) = chosen.against(baseline).favourite()?;
        let against_noise = effect(noise)?;
        Some(Self {
            cell: cells[favourite].clone(),
            times,
            difference: effect(baseline)?,
            answer: Answer::of(against_noise.interval(), margin, basis.better),
            against_noise,
        })
    }
}

/// The cell that was chosen for each unit that judges.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chosen(pub Vec<(Pair, usize)>);

impl Chosen {
    /// Returns the units of both with their two choices.
    fn against(&self, other: &Self) -> Compared {
        let others: HashMap<Pair, usize> = other.0.iter().copied().collect();
        let both = |(unit, own): &(Pair, usize)| Some((*unit, [*own, *others.get(unit)?]));
        Compared(self.0.iter().filter_map(both).collect())
    }
}

/// Units with two choices.
struct Compared(Vec<(Pair, [usize; 2])>);

impl Compared {
    /// Returns the runs of the first or the second choice.
    fn runs<'a>(&self, board: &Board<'a>, side: usize) -> Vec<&'a Record> {
        let of_unit =
            |(unit, cells): &(Pair, [usize; 2])| board.of_unit(cells[side], *unit).to_vec();
        self.0.iter().flat_map(of_unit).collect()
    }

    fn pairs<'a>(&self, board: &Board<'a>) -> Pairs<'a> {
        let [own, other] = [0, 1].map(|side| self.runs(board, side));
        Pairs::new(own, other)
    }

    /// Returns the first of the cells that were chosen most often, and how often.
    fn favourite(&self) -> Option<(usize, usize)> {
        let mut times: BTreeMap<usize, usize> = BTreeMap::new();
        self.0.iter().for_each(|(_, [own, _])| *times.entry(*own).or_default() += 1);
        times.into_iter().rev().max_by_key(|(_, times)| *times)
    }
}

/// Returns the cell that all units together choose: by their validation rows, if there are any, otherwise by
/// their test rows.
pub(super) fn recommend(board: &Board) -> Option<Cell> {
    let arms = board.arms(Cell::is_noise);
    let figure = board.choosing_figure(ChosenBy::of(board.plan));
    board.best_of_all(&arms, &figure).map(|cell| board.cells[cell].clone())
}
