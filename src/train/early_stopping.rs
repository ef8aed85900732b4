//! Ending a replica when its validation loss falls no more.

use candle_core::{Result, Var, bail};
use candle_nn::VarMap;

use super::history::History;
use crate::nn::sorted_vars;

/// Early stopping, replica by replica: Prechelt 1998, "Early Stopping - But When?"; the rule is that
/// of Keras with a `min_delta` of 0.
///
/// A replica ends after the first epoch that is the `patience`-th in a row whose validation loss is
/// not below the lowest one before. It keeps the weights of that epoch, or with `restore_best`
/// those of the epoch with the lowest validation loss, also when it reaches the last epoch. The
/// others go on as if alone.
pub struct EarlyStopping {
    patience: usize,
    restore_best: bool,
    pub(super) kept: Vec<Kept>,
    /// The epoch, from 1, with the lowest validation loss of each replica; 0 before the first.
    best_epochs: Vec<usize>,
}

/// A variable and the values that it has in the end, where they are not the last.
pub(super) struct Kept {
    pub name: String,
    pub var: Var,
    pub values: Var,
}

impl EarlyStopping {
    /// Early stopping for a model with these variables.
    ///
    /// # Errors
    /// When `patience` is 0, or a device fails.
    pub fn new(varmap: &VarMap, patience: usize, restore_best: bool) -> Result<Self> {
        if patience == 0 {
            bail!("patience must be at least 1, received 0")
        }
        let kept = |(name, var): (String, Var)| {
            Ok(Kept { name, values: Var::from_tensor(&var.as_tensor().copy()?)?, var })
        };
        let kept = sorted_vars(varmap).into_iter().map(kept).collect::<Result<_>>()?;
        Ok(Self { patience, restore_best, kept, best_epochs: Vec::new() })
    }

    /// Finds the best epochs of curves that are there already.
    pub(super) fn resume(&mut self, history: &History) {
        let best = |losses: &[f32]| {
            let first = losses.iter().copied().enumerate();
            let lower = |a: (usize, f32), b: (usize, f32)| if b.1 < a.1 { b } else { a };
            first.reduce(lower).map_or(0, |(index, _)| index + 1)
        };
        self.best_epochs = history.replicas.iter().map(|replica| best(&replica.val_loss)).collect();
    }

    /// Looks at the epoch that has just been recorded.
    pub(super) fn epoch_end(&mut self, epoch: usize, history: &mut History) -> Result<()> {
        let replicas = history.replicas.len();
        self.best_epochs.resize(replicas, 0);
        for (r, replica) in history.replicas.iter_mut().enumerate() {
            let losses = &replica.val_loss;
            if replica.has_ended() || losses.len() < epoch {
                continue;
            }
            let best = &mut self.best_epochs[r];
            let keep = if *best == 0 || losses[epoch - 1] < losses[*best - 1] {
                *best = epoch;
                self.restore_best
            } else {
                replica.early_stopped = epoch - *best >= self.patience;
                replica.early_stopped && !self.restore_best
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
    pub(super) fn finish(&self, history: &mut History) -> Result<()> {
        let replicas = history.replicas.len();
        for (r, replica) in history.replicas.iter_mut().enumerate() {
            let best = self.best_epochs.get(r).copied().unwrap_or(0);
            if replica.stopped.is_some() || best == 0 {
                continue;
            }
            replica.restored_epoch = self.restore_best.then_some(best);
            if self.restore_best || replica.early_stopped {
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
