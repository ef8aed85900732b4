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
use super::schedule::Rows;
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
    let pieces = Pieces::new(subject, &trials, device, schedule)?;
    let train = |chunk: Range<usize>| {
        let trained =
            train_chunk(subject, &trials[chunk.clone()], device, None, watch.hear, &mut |_| {
                Ok(true)
            });
        trained.map_err(|error| explained(error, chunk.len()))
    };
    let chunks: Vec<Range<usize>> = pieces.of(0..trials.len()).collect();
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
    let started = if resume { started(plan, &trials, folder, &run, &warn)? } else { Vec::new() };
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
    let pieces = Pieces::new(subject, &trials, device, schedule)?;
    let chunks = filled(started, trials.len(), |gap| pieces.of(gap));
    let keep = Keep { folder, every, watch, old: Mutex::new(old), epochs: AtomicUsize::new(0) };
    let train = |(chunk, start): (Range<usize>, Option<Checkpoint>)| {
        let (own, name) = (&trials[chunk.clone()], name_of(&trials, &chunk));
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
    trials: &[Trial],
    folder: &Path,
    run: &Value,
    warn: &dyn Fn(String),
) -> Result<Vec<(Range<usize>, Checkpoint)>> {
    let mut started: Vec<(Range<usize>, Checkpoint)> = Vec::new();
    let seeds: Vec<u64> = trials.iter().map(|trial| trial.seed).collect();
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
        // Folds have the same seeds: their checkpoints are told apart by their names.
        let of = |first: usize| first..first + checkpoint.seeds.len();
        let mut firsts = 0..(seeds.len() + 1).saturating_sub(checkpoint.seeds.len());
        let is_own = |first: &usize| match trials[*first].draw.fold {
            Some(_) => name_of(trials, &of(*first)) == name,
            None => Some(&seeds[*first]) == checkpoint.seeds.first(),
        };
        let chunk = firsts.find(is_own).map(of);
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

/// The name of the checkpoints of a chunk: that of its seeds, and of its folds if there are any.
fn name_of(trials: &[Trial], chunk: &Range<usize>) -> String {
    let (first, last) = (&trials[chunk.start], &trials[chunk.end - 1]);
    match (first.draw.fold, last.draw.fold) {
        (Some(a), Some(b)) => format!("folds-{a}-{b}-seeds-{}-{}", first.seed, last.seed),
        _ => format!("seeds-{}-{}", first.seed, last.seed),
    }
}

/// How the repeats of a cell become chunks.
pub(super) struct Pieces<'a> {
    subject: &'a Subject<'a>,
    trials: &'a [Trial],
    rows: Vec<Rows>,
    device: &'a Device,
    schedule: Schedule,
}

impl<'a> Pieces<'a> {
    /// # Errors
    /// If a draw does not fit the data.
    pub fn new(
        subject: &'a Subject<'a>,
        trials: &'a [Trial],
        device: &'a Device,
        schedule: Schedule,
    ) -> Result<Self> {
        Ok(Self { subject, trials, rows: Rows::of(subject, trials)?, device, schedule })
    }

    /// Cuts a range of the repeats into chunks of equally many rows.
    pub fn of(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
        let Self { subject, trials, device, schedule, .. } = *self;
        let mut start = range.start;
        let cut = |alike: &[Rows]| {
            let (first, count) = (start, alike.len());
            start += count;
            let pieces = schedule.chunks(count, subject, &trials[first], device, true);
            pieces.map(move |piece| first + piece.start..first + piece.end)
        };
        let groups = self.rows[range].chunk_by(|a, b| a == b).map(cut).collect::<Vec<_>>();
        groups.into_iter().flatten()
    }
}

/// All chunks of `total` runs: those that have been started, and the others between them, cut by `cut`.
fn filled<C: Iterator<Item = Range<usize>>>(
    started: Vec<(Range<usize>, Checkpoint)>,
    total: usize,
    cut: impl Fn(Range<usize>) -> C,
) -> Vec<(Range<usize>, Option<Checkpoint>)> {
    let mut chunks = Vec::new();
    let mut next = 0;
    let fill = |chunks: &mut Vec<_>, gap: Range<usize>| {
        if !gap.is_empty() {
            chunks.extend(cut(gap).map(|chunk| (chunk, None)));
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
