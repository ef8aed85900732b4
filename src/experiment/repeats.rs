//! Many repeats of one experiment, trained as replicas in chunks, a chunk a thread.

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{Optimizer, VarMap};
use rayon::ThreadPool;
use rayon::prelude::*;

use super::settings::Settings;
use crate::data::Samples;
use crate::loss::Loss;
use crate::nn::{replicated_vars, sorted_vars};
use crate::noise::NoiseMap;
use crate::optim::{Adam, AdamOptions};
use crate::train::{FitOptions, History, Observer, ReplicaHistory, fit};

/// How the work is laid out. It changes the time, never the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Number of threads, at least 1.
    pub threads: usize,
    /// The most replicas trained in one tensor program; `None` chooses by size.
    pub chunk: Option<usize>,
}

/// The trained replicas, in the order of the seeds.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The curves of each replica.
    pub histories: Vec<ReplicaHistory>,
    /// The weights by name, sorted: (R, …) on the CPU, NaN for replicas that stopped.
    pub weights: Vec<(String, Tensor)>,
}

impl Trained {
    /// `model.safetensors`: the weights by name, each with the replica axis first.
    ///
    /// # Errors
    /// Never for weights of this crate.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        Ok(safetensors::serialize(self.weights.iter().map(|(name, w)| (name, w)), None)?)
    }
}

impl Schedule {
    /// The threads.
    ///
    /// # Errors
    /// When they are none or cannot be started.
    pub(super) fn pool(&self) -> Result<ThreadPool> {
        ensure!(self.threads > 0, "threads must be at least 1, received 0");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build();
        pool.with_context(|| format!("cannot start {} threads", self.threads))
    }

    /// The seeds in chunks of nearly one size, as many for each thread.
    fn chunks<'a>(
        &self,
        seeds: &'a [u64],
        settings: &Settings,
        device: &Device,
    ) -> impl Iterator<Item = &'a [u64]> {
        let total = seeds.len();
        let most = self.chunk.unwrap_or_else(|| Self::largest_chunk(settings, device));
        let mut count = total.div_ceil(most.max(1));
        if self.chunk.is_none() && device.is_cpu() {
            count = count.next_multiple_of(self.threads.max(1)).min(total);
        }
        (0..count).map(move |i| &seeds[i * total / count..(i + 1) * total / count])
    }

    /// Replicas of a chunk, chosen: enough to spread Candle's cost for each op, and as many as keep
    /// an activation in the cache. A GPU takes all.
    fn largest_chunk(settings: &Settings, device: &Device) -> usize {
        const CACHED_BYTES: usize = 256 * 1024;
        let rows = settings.batch_size.min(settings.train_size);
        match device {
            Device::Cpu => CACHED_BYTES / (size_of::<f32>() * rows * settings.hidden).max(1),
            _ => settings.repeats,
        }
    }
}

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
    let chunks: Vec<&[u64]> = schedule.chunks(&seeds, settings, device).collect();
    let train = |seeds: &&[u64]| train_chunk(settings, seeds, device, &mut observer());
    let chunks: Vec<Trained> =
        schedule.pool()?.install(|| chunks.par_iter().map(train).collect::<Result<_>>())?;
    join(chunks)
}

/// One tensor program from the initial weights to the last epoch.
fn train_chunk(
    settings: &Settings,
    seeds: &[u64],
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Trained> {
    let (train, test) = settings.dataset()?.split_at(settings.train_size)?;
    let samples = |data: &crate::data::Dataset| {
        let (xs, ys) = data.to_tensors(device)?;
        Samples::replicated(&xs.unsqueeze(0)?, &ys.unsqueeze(0)?)
    };
    let (train, test) = (samples(&train)?, samples(&test)?);
    let (varmap, noisemap) = (VarMap::new(), NoiseMap::replicated(seeds));
    let vb = replicated_vars(&varmap, seeds, DType::F32, device);
    let noise = settings.noise.iter().map(|n| (n.placement, vec![n.stddev; seeds.len()]));
    let noise: Vec<_> = noise.collect();
    let model = settings.network().build(&vb, &noisemap.builder(), &noise)?;
    let (names, vars): (Vec<_>, Vec<_>) = sorted_vars(&varmap).into_iter().unzip();
    let adam = AdamOptions { learning_rate: settings.learning_rate, ..Default::default() };
    let mut optimizer = Adam::new(vars.clone(), adam)?;
    let options = FitOptions {
        epochs: settings.epochs,
        batch_size: settings.batch_size,
        loss: Loss::BinaryCrossEntropy,
        seeds: seeds.to_vec(),
    };
    let history = fit(&model, &mut optimizer, &train, Some(&test), &options, observer)?;
    let weights = vars.iter().map(|var| finished_weights(var, &history));
    let weights = names.into_iter().zip(weights).map(|(name, weights)| Ok((name, weights?)));
    let weights = weights.collect::<Result<_>>()?;
    Ok(Trained { histories: history.replicas, weights })
}

/// The replicas' weights on the CPU, NaN for those that stopped: what they were when their chunk
/// ended depends on their company.
fn finished_weights(var: &Var, history: &History) -> Result<Tensor> {
    let weights = var.as_detached_tensor().to_device(&Device::Cpu)?;
    let replica = |(r, history): (usize, &ReplicaHistory)| {
        let own = weights.narrow(0, r, 1)?;
        if history.stopped.is_none() { Ok(own) } else { own.affine(0., f64::NAN) }
    };
    let replicas = history.replicas.iter().enumerate().map(replica);
    Ok(Tensor::cat(&replicas.collect::<candle_core::Result<Vec<_>>>()?, 0)?)
}

/// Puts the chunks' replicas one behind the other.
fn join(chunks: Vec<Trained>) -> Result<Trained> {
    let names = chunks[0].weights.iter().map(|(name, _)| name.clone());
    let join_weights = |(i, name): (usize, String)| {
        let parts: Vec<&Tensor> = chunks.iter().map(|chunk| &chunk.weights[i].1).collect();
        Ok((name, Tensor::cat(&parts, 0)?))
    };
    let weights = names.enumerate().map(join_weights).collect::<Result<_>>()?;
    let mut histories: Vec<ReplicaHistory> = Vec::new();
    for chunk in chunks {
        let first = histories.len();
        histories.extend(chunk.histories.into_iter().map(|mut history| {
            if let Some(stop) = &mut history.stopped {
                stop.replica += first;
            }
            history
        }));
    }
    Ok(Trained { histories, weights })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_every_seed_once_and_share_the_work_evenly() {
        let settings = Settings { hidden: 500, ..Settings::default() };
        let seeds: Vec<u64> = (0..30).collect();
        let sizes = |threads, chunk| -> Vec<usize> {
            let chunks: Vec<&[u64]> =
                Schedule { threads, chunk }.chunks(&seeds, &settings, &Device::Cpu).collect();
            assert_eq!(chunks.concat(), seeds);
            chunks.iter().map(|chunk| chunk.len()).collect()
        };
        assert_eq!(sizes(2, None), [3, 4, 4, 4, 3, 4, 4, 4], "fifteen for each thread");
        assert_eq!(sizes(64, None), [1; 30]);
        assert_eq!(sizes(2, Some(12)), [10; 3], "twelve at most");
        assert_eq!(sizes(2, Some(0)), [1; 30]);
    }
}
