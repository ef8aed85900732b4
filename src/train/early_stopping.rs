//! Ending a replica when its validation loss no longer falls.

use candle_core::{Result, Var, bail};
use candle_nn::VarMap;
use serde::{Deserialize, Serialize};

use super::history::{History, ReplicaHistory};
use crate::nn::sorted_vars;

/// Early stopping, replica by replica: Prechelt 1998, "Early Stopping - But When?"; the rule is that
/// of Keras with a `min_delta` of 0.
///
/// A replica ends after the first epoch that is the `patience`-th in a row whose validation loss is
/// not below the lowest one before. It keeps the weights of that epoch, or with `restore_best`
/// those of the epoch with the lowest validation loss, also when it reaches the last epoch. The
/// others continue as if alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EarlyStopping {
    /// Number of epochs in a row without a lower validation loss after which a replica ends.
    pub patience: usize,
    /// Whether a replica keeps the weights of the epoch with the lowest validation loss.
    pub restore_best: bool,
    /// Whether the loss of the test rows is watched for want of validation rows: the test scores are then
    /// optimistic.
    pub on_test: bool,
}

impl EarlyStopping {
    /// Ends a replica after so many epochs without a lower validation loss.
    pub fn new(patience: usize) -> Self {
        Self { patience, restore_best: false, on_test: false }
    }

    /// With the weights of the epoch with the lowest validation loss.
    pub fn restore_best(self) -> Self {
        Self { restore_best: true, ..self }
    }

    /// With the test rows in place of validation rows.
    pub fn on_test(self) -> Self {
        Self { on_test: true, ..self }
    }
}

/// Early stopping at work: the weights that it keeps and the epochs that they are of.
pub(super) struct Stopper {
    rule: EarlyStopping,
    pub kept: Vec<Kept>,
    /// The epoch, from 1, with the lowest validation loss of each replica; 0 before the first.
    best_epochs: Vec<usize>,
}

/// A variable and the values that it has in the end, if they are not the last.
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

    /// The losses that are watched.
    fn losses<'a>(&self, replica: &'a ReplicaHistory) -> &'a [f32] {
        let watched = if self.rule.on_test { &replica.test } else { &replica.val };
        &watched.loss
    }

    /// Finds the best epochs of curves that are there already.
    pub fn resume(&mut self, history: &History) {
        let best = |losses: &[f32]| {
            let first = losses.iter().copied().enumerate();
            let lower = |a: (usize, f32), b: (usize, f32)| if b.1 < a.1 { b } else { a };
            first.reduce(lower).map_or(0, |(index, _)| index + 1)
        };
        self.best_epochs = history.replicas.iter().map(|own| best(self.losses(own))).collect();
    }

    /// Looks at the epoch that has just been recorded.
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

    /// Gives each replica the weights that it keeps.
    pub fn finish(&self, history: &mut History) -> Result<()> {
        let replicas = history.replicas.len();
        for (r, replica) in history.replicas.iter_mut().enumerate() {
            let best = self.best_epochs.get(r).copied().unwrap_or(0);
            if replica.stopped.is_some() || best == 0 {
                continue;
            }
            replica.restored_epoch = self.rule.restore_best.then_some(best);
            if self.rule.restore_best || replica.early_stopped {
                for Kept { var, values, .. } in &self.kept {
                    copy_replica(values, var, r, replicas)?;
                }
            }
        }
        Ok(())
    }
}

/// Copies one replica's part of a variable; a model of one replica may have no axis for it.
fn copy_replica(from: &Var, to: &Var, r: usize, replicas: usize) -> Result<()> {
    if replicas == 1 {
        return to.set(from);
    }
    to.slice_set(&from.narrow(0, r, 1)?, 0, r)
}
