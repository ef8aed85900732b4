//! Many repeats of one experiment, trained as replicas in chunks, a chunk a thread.

use std::ops::Range;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::chunk::{Keeper, Program, Trained, train_chunk};
use super::memory::explained;
use super::schedule::Schedule;
use super::settings::{Noise, Settings};
use super::source::Source;
use crate::train::{Observer, ReplicaHistory};

/// Trains one replica for each seed of the settings.
///
/// `observer` makes one observer for each chunk; they run on different threads.
///
/// # Errors
/// When the settings are out of range, the threads cannot be started or the device fails.
pub fn train_repeats<W: Observer>(
    settings: &Settings,
    device: &Device,
    schedule: Schedule,
    observer: impl Fn() -> W + Sync,
) -> Result<Trained> {
    settings.check()?;
    let source = Source::open(settings.task, &settings.files)?;
    let chunks = schedule.chunks(settings.repeats, settings, device, true).map(|c| (c, ()));
    let chunks = chunks.collect();
    let trained = train_chunks(&source, settings, device, schedule, &observer, chunks)?;
    trained.context("repeats that nobody ends have not ended")
}

/// Trains chunks of the repeats, in order and all of them, each with its keeper. `None` where a
/// keeper has ended its chunk.
pub(super) fn train_chunks<W: Observer, K: Keeper + Send>(
    source: &Source,
    settings: &Settings,
    device: &Device,
    schedule: Schedule,
    observer: &(impl Fn() -> W + Sync),
    chunks: Vec<(Range<usize>, K)>,
) -> Result<Option<Trained>> {
    let train = |(chunk, mut keeper): (Range<usize>, K)| {
        let replicas = chunk.len();
        let watch: (&mut dyn Observer, &mut dyn Keeper) = (&mut observer(), &mut keeper);
        train_chunk(source, &program(settings, chunk), device, watch)
            .map_err(|error| explained(error, replicas))
    };
    let pool = schedule.pool()?;
    let chunks: Vec<Option<Trained>> =
        pool.install(|| chunks.into_par_iter().map(train).collect::<Result<_>>())?;
    chunks.into_iter().collect::<Option<_>>().map(join).transpose()
}

/// The program of some of the repeats.
pub(super) fn program(settings: &Settings, chunk: Range<usize>) -> Program {
    let spread = |noise: &Noise| (noise.placement, vec![noise.stddev; chunk.len()]);
    Program {
        noise: settings.noise.iter().map(spread).collect(),
        seeds: settings.seeds()[chunk].to_vec(),
        settings: settings.clone(),
    }
}

/// Puts the chunks' replicas one behind the other.
fn join(chunks: Vec<Trained>) -> Result<Trained> {
    let names = chunks[0].weights.iter().map(|(name, _)| name.clone());
    let join_weights = |(i, name): (usize, String)| {
        let parts: Vec<&Tensor> = chunks.iter().map(|chunk| &chunk.weights[i].1).collect();
        Ok((name, Tensor::cat(&parts, 0)?))
    };
    let weights = names.enumerate().map(join_weights).collect::<Result<_>>()?;
    let test_labels = chunks[0].test_labels.clone();
    let mut test_predicted = Vec::new();
    let mut histories: Vec<ReplicaHistory> = Vec::new();
    for chunk in chunks {
        let first = histories.len();
        test_predicted.extend(chunk.test_predicted);
        histories.extend(chunk.histories.into_iter().map(|mut history| {
            if let Some(stop) = &mut history.stopped {
                stop.replica += first;
            }
            history
        }));
    }
    Ok(Trained { histories, weights, test_predicted, test_labels })
}
