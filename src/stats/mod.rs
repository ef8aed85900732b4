//! Tests and an interval for paired scores: is a difference more than chance?
//!
//! | question | function |
//! |---|---|
//! | Do two arms differ, each seed paired with itself? | [`paired_t`] |
//! | The same for scores with overlapping training sets | [`nadeau_bengio`] |
//! | How large may the difference be? | [`bootstrap_interval`] |
//! | The same by Student's t, also for overlapping training sets | [`t_interval`] |
//! | Do two networks differ on the rows of one test set? | [`mcnemar`] |
//! | Which of many p-values remain significant? | [`holm`] |
//!
//! Also the curve of a classifier: [`roc_curve`].

mod bca;
mod bootstrap;
mod box_plot;
mod holm;
mod mcnemar;
mod roc;
mod statistic;
mod t_interval;
mod t_test;

pub use bootstrap::{Interval, bootstrap_interval};
pub use box_plot::BoxPlot;
pub use holm::holm;
pub use mcnemar::mcnemar;
pub use roc::{area, height, roc_curve};
pub use statistic::{Statistic, decimals, mean, number, statistic};
pub use t_interval::t_interval;
pub use t_test::{TTest, nadeau_bengio, paired_t};

/// Returns the largest difference between values that are equal up to round-off. It is 10⁻¹² for
/// values of order one and below: subtracting two accuracies leaves an error near 10⁻¹⁶, and two
/// different accuracies differ by at least one over the number of rows.
fn round_off(values: &[f64]) -> f64 {
    1e-12 * values.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()))
}
