//! Early stopping: ends a replica when its validation loss no longer falls, or its score no longer
//! improves.

use candle_core::{Result, Var, bail};
use candle_nn::VarMap;
use serde::{Deserialize, Serialize};

use super::history::{History, ReplicaHistory};
use crate::metric::Better;
use crate::nn::sorted_vars;
use crate::objective::Objective;

/// Early stopping, replica by replica: Prechelt 1998, "Early Stopping - But When?", with the rule
/// of Keras.
///
/// A replica ends after the first `patience` epochs in a row with a validation loss that is not
/// below its best one by more than `min_delta`. It keeps the weights of the last of these epochs. With
/// `restore_best` it keeps the weights of its best epoch, even if it
/// reaches the last epoch or its loss becomes NaN or infinite later. The other replicas continue as
/// if alone.
///
/// With `on_score` the score of the primary metric is watched instead of the loss, in the metric's
/// direction. [`WithMetric`](crate::objective::WithMetric) makes any metric the primary one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EarlyStopping {
    /// Number of epochs in a row without a lower validation loss after which a replica ends.
    pub patience: usize,
    /// Whether a replica keeps the weights of its best epoch.
    pub restore_best: bool,
    /// Whether to watch the test rows instead of the validation rows. The test scores
    /// are then optimistic.
    pub on_test: bool,
    /// The largest difference that is no improvement, finite and at least 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_delta: f64,
    /// Whether to watch the score of the primary metric instead of the loss.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_score: bool,
}

fn is_zero(x: &f64) -> bool {
    *x == 0.
}

impl EarlyStopping {
    /// Ends a replica after `patience` epochs without a lower validation loss.
    pub fn new(patience: usize) -> Self {
        Self { patience, restore_best: false, on_test: false, min_delta: 0., on_score: false }
    }

    /// Restores the weights of the best epoch.
    #[must_use]
    pub fn restore_best(self) -> Self {
        Self { restore_best: true, ..self }
    }

    /// Watches the test rows instead of the validation rows.
    #[must_use]
    pub fn on_test(self) -> Self {
        Self { on_test: true, ..self }
    }

    /// Sets the largest difference that is no improvement.
    #[must_use]
    pub fn min_delta(self, min_delta: f64) -> Self {
        Self { min_delta, ..self }
    }

    /// Watches the score of the primary metric instead of the loss.
    #[must_use]
    pub fn on_score(self) -> Self {
        Self { on_score: true, ..self }
    }
}

/// The state of early stopping: the kept weights and their epochs.
pub(super) struct Stopper {
    rule: EarlyStopping,
    /// The factor with which lower values are better: 1 for losses.
    sign: f64,
    pub kept: Vec<Kept>,
    /// The best epoch, from 1, of each replica; 0 before the first epoch.
    best_epochs: Vec<usize>,
}

/// A variable and its final values, if they are not the last ones.
pub(super) struct Kept {
    pub name: String,
    pub var: Var,
    pub values: Var,
}

impl Stopper {
    pub fn new(
        varmap: &VarMap,
        rule: EarlyStopping,
        objective: &dyn Objective,
        replicas: usize,
    ) -> Result<Self> {
        let EarlyStopping { patience, min_delta, on_score, .. } = rule;
        if patience == 0 {
            bail!("patience must be at least 1, received 0")
        }
        if !(0.0..f64::INFINITY).contains(&min_delta) {
            bail!("min_delta must be finite and at least 0, received {min_delta}")
        }
        let better = objective.metrics().first().map(|metric| metric.better());
        let sign = match (on_score, better) {
            (false, _) | (true, Some(Better::Lower)) => 1.,
            (true, Some(Better::Higher)) => -1.,
            (true, None) => bail!(
                "early stopping on the score expects an objective with a metric, received {}",
                objective.name()
            ),
        };
        let kept = |(name, var): (String, Var)| {
            if replicas > 1 && var.dims().first() != Some(&replicas) {
                bail!(
                    "early stopping keeps weights replica by replica: expected a first axis of \
                     {replicas} replicas, received shape {:?} of {name}",
                    var.dims()
                )
            }
            Ok(Kept { name, values: Var::from_tensor(&var.as_tensor().copy()?)?, var })
        };
        let kept = sorted_vars(varmap).into_iter().map(kept).collect::<Result<_>>()?;
        Ok(Self { rule, sign, kept, best_epochs: Vec::new() })
    }

    /// Returns the watched curve, in which lower values are better.
    fn watched<'a>(&self, replica: &'a ReplicaHistory) -> impl Iterator<Item = f64> + use<'a> {
        let curves = if self.rule.on_test { &replica.test } else { &replica.val };
        let (sign, on_score) = (self.sign, self.rule.on_score);
        let losses = curves.loss.iter().filter(move |_| !on_score).map(|loss| f64::from(*loss));
        let scores = curves.score.iter().filter(move |_| on_score).copied();
        losses.chain(scores).map(move |value| sign * value)
    }

    /// Returns whether a value improves on the best one. An undefined score improves on nothing, and every
    /// other one on it.
    fn improves(&self, value: f64, best: f64) -> bool {
        value < best - self.rule.min_delta || (best.is_nan() && !value.is_nan())
    }

    /// Finds the best epochs of existing curves.
    pub fn resume(&mut self, history: &History) {
        let best = |replica: &ReplicaHistory| {
            let mut best: Option<(usize, f64)> = None;
            for (epoch, value) in (1..).zip(self.watched(replica)) {
                if best.is_none_or(|(_, best)| self.improves(value, best)) {
                    best = Some((epoch, value));
                }
            }
            best.map_or(0, |(epoch, _)| epoch)
        };
        self.best_epochs = history.replicas.iter().map(best).collect();
    }

    /// Processes the epoch that has just been recorded.
    pub fn epoch_end(&mut self, epoch: usize, history: &mut History) -> Result<()> {
        let EarlyStopping { patience, restore_best, .. } = self.rule;
        let replicas = history.replicas.len();
        self.best_epochs.resize(replicas, 0);
        for (r, replica) in history.replicas.iter_mut().enumerate() {
            let value = |epoch: usize| self.watched(replica).nth(epoch - 1);
            let best = self.best_epochs[r];
            let Some(own) = value(epoch).filter(|_| !replica.has_ended()) else { continue };
            let is_best = best == 0 || value(best).is_none_or(|best| self.improves(own, best));
            let keep = if is_best {
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
