//! Counts of targets and predictions by class.

use super::Predicted;

/// How many rows have a class as their target, as their prediction, and as both.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub targets: f64,
    pub predictions: f64,
    pub hits: f64,
}

impl Tally {
    /// Returns the share of the class's rows that are found. It is undefined without such rows.
    pub fn recall(&self) -> Option<f64> {
        (self.targets > 0.).then(|| self.hits / self.targets)
    }

    /// Returns the harmonic mean of precision and recall. It is undefined if no row has the class, as
    /// its target or as its prediction.
    pub fn f1(&self) -> Option<f64> {
        let rows = self.targets + self.predictions;
        (rows > 0.).then(|| 2. * self.hits / rows)
    }
}

/// Returns the counts of each class for predicted classes, each with its target.
pub(super) fn tally(classes: usize, pairs: impl Iterator<Item = (u32, u32)>) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); classes];
    for (predicted, target) in pairs {
        tallies[predicted as usize].predictions += 1.;
        tallies[target as usize].targets += 1.;
        if predicted == target {
            tallies[target as usize].hits += 1.;
        }
    }
    tallies
}

/// Returns the counts of each class, or `None` if the rows are not classified.
pub(super) fn tally_of(rows: &Predicted) -> Option<Vec<Tally>> {
    let pairs = || rows.classes().zip(rows.labels());
    rows.are_classified().then(|| tally(rows.class_count(), pairs()))
}

/// Returns the mean of those scores that are defined, or `None` if none is.
pub(super) fn mean_of_defined(scores: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let defined: Vec<f64> = scores.flatten().collect();
    (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
}
