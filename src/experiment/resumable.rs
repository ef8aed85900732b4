//! Repeats whose state is kept in a folder, so that an interrupted experiment goes on from there.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use candle_core::Device;
use serde_json::{Value, json};

use super::chunk::Trained;
use super::keeper::{ChunkKeeper, Keep};
use super::repeats::train_chunks;
use super::schedule::Schedule;
use super::search::Watch;
use super::settings::Settings;
use super::source::Source;
use super::trial::Trial;
use crate::files;
use crate::train::{Checkpoint, Checkpoints};

/// Where and when the state of an experiment is kept.
#[derive(Clone, Debug)]
pub struct Checkpointing<'a> {
    /// The folder of the checkpoints.
    pub folder: &'a Path,
    /// Number of epochs between checkpoints, more where writing them would cost over one per cent
    /// of the time; `None` writes them only when the experiment is ended early.
    pub every: Option<usize>,
    /// Whether training goes on from the checkpoints in the folder.
    pub resume: bool,
    /// Name of the experiment, and `cpu` or `cuda`, whose bits may differ: with the settings these
    /// determine the course of a run.
    pub experiment: [&'a str; 2],
}

/// How an experiment has ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// After the last epoch.
    Finished(Trained),
    /// Before: so many epochs of all replicas are in the folder.
    Interrupted(usize),
}

/// [`train_repeats`](super::train_repeats) on data in memory, which can be ended and continued another
/// day: when the watch ends it, the state of every chunk is written to the folder.
///
/// # Errors
/// As [`train_repeats`](super::train_repeats), and when the folder cannot be used, or a checkpoint
/// is one of another experiment or was written by another version.
pub fn train_resumable<W: Watch>(
    source: &Source,
    settings: &Settings,
    device: &Device,
    schedule: Schedule,
    watch: &W,
    checkpointing: &Checkpointing,
    warn: &(dyn Fn(String) + Sync),
) -> Result<Ending> {
    settings.check()?;
    let Checkpointing { folder, every, resume, .. } = *checkpointing;
    if every.is_some() {
        files::create_folder(folder, &[])?;
    }
    let (run, seeds) = (run(source, settings, checkpointing), settings.seeds());
    let started = if resume { started(settings, folder, &run, warn)? } else { Vec::new() };
    let old = if resume { Vec::new() } else { Checkpoints::paths(folder)? };
    let name = folder.display();
    if !old.is_empty() {
        let same = Checkpoints::run_in(folder)?.is_some_and(|other| other == run);
        let which = if same {
            "; --resume would go on from them"
        } else {
            ", which are another experiment's or version's"
        };
        warn(format!("this run replaces the checkpoints in {name}{which}"));
    } else if resume && started.is_empty() {
        warn(format!("there is no checkpoint in {name}: training starts at epoch 1"));
    }
    let chunks = chunks(settings, device, schedule, started);
    let goes_on = || watch.goes_on();
    let keep = Keep::new(folder, every, old, chunks.len(), &goes_on, warn);
    let with_keeper = |(chunk, start): (Range<usize>, Option<Checkpoint>)| {
        let name = format!("seeds-{}-{}", seeds[chunk.start], seeds[chunk.end - 1]);
        let checkpoints = Checkpoints::new(folder, &name, run.clone());
        let keeper = ChunkKeeper::new(&keep, checkpoints, start, chunk.len());
        (chunk, keeper)
    };
    let chunks = chunks.into_iter().map(with_keeper).collect();
    match train_chunks(source, settings, device, schedule, &|| watch.chunk(), chunks)? {
        Some(trained) => {
            if every.is_none() {
                for path in Checkpoints::paths(folder)? {
                    files::remove_file(&path)?;
                }
                // It stays where something else is in it.
                let _ = fs::remove_dir(folder);
            }
            Ok(Ending::Finished(trained))
        }
        None => keep.interrupted().map(Ending::Interrupted),
    }
}

/// The kind of device, `cpu` or `cuda`, on which what is in a folder of checkpoints was trained.
///
/// # Errors
/// When the folder cannot be read.
pub fn checkpoints_device(folder: &Path) -> Result<Option<String>> {
    let run = Checkpoints::run_in(folder)?;
    Ok(run.and_then(|run| Some(run["device"].as_str()?.to_string())))
}

/// The chunks that have checkpoints, each with its last one, in the order of the seeds.
fn started(
    settings: &Settings,
    folder: &Path,
    run: &Value,
    warn: &dyn Fn(String),
) -> Result<Vec<(Range<usize>, Checkpoint)>> {
    let mut started: Vec<(Range<usize>, Checkpoint)> = Vec::new();
    let seeds = settings.seeds();
    for name in Checkpoints::names(folder)? {
        let checkpoints = Checkpoints::new(folder, &name, run.clone());
        let latest = checkpoints.latest(&mut |line| warn(line));
        let latest = latest.map_err(|error| {
            anyhow!("{error:#}; name another --out, or start over without --resume")
        })?;
        let Some(checkpoint) = latest else { continue };
        ensure!(
            checkpoint.epoch <= settings.epochs,
            "--resume: expected --epochs {} or more, where the checkpoint {name} is, received {}",
            checkpoint.epoch,
            settings.epochs
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

/// All chunks: those that have been started, and the repeats between them cut anew.
fn chunks(
    settings: &Settings,
    device: &Device,
    schedule: Schedule,
    started: Vec<(Range<usize>, Checkpoint)>,
) -> Vec<(Range<usize>, Option<Checkpoint>)> {
    let mut chunks = Vec::new();
    let mut next = 0;
    let fill = |chunks: &mut Vec<_>, gap: Range<usize>| {
        if !gap.is_empty() {
            let new = schedule.chunks(gap.len(), settings, device, true);
            chunks.extend(new.map(|c| (gap.start + c.start..gap.start + c.end, None)));
        }
    };
    for (chunk, checkpoint) in started {
        fill(&mut chunks, next..chunk.start);
        next = chunk.end;
        chunks.push((chunk, Some(checkpoint)));
    }
    fill(&mut chunks, next..settings.repeats);
    chunks
}

/// What a checkpoint must have in common with the experiment: what determines the course of the first run
/// but for the number of epochs, which may grow, and what names the experiment and its noise sites.
fn run(source: &Source, settings: &Settings, checkpointing: &Checkpointing) -> Value {
    let [experiment, device] = checkpointing.experiment;
    let data = source.fingerprint();
    let mut run = json!(Trial::new(settings, data.as_ref(), device, settings.seed));
    if let Value::Object(run) = &mut run {
        run.remove("epochs");
        run.remove("data");
        run.insert("content_of_the_data".to_string(), json!(data));
        run.insert("experiment".to_string(), json!(experiment));
        // With the noise of strength 0, which has sites, too.
        run.insert("noise".to_string(), json!(settings.noise));
    }
    run
}
