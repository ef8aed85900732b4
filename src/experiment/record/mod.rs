//! One trained run as plain data: its scores, and what comparisons and pictures need.

mod one_class;
mod scores;

use std::ops::Not;

use serde::{Deserialize, Serialize};

pub use scores::{Scores, Summary};

use self::one_class::is_one_class;
use super::trial::{Subject, Trial, Varying};
use crate::metric::{Metric, Predicted};
use crate::robust::ScanScores;
use crate::train::{ReplicaHistory, Stop};

/// One repeat. The figures are those of the weights that the run ends with, with the noise off, `None` if
/// it [has failed](Self::has_failed): for each metric `train_`, `test_` and, if there are validation rows, `validation_`; the
/// losses; and `best_test_`, the best of any epoch, which is chosen by the test rows and so optimistic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Seed of weights, batches and noise.
    pub seed: u64,
    /// Seed of the data set.
    pub data_seed: u32,
    /// The fold that tests, if there are folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// The figures.
    #[serde(flatten)]
    pub scores: Scores,
    /// The first epoch, from 1, that reached the best test score.
    pub best_epoch: Option<usize>,
    /// The last epoch, from 1, if early stopping ended the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopped_epoch: Option<usize>,
    /// The epoch, from 1, whose weights early stopping restored: the figures are of this epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_epoch: Option<usize>,
    /// The loss that ended the run, if it was not finite: the run diverged. It has failed unless early
    /// stopping restored the weights of an earlier epoch.
    pub stopped: Option<Stop>,
    /// Whether all test rows are predicted as one class, although they are of several.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub one_class: bool,
}

/// The final predictions of a replica: training, validation and test rows.
pub(super) type Final<'a> = [Option<&'a Predicted>; 3];

impl Run {
    /// The run of a replica with this history and these predictions.
    pub(super) fn new(
        trial: &Trial,
        history: &ReplicaHistory,
        rows: Final,
        subject: &Subject,
    ) -> Self {
        let (epoch, metrics) = (history.final_epoch(), subject.metrics());
        let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
        let mut scores = Scores::default();
        Scores::names(&names, rows[1].is_some()).iter().for_each(|name| scores.set(name, None));
        let sets = ["train", "validation", "test"].into_iter().zip(rows);
        for (set, rows) in sets.filter_map(|(set, rows)| Some((set, rows?))) {
            for metric in metrics.iter().filter(|_| epoch.is_some()) {
                let score = metric.score(rows).filter(|score| score.is_finite());
                scores.set(&format!("{set}_{}", metric.name()), score);
            }
        }
        let last = |curve: &[f32]| curve.get(epoch? - 1).map(|x| f64::from(*x));
        let curves =
            [("train", &history.clean), ("validation", &history.val), ("test", &history.test)];
        for (set, curves) in curves.into_iter().filter(|(_, curves)| !curves.loss.is_empty()) {
            scores.set(&format!("{set}_loss"), last(&curves.loss));
        }
        let classified =
            rows[2].filter(|_| epoch.is_some() && subject.objective().classes().is_some());
        let best = best(&history.test.score, &*metrics[0]).filter(|_| epoch.is_some());
        scores.set(&format!("best_test_{}", names[0]), best.map(|(_, score)| score));
        Self {
            seed: trial.seed,
            data_seed: trial.draw.data_seed,
            fold: trial.draw.fold,
            scores,
            best_epoch: best.map(|(epoch, _)| epoch),
            early_stopped_epoch: history.early_stopped.then_some(history.epochs()),
            restored_epoch: history.restored_epoch,
            stopped: history.stopped.clone(),
            one_class: classified.is_some_and(is_one_class),
        }
    }

    /// Whether the run diverged and early stopping had no weights to restore: it has no figures.
    pub fn has_failed(&self) -> bool {
        self.stopped.is_some() && self.restored_epoch.is_none()
    }

    /// What runs of a pair share: the data seed, the fold, and the seed of weights, batches and noise.
    pub fn pair(&self) -> (u32, Option<usize>, u64) {
        (self.data_seed, self.fold, self.seed)
    }

    /// A figure by its name, as `test_accuracy`.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.scores.get(name)
    }
}

/// The first epoch, from 1, with the best score of a curve, and the score.
fn best(curve: &[f64], metric: &dyn Metric) -> Option<(usize, f64)> {
    let scores = curve.iter().copied().enumerate().filter(|(_, score)| score.is_finite());
    let better = |a: f64, b: f64| metric.better().is_better(b, a);
    scores
        .reduce(|a, b| if better(a.1, b.1) { b } else { a })
        .map(|(index, score)| (index + 1, score))
}

