//! The flags of an experiment.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{DataArgs, OutputArgs, SplitArgs, TrainArgs};
use super::exit::Failure;
use super::parse::{positive, within};
use crate::experiment::{EarlyStop, Noise, Settings, Source, Task};
use crate::model::Placement;

/// The tutorial's data, network, training and output: everything but the noise.
#[derive(Args, Clone, Debug)]
pub struct ExperimentArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Everything but the data.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Split, network, training and output.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    split: SplitArgs,
    /// Width of the hidden layer: units, or filters of each convolution
    #[arg(long, value_name = "N", value_parser = within(1..=65_536usize))]
    hidden: usize,
    /// Step size of Adam
    #[arg(long, value_name = "X", value_parser = positive, allow_hyphen_values = true)]
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
    /// Go on from the last checkpoint in the folder, if there is one; --epochs and --repeats may have
    /// grown
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
    /// An experiment on circles with the given noise.
    pub fn experiment(&self, noise: Vec<Noise>) -> (Source, Settings) {
        let circles = Settings {
            samples: self.data.samples,
            data_noise: self.data.data_noise,
            ..Settings::default()
        };
        (Source::Circles, self.run.applied_to(circles, noise))
    }
}

impl RunArgs {
    /// An experiment on real data with the given noise; `files` are those of the data, none for those
    /// that come with this crate.
    ///
    /// # Errors
    /// When the task takes another number of files, or one cannot be read or is no such file.
    pub fn experiment(
        &self,
        task: Task,
        files: &[PathBuf],
        noise: Vec<Noise>,
    ) -> Result<(Source, Settings), Failure> {
        let (source, data) = opened(task, files)?;
        Ok((source, self.applied_to(data, noise)))
    }

    fn applied_to(&self, data: Settings, noise: Vec<Noise>) -> Settings {
        let train_size = self.split.train_size;
        let others = data.samples - data.test_rows.unwrap_or(0);
        Settings {
            data_seed: self.split.data_seed,
            train_size,
            validation_size: self.validation.size(train_size, others.saturating_sub(train_size)),
            hidden: self.hidden,
            epochs: self.train.epochs,
            batch_size: self.train.batch_size,
            learning_rate: self.learning_rate,
            seed: self.train.seed,
            repeats: self.repeats,
            noise,
            early_stopping: self.validation.early_stop(),
            ..data
        }
    }
}

/// The data of some files, or without files those of the task, with the task's settings for them.
pub(super) fn opened(task: Task, files: &[PathBuf]) -> Result<(Source, Settings), Failure> {
    let settings = Settings { files: files.to_vec(), ..task.defaults() };
    settings.check().map_err(Failure::Usage)?;
    let source = Source::open(task, files)?;
    let settings = match source.sizes() {
        Some([samples, test]) => Settings { samples, test_rows: Some(test), ..settings },
        None => settings,
    };
    Ok((source, settings))
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
