//! The effect that an answer is about, and why the answer is what it is.

use serde::Serialize;

use super::About;
use super::choice::Choice;
use crate::experiment::compare::Difference;
use crate::experiment::units::{Design, LEVEL, Unit};
use crate::stats::{Answer, Estimate, Interval};

/// The effect that an answer is about: the printed interval, and what it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Mean over the units.
    pub mean: f64,
    /// The interval; `None` if there are too few units, or all are equal.
    pub interval: Option<Interval>,
    /// The p-value that belongs to it.
    pub p: Option<f64>,
    /// The smallest difference that matters.
    pub margin: f64,
    /// What was counted.
    pub unit: Unit,
    /// How many of them.
    pub units: usize,
    /// The difference that these units find with a probability of 80 %, if their standard deviation is
    /// known.
    pub detectable: Option<f64>,
    /// The mean with its standard error; `None` with fewer than two units, or if all are equal.
    #[serde(skip)]
    pub(super) estimate: Option<Estimate>,
}

/// Why the answer is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// The interval lies within the margin.
    WithinMargin,
    /// The interval lies on one side of 0.
    ExcludesZero,
    /// The interval holds 0 and reaches beyond the margin.
    TooWide,
    /// No noise was chosen on any unit, so that the gain is 0.
    NoNoiseChosen,
    /// All differences are equal, so their standard deviation is unknown.
    AllEqual,
    /// There are too few units for an interval.
    TooFewUnits,
}

impl Judged {
    pub(super) fn of_choice(choice: &Choice, design: &Design) -> Self {
        let estimate = choice.judgement.estimate;
        Self {
            mean: choice.difference,
            interval: choice.interval(),
            p: choice.p,
            margin: choice.judgement.margin,
            unit: design.unit,
            units: choice.judged,
            detectable: detectable_by(design, estimate, 1),
            estimate,
        }
    }

    pub(super) fn of_setting(own: &Difference, design: &Design, compared: usize) -> Self {
        let Difference { mean, margin, units, estimate, .. } = *own;
        Self {
            mean,
            interval: own.simultaneous,
            p: own.p_adjusted,
            margin,
            unit: design.unit,
            units,
            detectable: detectable_by(design, estimate, compared),
            estimate,
        }
    }

    pub(super) fn reason(&self, answer: Answer, choice: &Choice, about: About) -> Reason {
        match answer {
            Answer::Equivalent => Reason::WithinMargin,
            Answer::Helps | Answer::Hurts => Reason::ExcludesZero,
            Answer::Undecided if self.interval.is_some() => Reason::TooWide,
            Answer::Undecided if about == About::Choice && choice.noisy == 0 => {
                Reason::NoNoiseChosen
            }
            Answer::Undecided if self.units > 1 && self.estimate.is_none() => Reason::AllEqual,
            Answer::Undecided => Reason::TooFewUnits,
        }
    }
}

fn detectable_by(design: &Design, estimate: Option<Estimate>, comparisons: usize) -> Option<f64> {
    let alpha = (1. - LEVEL) / comparisons as f64;
    let found = estimate.map(|own| design.detectable(own.std, own.n, alpha));
    found.filter(|difference| difference.is_finite())
}
