//! The area under the receiver operating characteristic.

use super::classified::Classified;
use super::thresholds::counts_by_threshold;
use super::{Margin, Metric, Predicted};

/// The chance that a row of a class has a higher probability of it than another row has, where equal
/// ones count half: for two classes of the second one, for more the mean over the classes, each against
/// the rest. These are `roc_auc_score` of scikit-learn, and the same with `multi_class="ovr"`.
///
/// It is undefined if a class has no rows, a probability is NaN, and where
/// [`Accuracy`](super::Accuracy) is.
#[derive(Clone, Copy, Debug, Default)]
pub struct RocAuc;

impl Metric for RocAuc {
    fn name(&self) -> &str {
        "roc_auc"
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn widest(&self) -> f64 {
        1.
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        roc_auc(&Classified::of(rows)?)
    }
}

pub(super) fn roc_auc(rows: &Classified) -> Option<f64> {
    let judged = if rows.classes == 2 { 1..2 } else { 0..rows.classes };
    let count = judged.len() as f64;
    let areas: Option<Vec<f64>> = judged.map(|class| area(&rows.scored(class))).collect();
    Some(areas?.iter().sum::<f64>() / count)
}

/// Returns U / (n₁ n₀) of Mann and Whitney (1947, Annals of Mathematical Statistics 18).
fn area(scored: &[(f64, bool)]) -> Option<f64> {
    let counts = counts_by_threshold(scored)?;
    let [negatives, positives] = *counts.last()?;
    // twice the pairs of a negative and a positive with a higher score, and once those with an equal one
    let pairs = counts.windows(2).map(|w| (w[1][0] - w[0][0]) * (w[0][1] + w[1][1]));
    let doubled: usize = pairs.sum();
    let all = 2. * negatives as f64 * positives as f64;
    (all > 0.).then(|| doubled as f64 / all)
}
