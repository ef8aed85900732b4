//! What a training run records, replica by replica.

use serde::{Deserialize, Serialize};

/// The curves of every replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// One entry a replica, in the order of the seeds.
    pub replicas: Vec<ReplicaHistory>,
}

/// The curves of one replica: one value an epoch, empty where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicaHistory {
    /// Training loss with the noise on, as the batches of the epoch gave it before their updates.
    pub loss: Vec<f32>,
    /// Training accuracy with the noise on, likewise: the curve that Keras shows.
    pub accuracy: Vec<f32>,
    /// Training loss with the noise off, after the epoch.
    pub clean_loss: Vec<f32>,
    /// Training accuracy with the noise off, after the epoch.
    pub clean_accuracy: Vec<f32>,
    /// Validation loss, noise off, after the epoch.
    pub val_loss: Vec<f32>,
    /// Validation accuracy, noise off, after the epoch.
    pub val_accuracy: Vec<f32>,
    /// Test loss, noise off, after the epoch.
    pub test_loss: Vec<f32>,
    /// Test accuracy, noise off, after the epoch.
    pub test_accuracy: Vec<f32>,
    /// Why the curves end before the last epoch.
    pub stopped: Option<Stop>,
    /// Whether early stopping ended the curves.
    pub early_stopped: bool,
    /// The epoch, from 1, whose weights early stopping has restored.
    pub restored_epoch: Option<usize>,
}

/// A replica whose loss became NaN or infinite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// Number of the replica, from 0.
    pub replica: usize,
    /// Its seed.
    pub seed: u64,
    /// The epoch, from 1, whose loss it was; the curves end before it.
    pub epoch: usize,
    /// Which loss: `loss`, `clean_loss`, `val_loss` or `test_loss`.
    pub which: String,
    /// `NaN`, `inf` or `-inf`.
    pub value: String,
}

/// Loss and accuracy of each replica on one data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// Mean loss over the rows.
    pub loss: Vec<f32>,
    /// Share of the rows predicted rightly; empty where the targets are no classes.
    pub accuracy: Vec<f32>,
}

impl History {
    pub(super) fn new(replicas: usize) -> Self {
        Self { replicas: vec![ReplicaHistory::default(); replicas] }
    }

    /// Whether no replica trains any more.
    pub fn all_ended(&self) -> bool {
        self.replicas.iter().all(ReplicaHistory::has_ended)
    }

    /// Appends an epoch to the curves of the replicas that still train, and gives those that it
    /// stops.
    pub(super) fn push(
        &mut self,
        epoch: usize,
        seeds: &[u64],
        [noisy, clean, val, test]: [&Scores; 4],
    ) -> Vec<Stop> {
        let mut stops = Vec::new();
        for (replica, (history, &seed)) in self.replicas.iter_mut().zip(seeds).enumerate() {
            if history.has_ended() {
                continue;
            }
            let losses =
                [("loss", noisy), ("clean_loss", clean), ("val_loss", val), ("test_loss", test)];
            let losses = losses.map(|(name, scores)| (name, scores.loss.get(replica)));
            let bad = losses.into_iter().find(|(_, loss)| loss.is_some_and(|x| !x.is_finite()));
            if let Some((which, Some(value))) = bad {
                let (which, value) = (which.to_string(), value.to_string());
                let stop = Stop { replica, seed, epoch, which, value };
                history.stopped = Some(stop.clone());
                stops.push(stop);
                continue;
            }
            let scores = [noisy, clean, val, test].into_iter();
            let values = scores.flat_map(|scores| [&scores.loss, &scores.accuracy]);
            for ((_, curve), values) in history.curves_mut().into_iter().zip(values) {
                curve.extend(values.get(replica));
            }
        }
        stops
    }
}

impl ReplicaHistory {
    /// The curves with their names, in the order of the columns of `history.csv`.
    pub fn curves(&self) -> [(&'static str, &[f32]); 8] {
        [
            ("loss", &self.loss),
            ("accuracy", &self.accuracy),
            ("clean_loss", &self.clean_loss),
            ("clean_accuracy", &self.clean_accuracy),
            ("val_loss", &self.val_loss),
            ("val_accuracy", &self.val_accuracy),
            ("test_loss", &self.test_loss),
            ("test_accuracy", &self.test_accuracy),
        ]
    }

    /// [`curves`](Self::curves) to be changed.
    pub(super) fn curves_mut(&mut self) -> [(&'static str, &mut Vec<f32>); 8] {
        [
            ("loss", &mut self.loss),
            ("accuracy", &mut self.accuracy),
            ("clean_loss", &mut self.clean_loss),
            ("clean_accuracy", &mut self.clean_accuracy),
            ("val_loss", &mut self.val_loss),
            ("val_accuracy", &mut self.val_accuracy),
            ("test_loss", &mut self.test_loss),
            ("test_accuracy", &mut self.test_accuracy),
        ]
    }

    /// Whether the replica trains no more: its loss was not finite, or early stopping ended it.
    pub fn has_ended(&self) -> bool {
        self.stopped.is_some() || self.early_stopped
    }

    /// Loss and accuracy of the test set: of the validation samples, where training had no other.
    pub fn test_curves(&self) -> (&[f32], &[f32]) {
        match self.test_loss.is_empty() {
            true => (&self.val_loss, &self.val_accuracy),
            false => (&self.test_loss, &self.test_accuracy),
        }
    }

    /// The epoch, from 1, whose weights the model has in the end; `None` where it has none of use.
    pub fn final_epoch(&self) -> Option<usize> {
        let last = Some(self.loss.len()).filter(|&epoch| epoch > 0 && self.stopped.is_none());
        last.map(|last| self.restored_epoch.unwrap_or(last))
    }
}
