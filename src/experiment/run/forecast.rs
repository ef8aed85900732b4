//! Estimates training time on a device by timing a few epochs.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use candle_core::Device;
use rayon::prelude::*;

use super::chunk::train_chunk;
use super::repeats::Pieces;
use super::robust::attack_epochs;
use super::{Schedule, search};
use crate::experiment::plan::Plan;
use crate::experiment::trial::{Subject, Trial};
use crate::train::Trainer;

/// A chunk is watched for some moments, each at least one epoch long. The fastest one counts: in the
/// first a GPU's driver compiles kernels.
const MOMENTS: usize = 3;

/// Length of a moment.
const MOMENT: Duration = Duration::from_millis(50);

/// The number of chunks that are timed, if there are as many: those of a grid differ in size.
const SAMPLE: usize = 8;

/// Estimates how long [`train_repeats`](super::train_repeats) would take on a device.
///
/// # Errors
/// As [`train_repeats`](super::train_repeats).
pub fn forecast_repeats(
    subject: &Subject,
    plan: &Plan,
    device: &Device,
    schedule: Schedule,
) -> Result<Duration> {
    let trials: Vec<Trial> = plan.trials().map(|(_, trial)| trial).collect();
    ensure!(!trials.is_empty(), "expected at least one run, received none");
    let pieces = Pieces::new(subject, &trials, device, schedule)?.of(0..trials.len());
    let chunks: Vec<Vec<Trial>> = pieces.map(|chunk| trials[chunk].to_vec()).collect();
    forecast(subject, &chunks, std::slice::from_ref(device), schedule)
}

/// Estimates how long [`search`](super::search()) would take to train, and attack, all runs of a plan on some devices.
///
/// # Errors
/// If there are no devices or one fails.
pub fn forecast_search(
    subject: &Subject,
    plan: &Plan,
    devices: &[Device],
    schedule: Schedule,
) -> Result<Duration> {
    ensure!(!devices.is_empty(), "expected at least one device, received none");
    let chunks = search::chunks(subject, plan.trials().collect(), devices, schedule)?;
    let trials = |chunk: Vec<(usize, Trial)>| chunk.into_iter().map(|(_, trial)| trial).collect();
    let chunks: Vec<Vec<Trial>> = chunks.into_iter().map(trials).collect();
    let trained = forecast(subject, &chunks, devices, schedule)?;
    let share = attack_epochs(subject, plan)? as f64 / plan.epochs.max(1) as f64;
    Ok(Duration::try_from_secs_f64(trained.as_secs_f64() * (1. + share)).unwrap_or(Duration::MAX))
}

/// Times chunks from all over the work, as many at a time as the work trains.
fn forecast(
    subject: &Subject,
    chunks: &[Vec<Trial>],
    devices: &[Device],
    schedule: Schedule,
) -> Result<Duration> {
    let timed = SAMPLE.max(schedule.threads).min(chunks.len());
    let time = |i: usize| -> Result<f64> {
        let trials = &chunks[i * chunks.len() / timed];
        let device = search::device_of_thread(devices);
        let mut stopwatch = Stopwatch::new(device);
        let goes_on = &mut |trainer: &Trainer| stopwatch.goes_on(trainer);
        train_chunk(subject, trials, device, None, &|_| {}, goes_on)?;
        Ok(stopwatch.seconds * trials[0].hyper.epochs as f64)
    };
    let seconds: Vec<f64> =
        schedule.pool()?.install(|| (0..timed).into_par_iter().map(time).collect::<Result<_>>())?;
    Ok(extrapolated(&seconds, chunks.len(), schedule.threads))
}

/// Estimates the time of all chunks on some threads from the seconds of a few of them.
fn extrapolated(seconds: &[f64], chunks: usize, threads: usize) -> Duration {
    let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
    let rounds = chunks.div_ceil(threads);
    Duration::try_from_secs_f64(mean * rounds as f64).unwrap_or(Duration::MAX)
}

/// Measures the epochs of a chunk, and ends it.
struct Stopwatch<'a> {
    device: &'a Device,
    moments: usize,
    /// The epoch after which the last moment began, and when that was.
    begin: (usize, Instant),
    /// What an epoch of the fastest moment took.
    seconds: f64,
}

impl<'a> Stopwatch<'a> {
    fn new(device: &'a Device) -> Self {
        Self { device, moments: 0, begin: (0, Instant::now()), seconds: f64::INFINITY }
    }

    /// Returns whether to measure more. Called before each epoch and after the last.
    fn goes_on(&mut self, trainer: &Trainer) -> Result<bool> {
        let epoch = trainer.epoch_number();
        if epoch == 0 {
            self.begin = (0, Instant::now());
        } else if self.begin.1.elapsed() >= MOMENT || trainer.has_ended() {
            self.lap(epoch)?;
        }
        Ok(self.moments < MOMENTS)
    }

    /// Ends a moment and begins the next.
    fn lap(&mut self, epoch: usize) -> Result<()> {
        // A GPU may only have queued the epochs: wait until it has trained them.
        self.device.synchronize()?;
        let (first, begin) = self.begin;
        self.seconds = self.seconds.min(begin.elapsed().as_secs_f64() / (epoch - first) as f64);
        self.begin = (epoch, Instant::now());
        self.moments += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Circles;

    #[test]
    fn chunks_take_turns_on_the_threads() {
        let seconds =
            |list: &[f64], chunks, threads| extrapolated(list, chunks, threads).as_secs_f64();
        assert_eq!(seconds(&[1., 3.], 10, 4), 6., "three rounds of two seconds");
        assert_eq!(seconds(&[5.], 1, 16), 5.);
        assert_eq!(extrapolated(&[1e300], 9, 1), Duration::MAX);
    }

    /// Even years of work are estimated within a moment. Timings differ between calls, so the bounds are a
    /// hundred times as wide as the largest expected difference.
    #[test]
    fn a_forecast_grows_with_the_work() -> Result<()> {
        let task = Circles::default();
        let subject = Subject::new(&task, "cpu", &[])?;
        let schedule = Schedule { threads: 2, chunk: Some(2) };
        let epochs = |epochs| Plan { epochs, hidden: vec![20], repeats: 3, ..Plan::of(&task) };
        let forecast = |plan: &Plan| -> Result<f64> {
            Ok(forecast_repeats(&subject, plan, &Device::Cpu, schedule)?.as_secs_f64())
        };
        let short = forecast(&epochs(100))?;
        let long = forecast(&epochs(10_000_000))?;
        let ratio = long / short / 100_000.;
        assert!((0.01..100.).contains(&ratio), "{short} s, {long} s");

        let grid = Plan { repeats: 1000, data_seeds: (0..100).collect(), ..epochs(100) };
        let grid = grid.against_baseline(&["input:0.1".parse()?]);
        let ratio = forecast_search(&subject, &grid, &[Device::Cpu], schedule)?.as_secs_f64()
            / (short * grid.runs() as f64 / 3.);
        assert!((0.01..100.).contains(&ratio), "{ratio}");
        let none = forecast_search(&subject, &grid, &[], schedule).unwrap_err();
        assert!(none.to_string().contains("device"), "{none}");
        Ok(())
    }
}
