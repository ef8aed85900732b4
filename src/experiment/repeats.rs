//! Many repeats of one experiment, trained as replicas in chunks, a chunk a thread.

use anyhow::Result;
use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::chunk::{Trained, train_chunk};
use super::schedule::Schedule;
use super::settings::Settings;
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
    let seeds = settings.seeds();
    let chunks: Vec<&[u64]> =
        schedule.chunks(seeds.len(), settings, device, true).map(|chunk| &seeds[chunk]).collect();
    let train = |seeds: &&[u64]| {
        let noise = settings.noise.iter().map(|n| (n.placement, vec![n.stddev; seeds.len()]));
        let noise: Vec<_> = noise.collect();
        train_chunk(settings, seeds, &noise, device, &mut observer())
    };
    let chunks: Vec<Trained> =
        schedule.pool()?.install(|| chunks.par_iter().map(train).collect::<Result<_>>())?;
    join(chunks)
}

/// Puts the chunks' replicas one behind the other.
fn join(chunks: Vec<Trained>) -> Result<Trained> {
    let names = chunks[0].weights.iter().map(|(name, _)| name.clone());
    let join_weights = |(i, name): (usize, String)| {
        let parts: Vec<&Tensor> = chunks.iter().map(|chunk| &chunk.weights[i].1).collect();
        Ok((name, Tensor::cat(&parts, 0)?))
    };
    let weights = names.enumerate().map(join_weights).collect::<Result<_>>()?;
    let (mut validation_accuracy, mut test_right) = (Vec::new(), Vec::new());
    let mut histories: Vec<ReplicaHistory> = Vec::new();
    for chunk in chunks {
        let first = histories.len();
        validation_accuracy.extend(chunk.validation_accuracy);
        test_right.extend(chunk.test_right);
        histories.extend(chunk.histories.into_iter().map(|mut history| {
            if let Some(stop) = &mut history.stopped {
                stop.replica += first;
            }
            history
        }));
    }
    Ok(Trained { histories, weights, validation_accuracy, test_right })
}
