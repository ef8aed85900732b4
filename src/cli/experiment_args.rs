//! The flags of an experiment.

use std::fmt;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::args::{DataArgs, OutputArgs, SplitArgs, TrainArgs};
use super::exit::Failure;
use super::parse::{positive, within};
use crate::experiment::Plan;
use crate::noise::NoiseSpec;
use crate::task::{self, Task};
use crate::train::EarlyStopping;

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
    /// Noise in place of the program's own: PLACE:KIND:STRENGTH, or PLACE:STRENGTH for Gaussian noise;
    /// several act together
    #[arg(long, value_name = "NOISE")]
    noise: Vec<NoiseSpec>,
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
    /// Save the state every N epochs, or less often if that would cost over 1 % of the time
    #[arg(long, value_name = "N", value_parser = within(1..=10_000_000usize))]
    pub(super) checkpoint_every: Option<usize>,
    /// Continue from the last checkpoint in the folder, if there is one; --epochs and --repeats may have
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
    /// Watch the loss of the test points instead: the test accuracy is then optimistic
    #[arg(long, requires = "early_stopping", conflicts_with = "validation_size")]
    validate_on_test: bool,
}

impl ValidationArgs {
    fn early_stopping(&self) -> Option<EarlyStopping> {
        let mut rule = EarlyStopping::new(self.early_stopping?);
        (rule.restore_best, rule.on_test) = (self.restore_best, self.validate_on_test);
        Some(rule)
    }

    /// Number of validation points beside so many training points and others.
    fn size(&self, train: usize, others: usize) -> usize {
        let needed = self.early_stopping.is_some() && !self.validate_on_test;
        self.validation_size.unwrap_or(if needed { train.min(others / 2) } else { 0 })
    }
}

/// A task and what is to be compared on it.
pub struct Job {
    /// The task.
    pub task: Box<dyn Task>,
    /// What is compared.
    pub plan: Plan,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl ExperimentArgs {
    /// An experiment on circles with the program's own noise, places with standard deviations.
    ///
    /// # Errors
    /// If a flag is out of range.
    pub fn job(&self, own: &[(&str, f64)]) -> Result<Job, Failure> {
        let DataArgs { samples, data_noise } = self.data;
        self.run.applied_to(opened("circles", &[], Some((samples, data_noise)))?, own)
    }
}

impl RunArgs {
    /// An experiment on real data with the program's own noise; `files` are those of the data, none for
    /// those that come with this crate.
    ///
    /// # Errors
    /// If the task takes another number of files, one cannot be read or is of another kind, or a flag is out
    /// of range.
    pub fn job(&self, task: &str, files: &[PathBuf], own: &[(&str, f64)]) -> Result<Job, Failure> {
        self.applied_to(opened(task, files, None)?, own)
    }

    fn applied_to(&self, Job { task, plan }: Job, own: &[(&str, f64)]) -> Result<Job, Failure> {
        let own = own.iter().map(|(place, stddev)| NoiseSpec::gaussian(place, *stddev));
        let own: Vec<NoiseSpec> = match self.noise[..] {
            [] => own.collect::<candle_core::Result<_>>().map_err(usage)?,
            _ => self.noise.clone(),
        };
        let train_size = self.split.train_size;
        let others = task.rows().all - task.rows().test.unwrap_or(0);
        let plan = Plan {
            hidden: vec![self.hidden],
            epochs: self.train.epochs,
            batch_size: self.train.batch_size,
            learning_rates: vec![self.learning_rate],
            early_stopping: self.validation.early_stopping(),
            validation_size: self.validation.size(train_size, others.saturating_sub(train_size)),
            data_seeds: vec![self.split.data_seed],
            train_sizes: vec![train_size],
            noise: vec![own],
            seed: self.train.seed,
            repeats: self.repeats,
            ..plan
        };
        Ok(Job { task, plan })
    }
}

/// A task with its own settings, on the data of some files or on those that come with it; `drawn` are the
/// number of points and the noise of data that are drawn.
pub(super) fn opened(
    task: &str,
    files: &[PathBuf],
    drawn: Option<(usize, f64)>,
) -> Result<Job, Failure> {
    let expected = task::files(task);
    if !files.is_empty() && files.len() != expected {
        let error = anyhow!("the {task} take {expected} files, received {}", files.len());
        return Err(Failure::Usage(error));
    }
    let opened = task::open(task, files, drawn);
    let task = if expected == 0 { opened.map_err(Failure::Usage)? } else { opened? };
    let plan = Plan { files: files.to_vec(), ..Plan::of(&*task) };
    Ok(Job { task, plan })
}

pub(super) fn usage(error: candle_core::Error) -> Failure {
    Failure::Usage(error.into())
}

/// Where hidden noise enters.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenPlacement {
    /// On the weighted sums, before the ReLU
    BeforeActivation,
    /// On the outputs of the ReLU
    AfterActivation,
}

impl HiddenPlacement {
    /// The name of the place.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeActivation => "before-activation",
            Self::AfterActivation => "after-activation",
        }
    }
}
