//! What would decide.

use serde::Serialize;

use super::board::only_choosing;
use super::{About, Judged};
use crate::experiment::basis::Basis;
use crate::experiment::plan::Plan;
use crate::experiment::units::{Design, LEVEL, Unit};
use crate::stats::{Estimate, smallest_count};

/// How many observations would find a difference of the margin with a probability of 80 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// What there should be more of.
    pub what: What,
    /// How many.
    pub count: usize,
    /// How many there are.
    pub have: usize,
    /// Whether this number decides whatever the difference is, because there are enough to find one of the
    /// margin already.
    pub sure: bool,
}

/// What there can be more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// Repeats, on one split or of folds.
    Repeats,
    /// Data seeds.
    DataSets,
    /// Rows of a table, because repeated folds share them all.
    Rows,
}

/// What is compared, and how much of it there is.
pub(super) struct Amount {
    /// The smallest difference that matters.
    pub margin: f64,
    /// Number of comparisons that hold together.
    pub comparisons: usize,
    /// Repeats, or data seeds.
    pub have: usize,
    /// Units that only choose, in all for data seeds and of each repeat for folds.
    pub only_choosing: usize,
    /// Folds, or 1.
    pub folds: usize,
    /// Rows of the task.
    pub rows: usize,
}

impl Amount {
    pub fn of(basis: &Basis, plan: &Plan, judged: &Judged, about: About, settings: usize) -> Self {
        let chooses = about == About::Choice && plan.validation_size == 0;
        let have = match judged.unit {
            Unit::DataSeed => plan.data_seeds.len(),
            Unit::Repeat | Unit::Split | Unit::Fold => plan.repeats,
        };
        let only_choosing = match judged.unit {
            Unit::DataSeed if chooses => only_choosing(have),
            Unit::Fold if chooses => 1,
            _ => 0,
        };
        let comparisons = if about == About::Settings { settings } else { 1 };
        let (folds, rows) = (plan.folds.unwrap_or(1), basis.rows.all);
        Self { margin: judged.margin, comparisons, have, only_choosing, folds, rows }
    }

    /// Returns how many data seeds only choose if `judging` of them judge.
    fn only_choosing_of(&self, judging: usize) -> usize {
        if self.only_choosing == 0 { 0 } else { only_choosing(judging + 1) }
    }
}

