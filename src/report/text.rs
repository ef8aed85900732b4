//! The summary line for people.

use crate::experiment::{Outcome, Reference, Summary, folds_words};
use crate::stats::Statistic;

/// Returns `Train: 0.967, Test: 0.814`, with repeats
/// `Train: 0.948 ± 0.017, Test: 0.804 ± 0.016 (30 repeats)`, or `(28 of 30 repeats)` if two runs
/// stopped. The figures are those of a metric.
///
/// A figure without any value is `-`.
pub fn result_line(summary: &Summary, metric: &str, repeats: usize) -> String {
    figures_line(
        ["train", "test"].map(|set| summary.get(&format!("{set}_{metric}"))),
        repeats,
        "repeats",
    )
}

/// Returns the line of a table: `Test: accuracy 0.720 ± 0.052 (5 folds × 10 repeats; majority
/// class 0.647, logistic regression 0.747)`.
pub fn folds_line(outcome: &Outcome) -> String {
    let figure = outcome.cells.first().map(|own| own.summary.get(&outcome.figure()));
    let references: Vec<String> = outcome.references.iter().filter_map(Reference::words).collect();
    let more = if references.is_empty() { String::new() } else { "; ".to_string() };
    format!(
        "Test: {} {} ({}{more}{})",
        outcome.metric.replace('_', " "),
        figure.unwrap_or_default().words(),
        folds_words(&outcome.plan),
        references.join(", ")
    )
}

/// Returns the [`result_line`] of a training and a test figure over some `runs`, such as `repeats`.
pub fn figures_line([train, test]: [Statistic; 2], count: usize, runs: &str) -> String {
    let repeats = match (test.n, count) {
        (_, 1) => String::new(),
        (n, count) if n == count => format!(" ({n} {runs})"),
        (n, count) => format!(" ({n} of {count} {runs})"),
    };
    format!("Train: {}, Test: {}{repeats}", train.words(), test.words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Run, Scores};

    /// Returns the summary of runs with these figures; a run without a figure diverged.
    fn summary(train: &[f64], test: &[f64]) -> Summary {
        let run = |k: usize| {
            let mut scores = Scores::default();
            scores.set("train_accuracy", train.get(k).copied());
            scores.set("test_accuracy", test.get(k).copied());
            Run { scores, ..Run::default() }
        };
        Summary::new(&(0..train.len().max(1)).map(run).collect::<Vec<_>>())
    }

    #[test]
    fn one_run_reads_as_in_the_tutorial() {
        let line = result_line(&summary(&[29. / 30.], &[57. / 70.]), "accuracy", 1);
        assert_eq!(line, "Train: 0.967, Test: 0.814");
    }

    #[test]
    fn repeats_have_a_standard_deviation_and_a_count() {
        // 0.8 and 0.9: mean 0.85, sample standard deviation 0.1 / √2 = 0.0707.
        let line = result_line(&summary(&[1., 1.], &[0.8, 0.9]), "accuracy", 2);
        assert_eq!(line, "Train: 1.000 ± 0.000, Test: 0.850 ± 0.071 (2 repeats)");
    }

    #[test]
    fn small_figures_keep_three_digits() {
        // Errors of a target in small units: mean 2.5e-5, standard deviation 1e-5 / √2.
        let line = result_line(&summary(&[0., 0.], &[2e-5, 3e-5]), "accuracy", 2);
        assert_eq!(line, "Train: 0.000 ± 0.000, Test: 0.0000250 ± 0.0000071 (2 repeats)");
    }

    #[test]
    fn missing_figures_are_dashes_and_stopped_runs_are_counted() {
        assert_eq!(result_line(&summary(&[], &[]), "accuracy", 1), "Train: -, Test: -");
        let line = result_line(&summary(&[1.], &[0.8]), "accuracy", 2);
        assert_eq!(line, "Train: 1.000, Test: 0.800 (1 of 2 repeats)");
    }
}
