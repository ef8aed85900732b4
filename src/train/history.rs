//! The curves of a training run, replica by replica.

use serde::{Deserialize, Serialize};

/// The curves of every replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The name of the primary metric, which gives the scores; empty if there is none.
    pub metric: String,
    /// One entry per replica, in the order of the seeds.
    pub replicas: Vec<ReplicaHistory>,
}

/// The curves of one replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicaHistory {
    /// Of the training rows with the noise on, measured on each batch before its update, as in
    /// Keras.
    pub noisy: Curves,
    /// Of the training rows with the noise off, after the epoch.
    pub clean: Curves,
    /// Of the validation rows with the noise off, after the epoch.
    pub val: Curves,
    /// Of the test rows with the noise off, after the epoch.
    pub test: Curves,
    /// The loss that ended the curves before the last epoch, if one did. The final weights are then
    /// of no use, unless early stopping restored others.
    pub stopped: Option<Stop>,
    /// Whether early stopping ended the curves.
    pub early_stopped: bool,
    /// The epoch, from 1, of the weights that early stopping restored.
    pub restored_epoch: Option<usize>,
}

/// Loss and score, one value per epoch; empty if they were not measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// Mean loss over the rows.
    pub loss: Vec<f32>,
    /// Score of the primary metric; NaN if it was undefined.
    pub score: Vec<f64>,
}

/// A replica with a NaN or infinite loss, or with such weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// The number of the replica, from 0.
    pub replica: usize,
    /// Its seed.
    pub seed: u64,
    /// The epoch, from 1, of this loss. The curves end before it.
    pub epoch: usize,
    /// Which loss: `loss`, `clean_loss`, `val_loss` or `test_loss`; or `weights`, if they or running
    /// statistics are not finite although the losses are, because a rectifier makes 0 of NaN.
    pub which: String,
    /// `NaN`, `inf` or `-inf`; `NaN` for weights.
    pub value: String,
}

/// Loss and score of each replica on one data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetScores {
    /// Mean loss over the rows.
    pub loss: Vec<f32>,
    /// Score of the primary metric; empty if the objective has no metric.
    pub score: Vec<f64>,
}

impl History {
    pub(super) fn new(metric: String, replicas: usize) -> Self {
        Self { metric, replicas: vec![ReplicaHistory::default(); replicas] }
    }

    /// Returns whether no replica is still training.
    pub fn all_ended(&self) -> bool {
        self.replicas.iter().all(ReplicaHistory::has_ended)
    }

    /// Returns the replicas with a loss that was not finite.
    pub fn stops(&self) -> impl Iterator<Item = &Stop> {
        self.replicas.iter().filter_map(|replica| replica.stopped.as_ref())
    }

    /// Stops the replicas whose weights are not finite although their losses are.
    pub(super) fn stop_hidden(
        &mut self,
        epoch: usize,
        seeds: &[u64],
        scores: &[SetScores; 4],
        finite: &[bool],
    ) {
        let shows = |r: usize| {
            scores.iter().any(|scores| scores.loss.get(r).is_some_and(|loss| !loss.is_finite()))
        };
        for (replica, history) in self.replicas.iter_mut().enumerate() {
            if !finite[replica] && !history.has_ended() && !shows(replica) {
                let (which, value) = ("weights".to_string(), "NaN".to_string());
                history.stopped = Some(Stop { replica, seed: seeds[replica], epoch, which, value });
            }
        }
    }

    /// Appends epochs, of which `first` is the number of the first, to the curves of the replicas that are
    /// still training: replica by replica, because the curves of many do not fit the cache.
    pub(super) fn push(&mut self, first: usize, seeds: &[u64], epochs: &[[SetScores; 4]]) {
        for (replica, (history, &seed)) in self.replicas.iter_mut().zip(seeds).enumerate() {
            for (epoch, scores) in (first..).zip(epochs) {
                if history.has_ended() {
                    break;
                }
                let losses = ReplicaHistory::PREFIXES.into_iter().zip(scores);
                let losses = losses.map(|(prefix, scores)| (prefix, scores.loss.get(replica)));
                let bad = losses.into_iter().find(|(_, loss)| loss.is_some_and(|x| !x.is_finite()));
                if let Some((prefix, Some(value))) = bad {
                    let (which, value) = (format!("{prefix}loss"), value.to_string());
                    history.stopped = Some(Stop { replica, seed, epoch, which, value });
                    break;
                }
                for (curves, scores) in history.curves_mut().into_iter().zip(scores) {
                    curves.loss.extend(scores.loss.get(replica));
                    curves.score.extend(scores.score.get(replica));
                }
            }
        }
    }
}

impl ReplicaHistory {
    /// The prefixes of the names of the curves, in their order.
    pub const PREFIXES: [&str; 4] = ["", "clean_", "val_", "test_"];

    /// Returns the curves in the order of [`PREFIXES`](Self::PREFIXES).
    pub fn curves(&self) -> [&Curves; 4] {
        [&self.noisy, &self.clean, &self.val, &self.test]
    }

    /// Returns [`curves`](Self::curves) mutably.
    pub fn curves_mut(&mut self) -> [&mut Curves; 4] {
        [&mut self.noisy, &mut self.clean, &mut self.val, &mut self.test]
    }

    /// Returns whether the replica has ended: its loss was not finite, or early stopping ended it.
    pub fn has_ended(&self) -> bool {
        self.stopped.is_some() || self.early_stopped
    }

    /// Returns the number of epochs of the curves.
    pub fn epochs(&self) -> usize {
        self.noisy.loss.len()
    }

    /// Returns the epoch, from 1, of the model's final weights; `None` if they are of no use.
    pub fn final_epoch(&self) -> Option<usize> {
        let last = Some(self.epochs()).filter(|&epoch| epoch > 0 && self.stopped.is_none());
        self.restored_epoch.or(last)
    }
}
