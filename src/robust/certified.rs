//! What certificates of a set of rows say together.

use candle_core::{Result, bail};

use super::Certificate;

/// Returns, for each radius, the share of rows whose smoothed class is correct and whose certificate reaches beyond
/// the radius. At radius 0 it is the share of rows that are classified correctly without abstaining.
///
/// There is no mean radius on purpose: it grows without bound as the probability of an easy row's class tends to
/// 1, so a few easy rows, or more draws, decide it, and even a constant answer has a large one (Sun et al. 2024,
/// "Average Certified Radius is a Poor Metric for Randomized Smoothing", arXiv:2410.06895). Accuracies at stated
/// radii, and the probabilities themselves ([`p_low_quantiles`]), say what it hides.
///
/// # Errors
/// If there is no row, or not a label for each.
pub fn certified_accuracy(
    certificates: &[Certificate],
    labels: &[u32],
    radii: &[f64],
) -> Result<Vec<f64>> {
    let count = certificates.len();
    if count == 0 || labels.len() != count {
        bail!(
            "expected a label for each of at least one row, received {} for {count}",
            labels.len()
        )
    }
    let rows = certificates.iter().zip(labels);
    let reach: Vec<f64> =
        rows.filter(|(own, label)| own.class == Some(**label)).map(|(own, _)| own.radius).collect();
    let share =
        |radius: &f64| reach.iter().filter(|own| *own > radius).count() as f64 / count as f64;
    Ok(radii.iter().map(share).collect())
}

/// Returns the share of rows without a smoothed class; `None` without rows.
pub fn abstention(certificates: &[Certificate]) -> Option<f64> {
    let none = certificates.iter().filter(|own| own.class.is_none()).count();
    (!certificates.is_empty()).then(|| none as f64 / certificates.len() as f64)
}

/// Returns quantiles of the bounds of the rows' probabilities, the smallest value with at least each share of
/// the rows up to it; `None` without rows.
pub fn p_low_quantiles(certificates: &[Certificate], shares: &[f64]) -> Option<Vec<f64>> {
    let mut sorted: Vec<f64> = certificates.iter().map(|own| own.p_low).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let place = |share: &f64| (share * sorted.len() as f64).ceil() as usize;
    Some(shares.iter().map(|share| sorted[place(share).saturating_sub(1).min(last)]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(class: Option<u32>, radius: f64, p_low: f64) -> Certificate {
        Certificate { class, radius, p_low, votes: 0 }
    }

    #[test]
    fn shares_by_hand() -> Result<()> {
        let rows = [
            row(Some(1), 0.5, 0.7),
            row(Some(1), 0.9, 0.8),
            row(None, 0., 0.4),
            row(Some(0), 0.3, 0.6),
        ];
        let found = certified_accuracy(&rows, &[1, 0, 1, 0], &[0., 0.3, 0.4, 0.5])?;
        assert_eq!(found, [0.5, 0.25, 0.25, 0.]);
        assert_eq!(abstention(&rows), Some(0.25));
        let found = p_low_quantiles(&rows, &[0., 0.25, 0.5, 0.51, 1.]);
        assert_eq!(found, Some(vec![0.4, 0.4, 0.6, 0.7, 0.8]));
        Ok(())
    }

    #[test]
    fn no_rows_have_no_shares() {
        assert!(certified_accuracy(&[], &[], &[0.]).is_err());
        assert!(certified_accuracy(&[row(None, 0., 0.)], &[0, 1], &[0.]).is_err());
        assert_eq!((abstention(&[]), p_low_quantiles(&[], &[0.5])), (None, None));
    }
}
