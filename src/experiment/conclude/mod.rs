//! What a grid says: whether noise helps, and what would decide.

mod board;
mod choice;
mod judged;
mod needed;

use serde::Serialize;

pub use choice::{Choice, ChosenBy, Versus};
pub use judged::{Judged, Reason};
pub use needed::{Needed, What};

use super::basis::Basis;
use super::compare::{CellOutcome, Difference, Dropped, is_gain};
use super::plan::{Cell, Plan};
use super::record::Record;
use super::units::{Design, Scope};
use crate::stats::{Answer, Estimate};
use board::Board;
use choice::{choose, recommend};
use needed::{Amount, needed};

/// Whether noise helps, in three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// The answer is that it helps.
    Helps,
    /// The answer is that it hurts.
    Hurts,
    /// There is no difference that matters, or the answer is open.
    NoEvidence,
}

/// What the answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum About {
    /// The decision that a person takes: noise chosen by data that do not judge it ([`Choice`]).
    Choice,
    /// The only noise of the grid.
    OnlySetting,
    /// The noise with the best difference among those that gain, or else among all: on one split, where
    /// nothing else could choose. Its interval holds together with those of all others.
    Settings,
}

/// The answer of a grid.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conclusion {
    /// Whether noise helps.
    pub answer: Answer,
    /// Why.
    pub reason: Reason,
    /// What would decide; `None` if the answer is not undecided, or the standard deviation is unknown.
    pub needed: Option<Needed>,
    /// What the answer is about.
    pub about: About,
    /// The effect that was judged.
    pub judged: Judged,
    /// The rows that it applies to.
    pub scope: Scope,
    /// The answer in three words.
    pub verdict: Verdict,
    /// The noise that is best against its baseline, among those that gain if some do, on the network that is
    /// best without noise.
    pub cell: Cell,
    /// Its difference.
    pub difference: Difference,
    /// The runs that the judged effect leaves out.
    pub dropped: Dropped,
    /// Number of noises, whose intervals hold together.
    pub settings: usize,
    /// Number of noises that were compared with a baseline.
    pub compared: usize,
    /// How many of them gain: `p_adjusted` is below 0.05.
    pub gains: usize,
    /// How many lose.
    pub losses: usize,
    /// The choice by data that do not judge it, or otherwise by the test rows.
    pub choice: Choice,
    /// The cell that all units together choose.
    pub recommended: Cell,
    /// How rivals compare with noise, if the grid has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rival: Option<Versus>,
}

/// Draws the conclusion; `None` if no noise could be compared.
pub fn conclude(
    basis: &Basis,
    plan: &Plan,
    outcomes: &[CellOutcome],
    records: &[Vec<Record>],
) -> Option<Conclusion> {
    let noises = outcomes.iter().filter(|own| own.cell.is_noise());
    let compared: Vec<(&CellOutcome, &Difference)> =
        noises.filter_map(|own| Some((own, own.difference.as_ref()?))).collect();
    const ALPHA: f64 = 0.05;
    let differs = |d: &Difference| d.p_adjusted.is_some_and(|p| p < ALPHA);
    let gains = |d: &Difference| differs(d) && is_gain(basis.better, d.mean);
    let losses = |d: &Difference| differs(d) && is_gain(basis.better, -d.mean);
    type Compared<'a> = (&'a CellOutcome, &'a Difference);
    let best = |is_one: &dyn Fn(&Compared) -> bool| {
        let own = compared.iter().copied().filter(is_one);
        own.reduce(|a, b| if basis.better.is_better(b.1.mean, a.1.mean) { b } else { a })
    };
    let board = Board::new(basis, plan, records)?;
    // Noise must gain where it is needed: on the network that is best without it.
    let network = board.best_baseline().map(|cell| board.cells[cell].variant);
    let is_there = |own: &Compared| network.is_none_or(|best| best == own.0.cell.variant);
    let gain_there = best(&|own| is_there(own) && gains(own.1)).or_else(|| best(&is_there));
    let (named, difference) = gain_there.or_else(|| best(&|_| true))?;
    let choice = choose(&board)?;
    let design = Design::of(basis, plan, named.cell.variant);
    let about = About::of(plan, &choice);
    let settings = plan.cells().iter().filter(|cell| cell.is_noise()).count();
    let (judged, dropped) = match about {
        About::Choice => (Judged::of_choice(&choice, &design), choice.judgement.dropped),
        About::OnlySetting | About::Settings => {
            (Judged::of_setting(difference, &design, settings), named.dropped.unwrap_or_default())
        }
    };
    let answer = Answer::of(judged.interval, judged.margin, basis.better);
    let is_open = |_: &Estimate| answer == Answer::Undecided;
    let amount = Amount::of(basis, plan, &judged, about, settings);
    Some(Conclusion {
        answer,
        reason: judged.reason(answer, &choice, about),
        needed: judged.estimate.filter(is_open).and_then(|own| needed(&design, &own, &amount)),
        about,
        scope: design.unit.scope(),
        verdict: Verdict::of(answer),
        cell: named.cell.clone(),
        difference: difference.clone(),
        dropped,
        settings,
        compared: compared.len(),
        gains: compared.iter().filter(|(_, own)| gains(own)).count(),
        losses: compared.iter().filter(|(_, own)| losses(own)).count(),
        recommended: recommend(&board)?,
        rival: Versus::of(&board, &choice, judged.margin),
        judged,
        choice,
    })
}

impl Conclusion {
    /// Returns whether no noise was chosen, and all settings lose: noise will not come to be chosen.
    pub(super) fn is_lost(&self) -> bool {
        self.reason == Reason::NoNoiseChosen && self.losses == self.settings
    }
}

impl About {
    fn of(plan: &Plan, choice: &Choice) -> Self {
        match plan.cells().iter().filter(|cell| cell.is_noise()).count() {
            1 => Self::OnlySetting,
            _ if choice.by.is_honest() => Self::Choice,
            _ => Self::Settings,
        }
    }
}

impl Verdict {
    fn of(answer: Answer) -> Self {
        match answer {
            Answer::Helps => Self::Helps,
            Answer::Hurts => Self::Hurts,
            _ => Self::NoEvidence,
        }
    }
}
