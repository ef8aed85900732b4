//! The answer in sentences.

mod compared;
mod details;
mod names;
mod verdict;
mod warnings;

pub use compared::{comparison_sentences, comparison_word};
pub use names::{
    cell_name, folds_words, margin_number, noise_name, p_number, place_name, range, remedy_name,
    strength_name, strength_words, variant_words,
};

use super::outcome::Outcome;
use names::counted;

impl Outcome {
    /// The answer in one sentence.
    pub fn sentence(&self) -> String {
        conclusion_sentences(self).swap_remove(0)
    }
}

/// Returns the answer in one sentence, what stands beside it, and warnings if networks learned nothing, or
/// runs diverged or are not finished yet.
pub fn conclusion_sentences(outcome: &Outcome) -> Vec<String> {
    let mut sentences = match &outcome.conclusion {
        Some(own) => {
            let mut sentences = vec![verdict::verdict(outcome, own)];
            sentences.extend(details::details(outcome, own));
            sentences
        }
        None => vec!["No run with noise could be compared with the baseline.".to_string()],
    };
    sentences.extend(warnings::compared_with_references(outcome));
    sentences.extend(warnings::poor_baseline(outcome));
    sentences.extend(warnings::diverged(outcome));
    if let Some(own) = &outcome.conclusion {
        sentences.extend(warnings::bounds(outcome, own));
        sentences.extend(warnings::worse_probabilities(outcome, own));
        sentences.extend(warnings::one_class(outcome, own));
    }
    sentences.extend(warnings::looks(outcome));
    if !outcome.is_complete() {
        sentences.push(format!(
            "Of {} {} are finished: the others may change this.",
            counted(outcome.plan.runs(), "run"),
            outcome.finished()
        ));
    }
    sentences
}
