//! Many repeats of one cell, trained as replicas in chunks, a chunk a thread.

use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use anyhow::{Result, anyhow, ensure};
use candle_core::Device;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::checkpoints::{Checkpointing, ChunkKeep, Keep};
use super::chunk::{Trained, train_chunk};
use super::memory::explained;
use super::{Event, Schedule, Watch};
use crate::checkpoint::Checkpoints;
use crate::experiment::plan::Plan;
use crate::experiment::trial::{Subject, Trial};
use crate::files;
use crate::train::{Checkpoint, Trainer};

/// How an experiment has ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ending {
    /// After the last epoch.
    Finished(Trained),
    /// Before the last epoch; the folder has this number of epochs of single runs.
    Interrupted(usize),
}

/// Trains the repeats of a plan's only cell on its only data set.
///
/// # Errors
/// If there are several cells or data sets, the threads cannot be started or the device fails.
pub fn train_repeats(
    subject: &Subject,
    plan: &Plan,
    device: &Device,
    schedule: Schedule,
    watch: Watch,
) -> Result<Trained> {
    let trials = repeats(plan)?;
    let chunks = schedule.chunks(trials.len(), subject, &trials[0], device, true);
    let train = |chunk: Range<usize>| {
        let trained =
            train_chunk(subject, &trials[chunk.clone()], device, None, watch.hear, &mut |_| {
                Ok(true)
            });
        trained.map_err(|error| explained(error, chunk.len()))
    };
    let chunks: Vec<Range<usize>> = chunks.collect();
    let trained: Vec<Option<Trained>> =
        schedule.pool()?.install(|| chunks.into_par_iter().map(train).collect::<Result<_>>())?;
    Trained::joined(trained.into_iter().flatten().collect())
}

/// [`train_repeats`] that can be ended and continued another day: the state of every chunk is written to
/// the folder when the watch ends it, and after the last epoch, since there may be more epochs later.
///
/// # Errors
/// As [`train_repeats`], and if the folder cannot be used, or a checkpoint is one of another experiment or
/// was written by another version.
pub fn train_resumable(
    subject: &Subject,
    plan: &Plan,
    device: &Device,
    schedule: Schedule,
    watch: Watch,
    checkpointing: &Checkpointing,
) -> Result<Ending> {
    let trials = repeats(plan)?;
    let Checkpointing { folder, every, resume, .. } = *checkpointing;
    let warn = |line: String| (watch.hear)(Event::Warning(line));
    if every.is_some() {
        files::create_folder(folder, &[])?;
    }
    let run = course(subject, &trials[0], checkpointing.experiment);
    let started = if resume { started(plan, folder, &run, &warn)? } else { Vec::new() };
    let old = if resume { Vec::new() } else { Checkpoints::paths(folder)? };
    let name = folder.display();
    if !resume && Checkpoints::last_epochs(folder)?.iter().any(|last| *last < plan.epochs) {
        let same = Checkpoints::run_in(folder)?.is_some_and(|other| other == run);
        let which = if same {
            "; --resume would continue from them"
        } else {
            ", which are another experiment's or version's"
        };
        warn(format!("this run replaces the checkpoints in {name}{which}"));
    } else if resume && started.is_empty() {
        warn(format!("there is no checkpoint in {name}: training starts at epoch 1"));
    }
    let cut = |total: usize| schedule.chunks(total, subject, &trials[0], device, true);
    let chunks = filled(started, trials.len(), cut);
    let keep = Keep { folder, every, watch, old: Mutex::new(old), epochs: AtomicUsize::new(0) };
    let train = |(chunk, start): (Range<usize>, Option<Checkpoint>)| {
        let own = &trials[chunk];
        let name = format!("seeds-{}-{}", own[0].seed, own[own.len() - 1].seed);
        let checkpoints = Checkpoints::new(folder, &name, run.clone());
        let saved = start.as_ref().map_or(0, |checkpoint| checkpoint.epoch);
        let mut keep = ChunkKeep::new(&keep, checkpoints, saved, own.len());
        let goes_on = &mut |trainer: &Trainer| keep.goes_on(trainer);
        train_chunk(subject, own, device, start.as_ref(), watch.hear, goes_on)
            .map_err(|error| explained(error, own.len()))
    };
    let trained: Vec<Option<Trained>> =
        schedule.pool()?.install(|| chunks.into_par_iter().map(train).collect::<Result<_>>())?;
    match trained.into_iter().collect::<Option<Vec<_>>>() {
        None => Ok(Ending::Interrupted(keep.epochs.into_inner())),
        Some(trained) => Trained::joined(trained).map(Ending::Finished),
    }
}

