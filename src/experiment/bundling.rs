//! The model that predicts after an experiment, with everything that it needs for that.

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};

use super::plan::{Cell, Plan};
use super::run::{Schedule, Trained, train_once_more};
use super::store::Store;
use super::trial::Subject;
use crate::bundle::{About, Bundle, Training};
use crate::data::Samples;
use crate::task::Deployment;
use crate::train::{EarlyStopping, ReplicaHistory};

/// Returns the networks of the only cell of a plan, or, if its task tests on folds, networks that are
/// trained once more on all rows: one for each repeat, for all epochs, or with early stopping for the
/// median best epoch of the runs. `None` if the task's models predict in Rust only.
///
/// # Errors
/// If the draw does not fit the data or the device fails.
pub fn bundle_runs(
    subject: &Subject,
    plan: &Plan,
    trained: &Trained,
    device: &Device,
    schedule: Schedule,
) -> Result<Option<Bundle>> {
    let cell = plan.cells().into_iter().next().context("expected a cell, received none")?;
    let epochs = match plan.early_stopping {
        Some(rule) => median_best_epoch(&trained.histories, &rule).unwrap_or(plan.epochs),
        None => plan.epochs,
    };
    bundle(subject, plan, &cell, epochs, None, device, |deployment, rows| {
        match deployment.once_more {
            Some(_) => train_once_more(subject, plan, &cell, rows, epochs, device, schedule),
            None => Ok(trained.weights.clone()),
        }
    })
}

/// Returns networks with the noise or the rival of a cell of a plan, one for each repeat, trained on all
/// rows if the task tests on folds, otherwise on the training rows of the first data seed: for all epochs,
/// or for the median epoch that the finished runs of the cell have restored. `None` if the task's models
/// predict in Rust only. If `known` are these networks, they are not trained again.
///
/// # Errors
/// If the store is for other widths, the draw does not fit the data or the device fails.
pub fn bundle_cell(
    subject: &Subject,
    plan: &Plan,
    store: &Store,
    cell: &Cell,
    known: Option<Bundle>,
    device: &Device,
    schedule: Schedule,
) -> Result<Option<Bundle>> {
    let runs = plan.trials_of(cell.clone()).map(|trial| store.get(&trial));
    let runs = runs.collect::<Result<Vec<_>>>()?.into_iter().flatten();
    let epochs = median(runs.filter_map(|record| record.run.restored_epoch)).unwrap_or(plan.epochs);
    bundle(subject, plan, cell, epochs, known, device, |_, rows| {
        train_once_more(subject, plan, cell, rows, epochs, device, schedule)
    })
}

fn bundle(
    subject: &Subject,
    plan: &Plan,
    cell: &Cell,
    epochs: usize,
    known: Option<Bundle>,
    device: &Device,
    weights: impl FnOnce(&Deployment, &Samples) -> Result<Vec<(String, Tensor)>>,
) -> Result<Option<Bundle>> {
    let first = plan.trials_of(cell.clone()).next().context("expected a run, received none")?;
    let task = subject.task();
    let Some(deployment) = task.deployment(&first.hyper, device)? else { return Ok(None) };
    let rows = match &deployment.once_more {
        Some(rows) => rows.clone(),
        None => subject.parts(&first.hyper, &first.draw, device)?.train,
    };
    let mut settings = subject.settings(&first);
    // It stands beside the settings, without noise of strength 0, which changes no weight.
    settings.as_object_mut().map(|settings| settings.remove("noise"));
    let training = Training {
        task: task.name().to_string(),
        metric: subject.primary().name().to_string(),
        inputs: deployment.inputs.clone(),
        network: deployment.network.clone(),
        noise: cell.noise.iter().filter(|noise| !noise.is_silent()).cloned().collect(),
        seeds: plan.seeds().collect(),
        epochs,
        settings,
    };
    let about = About::new(training, &rows)?;
    match known.filter(|known| known.about().is_like(&about)) {
        Some(known) => Ok(Some(known)),
        None => Bundle::new(about, weights(&deployment, &rows)?).map(Some),
    }
}

/// Returns the median of the epochs, from 1, with the lowest watched loss.
fn median_best_epoch(histories: &[ReplicaHistory], rule: &EarlyStopping) -> Option<usize> {
    let best = |history: &ReplicaHistory| {
        let watched = if rule.on_test { &history.test.loss } else { &history.val.loss };
        let lower = |a: &(usize, f32), b: &(usize, f32)| a.1.total_cmp(&b.1);
        (1..).zip(watched.iter().copied()).min_by(lower).map(|(epoch, _)| epoch)
    };
    median(histories.iter().filter_map(best))
}

/// Returns the median of epochs; of an even number the later of the two in the middle.
fn median(epochs: impl Iterator<Item = usize>) -> Option<usize> {
    let mut epochs: Vec<usize> = epochs.collect();
    epochs.sort_unstable();
    epochs.get(epochs.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Curves;

    #[test]
    fn the_median_best_epoch_is_that_of_the_lowest_watched_loss() {
        let history = |val: &[f32], test: &[f32]| {
            let curves = |loss: &[f32]| Curves { loss: loss.to_vec(), score: Vec::new() };
            ReplicaHistory { val: curves(val), test: curves(test), ..ReplicaHistory::default() }
        };
        let runs = [
            history(&[3., 1., 2.], &[1., 2., 3.]),
            history(&[3., 2., 1., 4.], &[2., 1., 3., 4.]),
            history(&[1., 1.], &[4., 3.]),
        ];
        let rule = EarlyStopping::new(1);
        assert_eq!(median_best_epoch(&runs, &rule), Some(2), "of 2, 3 and 1");
        assert_eq!(median_best_epoch(&runs[..2], &rule), Some(3), "of 2 and 3");
        assert_eq!(median_best_epoch(&runs, &rule.on_test()), Some(2), "of 1, 2 and 2");
        assert_eq!(median_best_epoch(&[], &rule), None);
    }
}
