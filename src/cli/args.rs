//! The flags that binaries share.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::device::DeviceChoice;
use crate::experiment::{EarlyStop, Noise, Schedule, Settings};
use crate::model::Placement;

/// The data set.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// Number of points
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = within(2..=1_000_000usize))]
    pub samples: usize,
    /// Standard deviation of the noise in the data themselves
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = stddev, allow_hyphen_values = true)]
    pub data_noise: f64,
}

/// One draw of the data and its split.
#[derive(Args, Clone, Debug)]
pub struct SplitArgs {
    /// Seed of the data set, 0 to 2^32 - 1
    #[arg(long, value_name = "SEED", default_value_t = 1, value_parser = within(0..=u32::MAX))]
    pub data_seed: u32,
    /// Number of training points; the others are the test set
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = within(1..=1_000_000usize))]
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
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = within(1..=10_000_000usize))]
    pub epochs: usize,
    /// Points of a training step
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = within(1..=1_000_000usize))]
    pub batch_size: usize,
    /// Seed of the first repeat: initial weights, order of the points, noise
    #[arg(long, default_value_t = 0, value_parser = within(0..=u64::MAX))]
    pub seed: u64,
    /// Where to train: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// Number of threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = within(1..=1024usize))]
    pub threads: Option<usize>,
}

impl TrainArgs {
    /// The schedule that the flags ask for.
    pub(super) fn schedule(&self) -> Schedule {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        Schedule { threads: self.threads.unwrap_or(cores), chunk: None }
    }
}

/// Data, network, training and output: everything but the noise.
#[derive(Args, Clone, Debug)]
pub struct ExperimentArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    split: SplitArgs,
    /// Width of the hidden layer
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = within(1..=65_536usize))]
    hidden: usize,
    /// Step size of Adam
    #[arg(long, value_name = "X", default_value_t = 0.001, value_parser = positive, allow_hyphen_values = true)]
    learning_rate: f64,
    #[command(flatten)]
    pub(super) train: TrainArgs,
    /// Number of repeats, with seeds SEED, SEED + 1, …
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = within(1..=10_000usize))]
    repeats: usize,
    #[command(flatten)]
    validation: ValidationArgs,
    /// Save the state every N epochs, or less often where that would cost over 1 % of the time
    #[arg(long, value_name = "N", value_parser = within(1..=10_000_000usize))]
    pub(super) checkpoint_every: Option<usize>,
    /// Go on from the last checkpoint in the folder, if there is one; --epochs may have grown
    #[arg(long)]
    pub(super) resume: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// Validation points, and what they decide.
#[derive(Args, Clone, Debug)]
pub struct ValidationArgs {
    /// Number of points between training and test points for validation [default: 0; with
    /// --early-stopping as many as training points, but at most half of the others]
    #[arg(long, value_name = "N", value_parser = within(0..=1_000_000usize))]
    validation_size: Option<usize>,
    /// End a run when its validation loss has not fallen for so many epochs
    #[arg(long, value_name = "PATIENCE", value_parser = within(1..=10_000_000usize))]
    early_stopping: Option<usize>,
    /// Keep the weights of the epoch with the lowest validation loss
    #[arg(long, requires = "early_stopping")]
    restore_best: bool,
    /// Watch the loss of the test points instead: the test accuracy flatters then
    #[arg(long, requires = "early_stopping", conflicts_with = "validation_size")]
    validate_on_test: bool,
}

impl ValidationArgs {
    fn early_stop(&self) -> Option<EarlyStop> {
        let (restore_best, on_test) = (self.restore_best, self.validate_on_test);
        self.early_stopping.map(|patience| EarlyStop { patience, restore_best, on_test })
    }

    /// Number of validation points beside so many training points and others.
    fn size(&self, train: usize, others: usize) -> usize {
        let needed = self.early_stopping.is_some() && !self.validate_on_test;
        self.validation_size.unwrap_or(if needed { train.min(others / 2) } else { 0 })
    }
}

impl ExperimentArgs {
    /// The settings of an experiment with the given noise.
    pub fn settings(&self, noise: Vec<Noise>) -> Settings {
        let (samples, train_size) = (self.data.samples, self.split.train_size);
        Settings {
            samples,
            data_noise: self.data.data_noise,
            data_seed: self.split.data_seed,
            train_size,
            validation_size: self.validation.size(train_size, samples.saturating_sub(train_size)),
            hidden: self.hidden,
            epochs: self.train.epochs,
            batch_size: self.train.batch_size,
            learning_rate: self.learning_rate,
            seed: self.train.seed,
            repeats: self.repeats,
            noise,
            early_stopping: self.validation.early_stop(),
        }
    }
}

/// Where hidden noise enters.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenPlacement {
    /// On the weighted sums, before the ReLU
    BeforeActivation,
    /// On the outputs of the ReLU
    AfterActivation,
}

impl From<HiddenPlacement> for Placement {
    fn from(placement: HiddenPlacement) -> Self {
        match placement {
            HiddenPlacement::BeforeActivation => Self::BeforeActivation,
            HiddenPlacement::AfterActivation => Self::AfterActivation,
        }
    }
}

/// Parses a standard deviation: a finite number of at least 0.
///
/// # Errors
/// When the text is something else.
pub fn stddev(text: &str) -> Result<f64, String> {
    let valid = |x: &f64| (0.0..f64::INFINITY).contains(x);
    number(text, "a finite number of at least 0", valid)
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    number(text, "a finite number above 0", |&x: &f64| x > 0. && x.is_finite())
}

pub(super) fn within<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + std::fmt::Display + Copy,
{
    move |text| {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        number(text, &expected, |x| range.contains(x))
    }
}

fn number<T: FromStr>(text: &str, expected: &str, valid: impl Fn(&T) -> bool) -> Result<T, String> {
    let parsed = text.parse().ok().filter(valid);
    parsed.ok_or_else(|| format!("expected {expected}, received '{text}'"))
}
