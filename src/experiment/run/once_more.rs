//! The repeats of a cell, trained on all rows that their task gives for predictions.

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::Schedule;
use super::chunk::{final_weights, joined_weights, trainer};
use super::memory::explained;
use crate::data::Samples;
use crate::experiment::plan::{Cell, Plan};
use crate::experiment::trial::{Subject, Trial};
use crate::task::Hyper;
use crate::train::LrSchedule;

/// Trains one run for each repeat of a plan on the given rows, with the noise or the rival of one of its cells, for
/// `epochs` of its epochs. Returns the weights by name, with the replica axis first; NaN for runs that
/// diverged.
///
/// Without validation rows there is no early stopping, and a learning rate that follows the validation loss
/// stays constant.
///
/// # Errors
/// If the threads cannot be started or the device fails.
pub fn train_once_more(
    subject: &Subject,
    plan: &Plan,
    cell: &Cell,
    rows: &Samples,
    epochs: usize,
    device: &Device,
    schedule: Schedule,
) -> Result<Vec<(String, Tensor)>> {
    let own = plan.trials_of(cell.clone()).next().context("expected a run, received none")?;
    let mut hyper = Hyper { early_stopping: None, ..own.hyper.clone() };
    if hyper.recipe.lr_schedule.needs_validation() {
        hyper.recipe.lr_schedule = LrSchedule::default();
    }
    let trial =
        |seed| Trial { hyper: hyper.clone(), draw: subject.task().draw(), seed, ..own.clone() };
    let trials: Vec<Trial> = plan.seeds().map(trial).collect();
    let first = trials.first().context("expected at least one repeat, received none")?;
    let train = |trials: &[Trial]| -> Result<Vec<(String, Tensor)>> {
        let mut trainer = trainer(subject, trials, [Some(rows), None, None], device)?;
        while trainer.epoch_number() < epochs && !trainer.has_ended() {
            trainer.advance(epochs - trainer.epoch_number())?;
        }
        trainer.finish()?;
        final_weights(subject, &trainer)
    };
    let train = |trials: &[Trial]| train(trials).map_err(|error| explained(error, trials.len()));
    let chunks: Vec<_> = schedule.chunks(trials.len(), subject, first, device, true).collect();
    let run = || chunks.into_par_iter().map(|chunk| train(&trials[chunk])).collect();
    let chunks: Vec<Vec<(String, Tensor)>> = schedule.pool()?.install(|| -> Result<_> { run() })?;
    joined_weights(chunks)
}
