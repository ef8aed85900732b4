//! Tests and intervals for paired scores: is a difference more than chance, and does it matter?
//!
//! | question | function |
//! |---|---|
//! | How large is a mean difference, with interval, test and test of equivalence? | [`Estimate`] |
//! | Do two arms differ, each seed paired with itself? | [`paired_t`] |
//! | The same for scores with overlapping training sets | [`nadeau_bengio`] |
//! | What does an interval say, given the smallest difference that matters? | [`Answer`] |
//! | Which arm do data choose that do not judge it? | [`chosen_by_earlier`] |
//! | May I look after every repeat? | [`Estimate::anytime_interval`] |
//! | What do further looks at p < 0.05 cost? | [`error_of_looks`] |
//! | How many repeats would find a difference that matters? | [`units_needed`], [`detectable`] |
//! | Do two networks differ on the rows of one test set? | [`mcnemar`] |
//! | Which of many p-values remain significant? | [`bonferroni`], [`holm`] |
//! | How large is a share at least, given some trials? | [`clopper_pearson_low`] |
//! | An interval by resampling, for comparison | [`bootstrap_interval`] |
//!
//! Also the curve of a classifier: [`roc_curve`].

mod adjust;
mod answer;
mod anytime;
mod bca;
mod bootstrap;
mod box_plot;
mod choice;
mod clopper_pearson;
mod digits;
mod estimate;
mod looks;
mod mcnemar;
mod power;
mod roc;
mod statistic;
mod t_test;

pub use adjust::{bonferroni, holm};
pub use answer::Answer;
pub use bootstrap::{Interval, bootstrap_interval};
pub use box_plot::BoxPlot;
pub use choice::{best_arm, chosen_by_earlier};
pub use clopper_pearson::clopper_pearson_low;
pub use digits::{Digits, number};
pub use estimate::{Estimate, are_equal};
pub use looks::error_of_looks;
pub use mcnemar::mcnemar;
pub use power::{POWER, detectable, smallest_count, units_needed};
pub use roc::{area, height, roc_curve};
pub use statistic::{Statistic, mean, statistic};
pub use t_test::{TTest, nadeau_bengio, paired_t};

/// Returns the largest difference between values that are equal up to round-off. It is 10⁻¹² for
/// values of order one and below: subtracting two accuracies leaves an error near 10⁻¹⁶, and two
/// different accuracies differ by at least one over the number of rows.
fn round_off(values: &[f64]) -> f64 {
    1e-12 * values.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()))
}
