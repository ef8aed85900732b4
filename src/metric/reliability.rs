//! Calibration: how often predictions of some confidence are correct.

/// The predictions with a confidence between two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// The mean confidence.
    pub confidence: f64,
    /// The share of correct predictions.
    pub accuracy: f64,
    /// The number of predictions.
    pub count: usize,
}

/// Sorts predictions, each with its confidence from 0 to 1 and whether it is correct, into `bins` equal
/// bins (i/bins, (i + 1)/bins]; a confidence of 0 belongs to the first one. Empty bins and confidences
/// that are NaN are left out.
///
/// Guo et al. 2017, "On Calibration of Modern Neural Networks".
pub fn reliability(predictions: &[(f64, bool)], bins: usize) -> Vec<ReliabilityBin> {
    let place = |confidence: f64| ((confidence * bins as f64).ceil() as usize).clamp(1, bins) - 1;
    let mut sums = vec![(0., 0usize, 0usize); bins];
    for (confidence, correct) in predictions.iter().filter(|(confidence, _)| !confidence.is_nan()) {
        let (sum, hits, count) = &mut sums[place(*confidence)];
        *sum += confidence;
        *hits += usize::from(*correct);
        *count += 1;
    }
    let bin = |(sum, hits, count): (f64, usize, usize)| ReliabilityBin {
        confidence: sum / count as f64,
        accuracy: hits as f64 / count as f64,
        count,
    };
    sums.into_iter().filter(|(_, _, count)| *count > 0).map(bin).collect()
}

/// Returns the expected calibration error: the mean of |accuracy - confidence| over the predictions of
/// all bins.
pub fn calibration_error(bins: &[ReliabilityBin]) -> f64 {
    let total: usize = bins.iter().map(|bin| bin.count).sum();
    let gap = |bin: &ReliabilityBin| bin.count as f64 * (bin.accuracy - bin.confidence).abs();
    bins.iter().map(gap).sum::<f64>() / total as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: two bins, (0, ½] with 0.5 and 0.3, (½, 1] with 0.9 and 0.7.
    #[test]
    fn bins_are_closed_above() {
        let bins = reliability(&[(0.5, true), (0.3, false), (0.9, true), (0.7, true)], 2);
        let bin = |confidence, accuracy| ReliabilityBin { confidence, accuracy, count: 2 };
        assert_eq!(bins, [bin(0.4, 0.5), bin(0.8, 1.)]);
        assert!((calibration_error(&bins) - (0.1 + 0.2) / 2.).abs() < 1e-15);
    }

    #[test]
    fn empty_bins_and_nan_are_left_out() {
        assert_eq!(reliability(&[(0., true), (f64::NAN, true), (1., true)], 15).len(), 2);
        assert_eq!(reliability(&[], 15), []);
    }
}