/// The runs of a plan that has one cell and one data set.
fn repeats(plan: &Plan) -> Result<Vec<Trial>> {
    let (cells, data_sets) = (plan.cells().len(), plan.data_seeds.len());
    ensure!(
        (cells, data_sets) == (1, 1),
        "expected one cell on one data set, received {cells} cells on {data_sets}"
    );
    let trials: Vec<Trial> = plan.trials().map(|(_, trial)| trial).collect();
    ensure!(!trials.is_empty(), "repeats must be at least 1, received 0");
    Ok(trials)
}

/// What a checkpoint must have in common with the experiment: what determines the course of the first run
/// but for the number of epochs, which may grow, and what names the experiment and its noise sites.
fn course(subject: &Subject, trial: &Trial, experiment: &str) -> Value {
    let mut run = subject.settings(trial);
    run["experiment"] = json!(experiment);
    run["seed"] = json!(trial.seed);
    // A schedule may depend on the number of epochs.
    if let Value::Object(run) = &mut run
        && !trial.hyper.recipe.lr_schedule.needs_total()
    {
        run.remove("epochs");
    }
    run
}

/// The chunks that have checkpoints, each with its last one, in the order of the seeds.
fn started(
    plan: &Plan,
    folder: &Path,
    run: &Value,
    warn: &dyn Fn(String),
) -> Result<Vec<(Range<usize>, Checkpoint)>> {
    let mut started: Vec<(Range<usize>, Checkpoint)> = Vec::new();
    let seeds: Vec<u64> = plan.seeds().collect();
    for name in Checkpoints::names(folder)? {
        let checkpoints = Checkpoints::new(folder, &name, run.clone());
        let latest = checkpoints.latest(&mut |line| warn(line));
        let latest = latest.map_err(|error| {
            anyhow!("{error:#}; name another --out, or start over without --resume")
        })?;
        let Some(checkpoint) = latest else { continue };
        ensure!(
            checkpoint.epoch <= plan.epochs,
            "--resume: expected --epochs {} or more, where the checkpoint {name} is, received {}",
            checkpoint.epoch,
            plan.epochs
        );
        let first = seeds.iter().position(|seed| Some(seed) == checkpoint.seeds.first());
        let chunk = first.map(|first| first..first + checkpoint.seeds.len());
        let overlaps = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        match chunk.filter(|chunk| seeds.get(chunk.clone()) == Some(&checkpoint.seeds)) {
            Some(chunk) if !started.iter().any(|(other, _)| overlaps(&chunk, other)) => {
                started.push((chunk, checkpoint));
            }
            _ => warn(format!("the checkpoint {name} is not needed")),
        }
    }
    started.sort_by_key(|(chunk, _)| chunk.start);
    Ok(started)
}

/// All chunks of `total` runs: those that have been started, and the others between them, cut by `cut`.
fn filled<C: Iterator<Item = Range<usize>>>(
    started: Vec<(Range<usize>, Checkpoint)>,
    total: usize,
    cut: impl Fn(usize) -> C,
) -> Vec<(Range<usize>, Option<Checkpoint>)> {
    let mut chunks = Vec::new();
    let mut next = 0;
    let fill = |chunks: &mut Vec<_>, gap: Range<usize>| {
        if !gap.is_empty() {
            let new = cut(gap.len());
            chunks.extend(new.map(|c| (gap.start + c.start..gap.start + c.end, None)));
        }
    };
    for (chunk, checkpoint) in started {
        fill(&mut chunks, next..chunk.start);
        next = chunk.end;
        chunks.push((chunk, Some(checkpoint)));
    }
    fill(&mut chunks, next..total);
    chunks
}

/// The device kind, `cpu` or `cuda`, on which what is in a folder of checkpoints was trained.
///
/// # Errors
/// If the folder cannot be read.
pub fn checkpoints_device(folder: &Path) -> Result<Option<String>> {
    let run = Checkpoints::run_in(folder)?;
    Ok(run.and_then(|run| Some(run["device"].as_str()?.to_string())))
}
