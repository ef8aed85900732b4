//! The results of an experiment as plain data: what `result.json` holds.

use serde::{Deserialize, Serialize};

use super::chunk::Trained;
use super::compare::CellOutcome;
use super::conclusion::Conclusion;
use super::grid::Grid;
use super::settings::Settings;
use crate::train::Stop;

/// Everything that an experiment found. Keys may be added to its JSON form, none is changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Name of the experiment.
    pub experiment: String,
    /// Version of this crate.
    pub version: String,
    /// The command that was run.
    pub command: String,
    /// The device that trained.
    pub device: String,
    /// What determined the results.
    pub settings: Settings,
    /// Wall times.
    pub seconds: Seconds,
    /// One entry a repeat.
    pub runs: Vec<Run>,
    /// Over the runs that did not stop.
    pub summary: Summary,
}

/// Everything that a grid found. Keys may be added to its JSON form, none is changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GridOutcome {
    /// Name of the experiment.
    pub experiment: String,
    /// Version of this crate.
    pub version: String,
    /// The command that was run.
    pub command: String,
    /// The device that trained.
    pub device: String,
    /// What determined the results.
    pub settings: Grid,
    /// Wall times of this command; runs that were finished before cost it nothing.
    pub seconds: Seconds,
    /// The cells, for each network and training set the baseline first.
    pub cells: Vec<CellOutcome>,
    /// What they say together; `None` where no pair of runs finished.
    pub conclusion: Option<Conclusion>,
}

impl GridOutcome {
    /// Number of finished runs.
    pub fn finished(&self) -> usize {
        self.cells.iter().map(|own| own.runs.len()).sum()
    }

    /// Whether all runs of the grid are finished.
    pub fn is_complete(&self) -> bool {
        self.finished() == self.settings.runs().count()
    }
}

/// Wall times in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// All runs with their evaluations, without data, plots and files.
    pub train: f64,
    /// From the start to the writing of the results.
    pub total: f64,
}

/// One repeat. Accuracies and losses are those of the weights that the run ends with, with the noise
/// off, `None` when it failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Seed of weights, batches and noise.
    pub seed: u64,
    /// Seed of the data set.
    pub data_seed: u32,
    /// Share of the training points predicted rightly.
    pub train_accuracy: Option<f64>,
    /// Share of the test points predicted rightly.
    pub test_accuracy: Option<f64>,
    /// Share of the validation points predicted rightly, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Mean cross-entropy of the training points.
    pub train_loss: Option<f32>,
    /// Mean cross-entropy of the test points.
    pub test_loss: Option<f32>,
    /// Highest test accuracy of any epoch: chosen on the test set, so it flatters.
    pub best_test_accuracy: Option<f64>,
    /// The first epoch, from 1, that reached it.
    pub best_epoch: Option<usize>,
    /// The last epoch, from 1, where early stopping ended the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopped_epoch: Option<usize>,
    /// The epoch, from 1, whose weights early stopping restored: the figures are of this epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_epoch: Option<usize>,
    /// Why the run failed: its loss was not finite.
    pub stopped: Option<Stop>,
}

/// Mean and spread over the runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Of the training accuracy.
    pub train_accuracy: Statistic,
    /// Of the test accuracy.
    pub test_accuracy: Statistic,
    /// Of the validation accuracy, where there are validation points.
    #[serde(default, skip_serializing_if = "Statistic::is_empty")]
    pub validation_accuracy: Statistic,
    /// Of the training loss.
    pub train_loss: Statistic,
    /// Of the test loss.
    pub test_loss: Statistic,
    /// Of the highest test accuracy of each run.
    pub best_test_accuracy: Statistic,
}

/// Mean, sample standard deviation (n − 1) and count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistic {
    /// `None` without values.
    pub mean: Option<f64>,
    /// `None` with fewer than two values.
    pub std: Option<f64>,
    /// Number of values.
    pub n: usize,
}

impl Statistic {
    fn is_empty(&self) -> bool {
        self.n == 0
    }
}

/// Mean and sample standard deviation of some values.
pub fn statistic(values: impl IntoIterator<Item = f64>) -> Statistic {
    let values: Vec<f64> = values.into_iter().collect();
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    Statistic {
        mean: (n > 0).then_some(mean),
        std: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()),
        n,
    }
}

impl Run {
    /// The runs of an experiment, in the order of the seeds.
    pub fn all(settings: &Settings, trained: &Trained) -> Vec<Self> {
        let seeds = settings.seeds().into_iter();
        seeds.enumerate().map(|(r, seed)| Self::new(settings, seed, trained, r)).collect()
    }

    /// The run of replica `r`.
    pub(super) fn new(settings: &Settings, seed: u64, trained: &Trained, r: usize) -> Self {
        let history = &trained.histories[r];
        let epoch = history.final_epoch();
        let last = |curve: &[f32]| curve.get(epoch? - 1).copied();
        // Accuracies are counts of rows: undo their rounding to f32.
        let share =
            |accuracy: f32, rows: usize| (f64::from(accuracy) * rows as f64).round() / rows as f64;
        let test_size = settings.test_size();
        let (test_loss, test_accuracy) = history.test_curves();
        let validation = last(&history.val_accuracy).filter(|_| settings.validation_size > 0);
        let best = test_accuracy.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let best_epoch = test_accuracy.iter().position(|&x| x == best).filter(|_| epoch.is_some());
        Self {
            seed,
            data_seed: settings.data_seed,
            train_accuracy: last(&history.clean_accuracy).map(|a| share(a, settings.train_size)),
            test_accuracy: last(test_accuracy).map(|a| share(a, test_size)),
            validation_accuracy: validation.map(|a| share(a, settings.validation_size)),
            train_loss: last(&history.clean_loss),
            test_loss: last(test_loss),
            best_test_accuracy: best_epoch.map(|_| share(best, test_size)),
            best_epoch: best_epoch.map(|epoch| epoch + 1),
            early_stopped_epoch: history.early_stopped.then_some(history.loss.len()),
            restored_epoch: history.restored_epoch,
            stopped: history.stopped.clone(),
        }
    }
}

impl Summary {
    /// Over the runs that have the figure.
    pub fn new(runs: &[Run]) -> Self {
        let over = |figure: fn(&Run) -> Option<f64>| statistic(runs.iter().filter_map(figure));
        Self {
            train_accuracy: over(|run| run.train_accuracy),
            test_accuracy: over(|run| run.test_accuracy),
            validation_accuracy: over(|run| run.validation_accuracy),
            train_loss: over(|run| run.train_loss.map(f64::from)),
            test_loss: over(|run| run.test_loss.map(f64::from)),
            best_test_accuracy: over(|run| run.best_test_accuracy),
        }
    }
}