/// A run and what its comparison with others and its pictures need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What tells the run apart from others of its folder.
    #[serde(flatten)]
    pub(super) varying: Varying,
    /// Its figures.
    pub run: Run,
    /// A digit for each test row: 1 if it is predicted correctly in the end; empty if the primary metric
    /// does not count that.
    pub test_hits: String,
    /// Its curves at some epochs.
    pub curves: Sampled,
    /// What its network scores under attack on its own test rows; empty if it was not attacked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub robust: Vec<ScanScores>,
}

/// The curves of a run at the epochs of [`sampled_epochs`], shorter if it stopped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// Score of the training rows, noise off; `None` if it was undefined.
    pub train_score: Vec<Option<f32>>,
    /// Score of the test rows.
    pub test_score: Vec<Option<f32>>,
    /// Loss of the training rows, noise off.
    pub train_loss: Vec<f32>,
    /// Loss of the test rows.
    pub test_loss: Vec<f32>,
}

/// The epochs, from 1, that stored curves have: all, or some hundred evenly from the first to the
/// last.
pub fn sampled_epochs(epochs: usize) -> Vec<usize> {
    const MOST: usize = 101;
    let count = epochs.min(MOST);
    let last = count.saturating_sub(1).max(1);
    (0..count).map(|k| 1 + (k * (epochs - 1) + last / 2) / last).collect()
}

impl Record {
    /// The record of a trial. `repeat` is the number of its seed among the repeats: a replica's number in
    /// its chunk says nothing about the run.
    pub(super) fn new(
        trial: &Trial,
        repeat: usize,
        mut run: Run,
        hits: Option<Vec<bool>>,
        history: &ReplicaHistory,
    ) -> Self {
        if let Some(stop) = &mut run.stopped {
            stop.replica = repeat;
        }
        let hits = hits.filter(|_| !run.has_failed()).unwrap_or_default();
        let hits: String = hits.iter().map(|hit| if *hit { '1' } else { '0' }).collect();
        let curves = Sampled::new(history, trial.hyper.epochs);
        Self { curves, ..Self::of(trial, run, &hits) }
    }

    /// The record of a run that was trained elsewhere, without curves; `test_hits` has a digit for each test
    /// row, or nothing.
    pub fn of(trial: &Trial, run: Run, test_hits: &str) -> Self {
        let (varying, test_hits) = (Varying::of(trial), test_hits.to_string());
        Self { varying, run, test_hits, curves: Sampled::default(), robust: Vec::new() }
    }

    /// What runs of a pair share: the data seed, the fold, and the seed of weights, batches and noise.
    pub fn pair(&self) -> (u32, Option<usize>, u64) {
        self.run.pair()
    }

    /// Whether its network was attacked, or there is none to attack.
    pub fn is_attacked(&self) -> bool {
        !self.robust.is_empty() || self.run.has_failed()
    }
}

impl AsRef<Run> for Record {
    fn as_ref(&self) -> &Run {
        &self.run
    }
}

impl AsRef<Run> for Run {
    fn as_ref(&self) -> &Run {
        self
    }
}

impl Sampled {
    fn new(history: &ReplicaHistory, epochs: usize) -> Self {
        let epochs = sampled_epochs(epochs);
        let losses =
            |curve: &[f32]| epochs.iter().map_while(|e| curve.get(e - 1).copied()).collect();
        let score = |score: &f64| Some(*score as f32).filter(|score| score.is_finite());
        let scores =
            |curve: &[f64]| epochs.iter().map_while(|e| curve.get(e - 1).map(score)).collect();
        Self {
            train_score: scores(&history.clean.score),
            test_score: scores(&history.test.score),
            train_loss: losses(&history.clean.loss),
            test_loss: losses(&history.test.loss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampled_epochs_run_evenly_from_the_first_to_the_last() {
        assert_eq!(sampled_epochs(1), [1]);
        assert_eq!(sampled_epochs(3), [1, 2, 3]);
        assert_eq!(sampled_epochs(101), (1..=101).collect::<Vec<_>>());
        let epochs = sampled_epochs(4000);
        assert_eq!((epochs.len(), epochs[0], epochs[50], epochs[100]), (101, 1, 2001, 4000));
        assert!(epochs.windows(2).all(|pair| (39..=41).contains(&(pair[1] - pair[0]))));
    }

    /// A store compares what it reads with what it would write.
    #[test]
    fn runs_without_the_key_of_one_class_are_read_and_written_as_they_were() {
        let earlier = r#"{"seed":7,"data_seed":1,"test_loss":0.5,"best_epoch":3,"stopped":null}"#;
        let later = earlier.replace("null}", r#"null,"one_class":true}"#);
        for (json, one_class) in [(earlier, false), (&later, true)] {
            let run: Run = serde_json::from_str(json).unwrap();
            assert_eq!((run.one_class, run.scores.iter().len()), (one_class, 1));
            assert_eq!(serde_json::to_string(&run).unwrap(), json);
        }
    }
}