/// Returns how many observations a difference of the margin takes, at the standard deviation of the units.
///
/// Folds that are repeated share all rows, so that their mean keeps the variance of K - 1 independent folds.
/// If that is too much, more rows are needed: the variance of a fold's difference is taken to fall as
/// 1/rows.
///
/// If there are enough for a difference of the margin, but the answer is still open, the number is that with
/// which the interval reaches half a margin to each side, and so decides whatever the difference is.
pub(super) fn needed(design: &Design, estimate: &Estimate, amount: &Amount) -> Option<Needed> {
    let (margin, std, n) = (amount.margin, estimate.std, estimate.n);
    let alpha = (1. - LEVEL) / amount.comparisons as f64;
    let found = smallest_count(|n| design.detectable(std, n, alpha) <= margin);
    let sure = found.is_some_and(|found| found <= n);
    let units = match sure {
        true => smallest_count(|n| design.reach(std, n, alpha) <= margin / 2.),
        false => found,
    };
    match design.unit {
        Unit::Repeat => {
            Some(Needed { what: What::Repeats, count: units?, have: amount.have, sure })
        }
        Unit::DataSeed => {
            let count = units? + amount.only_choosing_of(units?);
            Some(Needed { what: What::DataSets, count, have: amount.have, sure })
        }
        Unit::Fold | Unit::Split => {
            let each = (amount.folds - amount.only_choosing).max(1);
            if let Some(count) = units.map(|units| units.div_ceil(each)) {
                return Some(Needed { what: What::Repeats, count, have: amount.have, sure });
            }
            let now = match sure {
                true => 2. * design.reach(std, n, alpha),
                false => design.detectable(std, n, alpha),
            };
            let rows = (amount.rows as f64 * (now / margin).powi(2)).ceil();
            let count = (rows < 1e12).then_some(rows as usize)?;
            Some(Needed { what: What::Rows, count, have: amount.rows, sure })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::trial::Subject;
    use crate::task::Circles;

    /// `n` differences of standard deviation `std`, half of them below a mean of 0.
    fn estimate(n: usize, std: f64, ratio: f64) -> Estimate {
        let size = std * ((n - 1) as f64 / n as f64).sqrt();
        let units: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { size } else { -size }).collect();
        Estimate::of_folds(&units, ratio).unwrap()
    }

    fn design(folds: Option<usize>, data_seeds: u32) -> Design {
        let task = Circles::default();
        let plan =
            Plan { folds, repeats: 2, data_seeds: (1..=data_seeds).collect(), ..Plan::of(&task) };
        let subject = Subject::new(&task, "cpu", &[]).unwrap();
        let basis = crate::experiment::basis::Basis::new(&subject, &plan).unwrap();
        Design::of(&basis, &plan, plan.cells()[0].variant)
    }

    fn amount(comparisons: usize, have: usize, only_choosing: usize, folds: usize) -> Amount {
        Amount { margin: 0.01, comparisons, have, only_choosing, folds, rows: 300 }
    }

    /// `scipy.stats.t` finds 34 and, for 15 comparisons, 61 pairs (see `stats::units_needed`).
    #[test]
    fn repeats_and_data_sets_are_counted_with_those_that_only_choose() {
        let own = estimate(10, 0.02, 0.);
        let of = |design: &Design, amount| needed(design, &own, &amount).unwrap();
        let repeats = of(&design(None, 1), amount(1, 10, 0, 1));
        assert_eq!(repeats, Needed { what: What::Repeats, count: 34, have: 10, sure: false });
        assert_eq!(of(&design(None, 1), amount(15, 10, 0, 1)).count, 61);
        let data_sets = of(&design(None, 12), amount(1, 12, 2, 1));
        assert_eq!(data_sets, Needed { what: What::DataSets, count: 36, have: 12, sure: false });
    }

    /// With five folds the error stays above half a standard deviation (0.50): a difference of one is found
    /// with more repeats, a difference of a tenth never.
    #[test]
    fn folds_need_rows_if_repeats_cannot_decide() {
        let (folds, own) = (design(Some(5), 1), estimate(8, 0.02, 0.25));
        let of = |margin| {
            let amount = Amount { margin, ..amount(1, 2, 1, 5) };
            needed(&folds, &own, &amount).unwrap()
        };
        let rows = of(0.01);
        // (t(.975, 7) + t(.8, 7)) .02 √(1/8 + 1/4) = (2.36462 + .89603) .0122474 = .0399344
        assert_eq!(rows, Needed { what: What::Rows, count: 4785, have: 300, sure: false });
        let repeats = of(0.031);
        assert_eq!((repeats.what, repeats.have), (What::Repeats, 2));
        assert!(repeats.count > 2 && repeats.count < 20, "{repeats:?}");
    }

    /// Ten differences find a margin of one and a half reaches of their interval already: the detectable
    /// difference is 1.39 reaches. The interval surely decides when it reaches half of the margin.
    #[test]
    fn enough_for_the_margin_but_undecided_needs_half_the_reach() {
        let own = estimate(10, 0.001, 0.);
        let reach = 2.262157 * 0.001 / 10f64.sqrt();
        let amount = Amount { margin: 1.5 * reach, ..amount(1, 10, 0, 1) };
        let found = needed(&design(None, 1), &own, &amount).unwrap();
        // reach(n) = t(0.975, n - 1) 0.001 / √n is 0.000536 and more up to n = 15, and 0.000533 at 16 …
        assert!(found.sure && (14..=17).contains(&found.count), "{found:?}");
    }
}
