//! The flags that binaries share. Those without a default here have that of the program's task, which
//! [`main`](super::main) adds.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::device::DeviceChoice;
use super::parse::{stddev, within};

/// The data set.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// Number of points
    #[arg(long, value_name = "N", value_parser = within(2..=1_000_000usize))]
    pub samples: usize,
    /// Standard deviation of the noise in the data themselves
    #[arg(long, value_name = "X", value_parser = stddev, allow_hyphen_values = true)]
    pub data_noise: f64,
}

/// One draw of the data and its split.
#[derive(Args, Clone, Debug)]
pub struct SplitArgs {
    /// Seed of the data set, 0 to 2^32 - 1; real data choose their training points by it, 0 the first
    #[arg(long, value_name = "SEED", value_parser = within(0..=u32::MAX))]
    pub data_seed: u32,
    /// Number of training points; those behind them, or of real data the last ones, are the test set
    #[arg(long, value_name = "N", value_parser = within(1..=1_000_000usize))]
    pub train_size: usize,
}

/// Where results go.
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// Folder for the results [default: runs/PROGRAM]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Draw no pictures
    #[arg(long)]
    pub no_plots: bool,
    /// Show no progress bar
    #[arg(long, short)]
    pub quiet: bool,
    /// What to print on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

impl OutputArgs {
    /// The folder of a program's results.
    pub(super) fn folder(&self, program: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(program))
    }
}

/// What a program prints on standard output.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line for people
    Text,
    /// The content of result.json
    Json,
}

/// How to train, and on what.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// Passes over the training points
    #[arg(long, value_name = "N", value_parser = within(1..=10_000_000usize))]
    pub epochs: usize,
    /// Points of a training step
    #[arg(long, value_name = "N", value_parser = within(1..=1_000_000usize))]
    pub batch_size: usize,
    /// Seed of the first repeat: initial weights, order of the points, noise
    #[arg(long, default_value_t = 0, value_parser = within(0..=u64::MAX))]
    pub seed: u64,
    /// Where to train: auto, cpu, cuda or cuda:N; a grid takes all devices of cuda, and auto takes
    /// them where a trial shows that they are faster
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// Number of threads on the CPU [default: one for each core]
    #[arg(long, value_name = "N", value_parser = within(1..=1024usize))]
    pub threads: Option<usize>,
}
