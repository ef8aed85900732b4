//! The receiver operating characteristic.

use crate::metric::counts_by_threshold;

/// Returns the ROC curve from (0, 0) to (1, 1): for each score as a threshold, from the highest on, the
/// share of the negatives and of the positives with at least this score. Equal scores give one point,
/// as in scikit-learn's `roc_curve` with `drop_intermediate=False`. Returns `None` if a score is NaN, or
/// there are no positives or no negatives.
///
/// Fawcett 2006, "An introduction to ROC analysis".
pub fn roc_curve(scored: &[(f64, bool)]) -> Option<Vec<[f64; 2]>> {
    let counts = counts_by_threshold(scored)?;
    let [negatives, positives] = *counts.last()?;
    let share = |counts: &[usize; 2]| {
        [counts[0] as f64 / negatives as f64, counts[1] as f64 / positives as f64]
    };
    (negatives > 0 && positives > 0).then(|| counts.iter().map(share).collect())
}

/// Returns the area under a curve of points with ascending x, by trapezia.
pub fn area(curve: &[[f64; 2]]) -> f64 {
    curve.windows(2).map(|w| (w[1][0] - w[0][0]) * (w[0][1] + w[1][1]) / 2.).sum()
}

/// Returns the height of a curve of points with ascending x at `x`: of several points with this x, the
/// highest.
pub fn height(curve: &[[f64; 2]], x: f64) -> f64 {
    let after = curve.partition_point(|point| point[0] <= x);
    match (after.checked_sub(1).map(|i| curve[i]), curve.get(after).copied()) {
        (Some([a, low]), Some([b, high])) => low + (high - low) * (x - a) / (b - a),
        (Some([_, y]), None) | (None, Some([_, y])) => y,
        (None, None) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scikit-learn 1.7, `roc_curve([0, 0, 1, 1], [.1, .4, .35, .8], drop_intermediate=False)` and
    /// `roc_auc_score`.
    #[test]
    fn the_curve_is_that_of_scikit_learn() {
        let scored = [(0.1, false), (0.4, false), (0.35, true), (0.8, true)];
        let curve = roc_curve(&scored).unwrap();
        assert_eq!(curve, [[0., 0.], [0., 0.5], [0.5, 0.5], [0.5, 1.], [1., 1.]]);
        assert_eq!(area(&curve), 0.75);
        assert_eq!([0., 0.25, 0.5, 0.75, 1.].map(|x| height(&curve, x)), [0.5, 0.5, 1., 1., 1.]);
    }

    #[test]
    fn equal_scores_give_the_diagonal_and_one_class_no_curve() {
        let curve = roc_curve(&[(0.5, false), (0.5, true), (0.5, true)]).unwrap();
        assert_eq!(curve, [[0., 0.], [1., 1.]]);
        assert_eq!((area(&curve), height(&curve, 0.3)), (0.5, 0.3));
        assert_eq!(roc_curve(&[(0.5, true)]), None);
        assert_eq!(roc_curve(&[(f64::NAN, true), (0.1, false)]), None);
    }
}
