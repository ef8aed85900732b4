//! The rows of a classification in double precision.

use super::Predicted;

/// The probability of each class, and the class that is the target, by row.
#[derive(Clone, Debug)]
pub(super) struct Classified {
    /// The number of classes.
    pub classes: usize,
    /// The probabilities, one row after the other.
    pub probabilities: Vec<f64>,
    pub labels: Vec<u32>,
}

impl Classified {
    /// Returns the probabilities of predictions with their targets, or `None` if there are no rows, they
    /// are not classified or a probability is NaN, as beside two infinite logits.
    pub fn of(rows: &Predicted) -> Option<Self> {
        if rows.is_empty() || !rows.are_classified() {
            return None;
        }
        let (classes, probabilities) = (rows.class_count(), rows.all_probabilities());
        let are_numbers = probabilities.iter().all(|p| !p.is_nan());
        are_numbers.then(|| Self { classes, probabilities, labels: rows.labels().collect() })
    }

    /// Returns the probabilities with the targets, row by row.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[f64], usize)> {
        let labels = self.labels.iter().map(|label| *label as usize);
        self.probabilities.chunks_exact(self.classes).zip(labels)
    }

    /// Returns the probability of a class in each row, and whether it is the target.
    pub fn scored(&self, class: usize) -> Vec<(f64, bool)> {
        self.iter().map(|(row, label)| (row[class], label == class)).collect()
    }
}
