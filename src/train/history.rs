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
    /// Why the curves end before the last epoch.
    pub stopped: Option<Stop>,
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
    /// Which loss: `loss`, `clean_loss` or `val_loss`.
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
    pub fn all_stopped(&self) -> bool {
        self.replicas.iter().all(|replica| replica.stopped.is_some())
    }

    /// Appends an epoch to the curves of the replicas that still train, and gives those that it
    /// stops.
    pub(super) fn push(
        &mut self,
        epoch: usize,
        seeds: &[u64],
        [noisy, clean, val]: [&Scores; 3],
    ) -> Vec<Stop> {
        let mut stops = Vec::new();
        for (replica, (history, &seed)) in self.replicas.iter_mut().zip(seeds).enumerate() {
            if history.stopped.is_some() {
                continue;
            }
            let losses = [("loss", noisy), ("clean_loss", clean), ("val_loss", val)];
            let losses = losses.map(|(name, scores)| (name, scores.loss.get(replica)));
            let bad = losses.into_iter().find(|(_, loss)| loss.is_some_and(|x| !x.is_finite()));
            if let Some((which, Some(value))) = bad {
                let (which, value) = (which.to_string(), value.to_string());
                let stop = Stop { replica, seed, epoch, which, value };
                history.stopped = Some(stop.clone());
                stops.push(stop);
                continue;
            }
            let curves = [
                (&mut history.loss, &noisy.loss),
                (&mut history.accuracy, &noisy.accuracy),
                (&mut history.clean_loss, &clean.loss),
                (&mut history.clean_accuracy, &clean.accuracy),
                (&mut history.val_loss, &val.loss),
                (&mut history.val_accuracy, &val.accuracy),
            ];
            for (curve, values) in curves {
                curve.extend(values.get(replica));
            }
        }
        stops
    }
}
