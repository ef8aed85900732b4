//! Early stopping: ends a replica when its validation loss no longer falls.

use candle_core::{Result, Var, bail};
use candle_nn::VarMap;
use serde::{Deserialize, Serialize};

use super::history::{History, ReplicaHistory};
use crate::nn::sorted_vars;

/// Early stopping, replica by replica: Prechelt 1998, "Early Stopping - But When?", with the rule
/// of Keras for a `min_delta` of 0.
///
/// A replica ends after the first `patience` epochs in a row with a validation loss that is not
/// below its previous minimum. It keeps the weights of the last of these epochs. With
/// `restore_best` it keeps the weights of the epoch with the lowest validation loss, even if it
/// reaches the last epoch or its loss becomes NaN or infinite later. The other replicas continue as
/// if alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EarlyStopping {
    /// Number of epochs in a row without a lower validation loss after which a replica ends.
    pub patience: usize,
    /// Whether a replica keeps the weights of the epoch with the lowest validation loss.
    pub restore_best: bool,
    /// Whether to watch the loss of the test rows instead of the validation rows. The test scores
    /// are then optimistic.
    pub on_test: bool,
}

impl EarlyStopping {
    /// Ends a replica after `patience` epochs without a lower validation loss.
    pub fn new(patience: usize) -> Self {
        Self { patience, restore_best: false, on_test: false }
    }

    /// Restores the weights of the epoch with the lowest validation loss.
    pub fn restore_best(self) -> Self {
        Self { restore_best: true, ..self }
    }

    /// Watches the test rows instead of the validation rows.
    pub fn on_test(self) -> Self {
        Self { on_test: true, ..self }
    }
}

/// The state of early stopping: the kept weights and their epochs.
pub(super) struct Stopper {
    rule: EarlyStopping,
    pub kept: Vec<Kept>,
    /// The epoch, from 1, with the lowest validation loss of each replica; 0 before the first
    /// epoch.
    best_epochs: Vec<usize>,
}

/// A variable and its final values, if they are not the last ones.
pub(super) struct Kept {
    pub name: String,
    pub var: Var,
    pub values: Var,
}

impl Stopper {
    pub fn new(varmap: &VarMap, rule: EarlyStopping) -> Result<Self> {
        if rule.patience == 0 {
            bail!("patience must be at least 1, received 0")
        }
        let kept = |(name, var): (String, Var)| {
            Ok(Kept { name, values: Var::from_tensor(&var.as_tensor().copy()?)?, var })
        };
        let kept = sorted_vars(varmap).into_iter().map(kept).collect::<Result<_>>()?;
        Ok(Self { rule, kept, best_epochs: Vec::new() })
    }

    /// Returns the losses to watch.
    fn losses<'a>(&self, replica: &'a ReplicaHistory) -> &'a [f32] {
        let watched = if self.rule.on_test { &replica.test } else { &replica.val };
        &watched.loss
    }

    /// Finds the best epochs of existing curves.
    pub fn resume(&mut self, history: &History) {
        let best = |losses: &[f32]| {
            let first = losses.iter().copied().enumerate();
            let lower = |a: (usize, f32), b: (usize, f32)| if b.1 < a.1 { b } else { a };
            first.reduce(lower).map_or(0, |(index, _)| index + 1)
        };
        self.best_epochs = history.replicas.iter().map(|own| best(self.losses(own))).collect();
    }

    /// Processes the epoch that has just been recorded.
    pub fn epoch_end(&mut self, epoch: usize, history: &mut History) -> Result<()> {
        let EarlyStopping { patience, restore_best, .. } = self.rule;
        let replicas = history.replicas.len();
        self.best_epochs.resize(replicas, 0);
        for (r, replica) in history.replicas.iter_mut().enumerate() {
            let losses = self.losses(replica);
            if replica.has_ended() || losses.len() < epoch {
                continue;
            }
            let best = self.best_epochs[r];
            let keep = if best == 0 || losses[epoch - 1] < losses[best - 1] {
                self.best_epochs[r] = epoch;
                restore_best
            } else {
                replica.early_stopped = epoch - best >= patience;
                replica.early_stopped && !restore_best
            };
            if keep {
                for Kept { var, values, .. } in &self.kept {
                    copy_replica(var, values, r, replicas)?;
                }
            }
        }
        Ok(())
    }

    /// Gives each replica the weights kept for it. Returns whether there are any.
    pub fn finish(&self, history: &mut History) -> Result<bool> {
        let (replicas, restore_best) = (history.replicas.len(), self.rule.restore_best);
        let mut has_kept = false;
        for (r, replica) in history.replicas.iter_mut().enumerate() {
            let best = self.best_epochs.get(r).copied().filter(|best| *best > 0);
            replica.restored_epoch = best.filter(|_| restore_best);
            if replica.restored_epoch.is_some() || replica.early_stopped {
                has_kept = true;
                for Kept { var, values, .. } in &self.kept {
                    copy_replica(values, var, r, replicas)?;
                }
            }
        }
        Ok(has_kept)
    }
}

/// Copies one replica's part of a variable. With a single replica the variable may have no replica
/// axis.
fn copy_replica(from: &Var, to: &Var, r: usize, replicas: usize) -> Result<()> {
    if replicas == 1 {
        return to.set(from);
    }
    to.slice_set(&from.narrow(0, r, 1)?, 0, r)
}
