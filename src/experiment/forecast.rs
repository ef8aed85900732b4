//! How long work takes on some devices, foretold from a moment of it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use candle_core::Device;
use rayon::prelude::*;

use super::chunk::{Keeper, Program, State, train_chunk};
use super::grid::Grid;
use super::repeats;
use super::schedule::Schedule;
use super::search;
use super::settings::Settings;
use super::source::Source;

/// A chunk is watched for some moments, each at least one epoch long. The fastest one counts: in the
/// first a GPU's driver compiles kernels.
const MOMENTS: usize = 3;

/// Length of a moment.
const MOMENT: Duration = Duration::from_millis(50);

/// At least so many chunks are watched, where there are as many: those of a grid differ in size.
const SAMPLE: usize = 8;

/// How long [`train_repeats`](super::train_repeats) would take on a device.
///
/// # Errors
/// As [`train_repeats`](super::train_repeats).
pub fn forecast_repeats(
    source: &Source,
    settings: &Settings,
    device: &Device,
    schedule: Schedule,
) -> Result<Duration> {
    settings.check()?;
    let chunks: Vec<_> = schedule.chunks(settings.repeats, settings, device, true).collect();
    let program = |i: usize| repeats::program(settings, chunks[i].clone());
    forecast(source, chunks.len(), program, std::slice::from_ref(device), schedule)
}

/// How long [`search`](super::search()) would take to train all runs of a grid on some devices.
///
/// # Errors
/// When the grid is out of range or a device fails.
pub fn forecast_search(
    source: &Source,
    grid: &Grid,
    devices: &[Device],
    schedule: Schedule,
) -> Result<Duration> {
    grid.check()?;
    ensure!(!devices.is_empty(), "expected at least one device, received none");
    let runs: Vec<_> = search::runs(grid).collect();
    let chunks = search::chunks(grid, &runs, devices, schedule);
    let program = |i: usize| search::program(grid, &chunks[i]);
    forecast(source, chunks.len(), program, devices, schedule)
}

/// Watches chunks from all over the work, as many at a time as the work trains.
fn forecast(
    source: &Source,
    chunks: usize,
    program: impl Fn(usize) -> Program + Sync,
    devices: &[Device],
    schedule: Schedule,
) -> Result<Duration> {
    let watched = SAMPLE.max(schedule.threads).min(chunks);
    let watch = |i: usize| -> Result<f64> {
        let program = program(i * chunks / watched);
        let device = search::device_of_thread(devices);
        let mut stopwatch = Stopwatch::new(device);
        train_chunk(source, &program, device, (&mut (), &mut stopwatch))?;
        Ok(stopwatch.seconds * program.settings.epochs as f64)
    };
    let seconds: Vec<f64> = schedule
        .pool()?
        .install(|| (0..watched).into_par_iter().map(watch).collect::<Result<_>>())?;
    Ok(extrapolated(&seconds, chunks, schedule.threads))
}

/// What all chunks take on so many threads, when some of them take these seconds.
fn extrapolated(seconds: &[f64], chunks: usize, threads: usize) -> Duration {
    let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
    let rounds = chunks.div_ceil(threads);
    Duration::try_from_secs_f64(mean * rounds as f64).unwrap_or(Duration::MAX)
}

/// Measures the epochs of a chunk, and ends it.
struct Stopwatch<'a> {
    device: &'a Device,
    moments: usize,
    /// The epoch behind which the last moment began, and when that was.
    begin: (usize, Instant),
    /// What an epoch of the fastest moment took.
    seconds: f64,
}

impl<'a> Stopwatch<'a> {
    fn new(device: &'a Device) -> Self {
        Self { device, moments: 0, begin: (0, Instant::now()), seconds: f64::INFINITY }
    }

    /// Ends a moment and begins the next.
    fn lap(&mut self, epoch: usize) -> Result<()> {
        // A GPU has been told of the epochs, and trains them now.
        self.device.synchronize()?;
        let (first, begin) = self.begin;
        self.seconds = self.seconds.min(begin.elapsed().as_secs_f64() / (epoch - first) as f64);
        self.begin = (epoch, Instant::now());
        self.moments += 1;
        Ok(())
    }
}

impl Keeper for Stopwatch<'_> {
    fn goes_on(&mut self, epoch: usize, _: &State) -> Result<bool> {
        if epoch == 0 {
            self.begin = (0, Instant::now());
        } else if self.begin.1.elapsed() >= MOMENT {
            self.lap(epoch)?;
        }
        Ok(self.moments < MOMENTS)
    }

    fn finished(&mut self, epoch: usize, _: &State) -> Result<()> {
        self.lap(epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_take_turns_on_the_threads() {
        let seconds =
            |list: &[f64], chunks, threads| extrapolated(list, chunks, threads).as_secs_f64();
        assert_eq!(seconds(&[1., 3.], 10, 4), 6., "three rounds of two seconds");
        assert_eq!(seconds(&[5.], 1, 16), 5.);
        assert_eq!(extrapolated(&[1e300], 9, 1), Duration::MAX);
    }

    /// A moment suffices for years of work. Its figures differ from call to call, and the bounds are
    /// a hundred times as wide as the largest difference to be expected.
    #[test]
    fn a_forecast_grows_with_the_work() -> Result<()> {
        let schedule = Schedule { threads: 2, chunk: Some(2) };
        let settings = Settings { hidden: 20, epochs: 100, repeats: 3, ..Settings::default() };
        let forecast = |settings: &Settings| -> Result<f64> {
            Ok(forecast_repeats(&Source::Circles, settings, &Device::Cpu, schedule)?.as_secs_f64())
        };
        let short = forecast(&settings)?;
        let long = forecast(&Settings { epochs: 10_000_000, ..settings.clone() })?;
        let ratio = long / short / 100_000.;
        assert!((0.01..100.).contains(&ratio), "{short} s, {long} s");

        let grid = Grid {
            stddevs: vec![0., 0.1],
            repeats: 1000,
            data_seeds: (0..100).collect(),
            ..Grid::of(&settings)
        };
        let runs = grid.runs().count() as f64;
        let ratio = forecast_search(&Source::Circles, &grid, &[Device::Cpu], schedule)?
            .as_secs_f64()
            / (short * runs / settings.repeats as f64);
        assert!((0.01..100.).contains(&ratio), "{ratio}");
        Ok(())
    }

    #[test]
    fn what_cannot_be_trained_cannot_be_foretold() {
        let schedule = Schedule { threads: 1, chunk: None };
        let none = Settings { epochs: 0, ..Settings::default() };
        let error = forecast_repeats(&Source::Circles, &none, &Device::Cpu, schedule)
            .unwrap_err()
            .to_string();
        assert_eq!(error, "epochs must be at least 1, received 0");
        let grid = Grid { stddevs: vec![0.1], ..Grid::default() };
        assert!(
            forecast_search(&Source::Circles, &grid, &[], schedule)
                .unwrap_err()
                .to_string()
                .contains("device")
        );
    }
}
