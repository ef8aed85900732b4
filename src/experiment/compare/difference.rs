//! The difference between a cell and its baseline.

use serde::Serialize;

use crate::experiment::units::Effect;
use crate::stats::{Answer, Estimate, Interval, TTest};

/// Test score of the primary metric minus that of the baseline, over pairs of runs with one seed, data seed
/// and fold.
///
/// Repeats on one data set are no independent draws of data. So with several data seeds the units
/// of interval and tests are the means of each data seed's differences, and the result speaks of
/// data like these; with one data seed they are the differences themselves, and the result speaks
/// of this split alone. Folds are units whose training rows overlap.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Mean over the units.
    pub mean: f64,
    /// Lower end of the 95 % interval of this cell alone, by Student's t; `None` with fewer than two units,
    /// or if all of them are equal.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// The interval that holds together with those of all other noises with 95 % confidence.
    pub simultaneous: Option<Interval>,
    /// What `p` comes from.
    pub test: Test,
    /// Two-sided p-value of that test alone.
    pub p: Option<f64>,
    /// `p` times the number of noises, at most 1: Bonferroni's correction, which belongs to `simultaneous`.
    /// `None` for a single pair.
    pub p_adjusted: Option<f64>,
    /// `p` after Holm's correction over the grid.
    pub p_holm: Option<f64>,
    /// The paired t-test; `None` with fewer than two units, or if all are equal.
    pub paired_t: Option<TTest>,
    /// The t-test for splits that overlap, as resamples of one set of rows do; `None` with fewer
    /// than two data seeds. Circles are drawn anew by each data seed, so it errs on the safe side
    /// there.
    pub nadeau_bengio: Option<TTest>,
    /// Number of pairs.
    pub n: usize,
    /// Number of units.
    pub units: usize,
    /// The smallest difference that matters.
    pub margin: f64,
    /// What the simultaneous interval says.
    pub answer: Answer,
    /// The mean difference over the repeats of folds, which speaks of the rows at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_these_rows: Option<Effect>,
    /// The least and the greatest mean that runs which diverged could have led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Interval>,
    /// The differences of further figures, to describe what noise changes beside the score.
    pub further: Vec<Further>,
    /// The mean with its standard error; `None` with fewer than two units, or if all are equal.
    #[serde(skip)]
    pub(in crate::experiment) estimate: Option<Estimate>,
}

/// The difference of a further figure: it describes, and decides nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Further {
    /// The name of the figure, such as `test_nll`.
    pub figure: String,
    /// The mean of the baseline over the same units.
    pub baseline: f64,
    /// The difference.
    #[serde(flatten)]
    pub effect: Effect,
}

/// A test of the hypothesis that noise makes no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Test {
    /// Student's, of the paired differences.
    PairedT,
    /// The same with an error rate that holds at every look, where runs were added until the answer was found.
    AnytimeT,
    /// Nadeau and Bengio's, of the differences on folds, whose training rows overlap.
    NadeauBengio,
    /// McNemar's, of the test rows that one of two runs predicts correctly: for a single pair. It compares
    /// these two networks, and knows nothing of others.
    Mcnemar,
}
