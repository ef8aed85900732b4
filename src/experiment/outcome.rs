//! The results of an experiment as plain data: what `result.json` holds.

use serde::{Deserialize, Serialize};

use super::compare::CellOutcome;
use super::conclude::Conclusion;
use super::plan::Plan;
use super::record::{Record, Run};
use super::references::Reference;
use super::run::TestNoise;
use crate::data::table::Reading;
use crate::metric::Better;
use crate::robust::Robustness;
use crate::stats::Digits;

/// Everything that an experiment found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// Name of the experiment.
    pub experiment: String,
    /// The command that was run.
    pub command: String,
    /// The device that trained.
    pub device: String,
    /// What determined the results.
    pub plan: Plan,
    /// What is told of the data, by name.
    pub data: Vec<(String, serde_json::Value)>,
    /// The name of the primary metric.
    pub metric: String,
    /// Which of its scores are better.
    pub better: Better,
    /// Wall times of this command; runs that were finished before cost it nothing.
    pub seconds: Seconds,
    /// The cells, for each network and training set the baseline first.
    pub cells: Vec<CellOutcome>,
    /// What they say together; `None` if no pair of runs finished.
    pub conclusion: Option<Conclusion>,
    /// The finished runs of each cell with their curves.
    pub records: Vec<Vec<Record>>,
    /// What is reached without a network: first without any model, then with a simple one.
    pub references: Vec<Reference>,
    /// What was read and decided about a table.
    pub reading: Option<Reading>,
    /// The noise that was on in a further test, if there was one: runs have the scores `noisy_test_…`.
    pub test_noise: Option<TestNoise>,
    /// The numbers of training, validation and test rows of the first split, if it is one of a table.
    pub sizes: Option<[usize; 3]>,
    /// The numbers of runs of each cell at which the answer was looked at, in growing order; empty if only
    /// once.
    pub looks: Vec<usize>,
    /// What attacks on the networks say of the cells side by side, if all of them were attacked.
    pub robustness: Option<Robustness>,
}

/// Wall times in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// All runs with their evaluations, without data, plots and files.
    pub train: f64,
    /// From the start to the writing of the results.
    pub total: f64,
}

impl Outcome {
    /// The finished runs.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.cells.iter().flat_map(|own| &own.runs)
    }

    /// The name of the figure that noise is judged by: `test_accuracy`.
    pub fn figure(&self) -> String {
        format!("test_{}", self.metric)
    }

    /// What noise is judged by, in words: `test accuracy`.
    pub fn metric_name(&self) -> String {
        format!("test {}", self.metric.replace('_', " "))
    }

    /// How the scores of the metric are written, the same for all of them: as that of the first baseline.
    pub fn digits(&self) -> Digits {
        let first = self.cells.first();
        Digits::of(first.and_then(|own| own.summary.get(&self.figure()).mean).unwrap_or(0.))
    }

    /// Number of finished runs.
    pub fn finished(&self) -> usize {
        self.runs().count()
    }

    /// Whether all runs of the plan are finished.
    pub fn is_complete(&self) -> bool {
        self.finished() == self.plan.runs()
    }

    /// Whether there are finished runs and all of them diverged, none with weights to restore.
    pub fn all_diverged(&self) -> bool {
        self.finished() > 0 && self.runs().all(Run::has_failed)
    }
}
