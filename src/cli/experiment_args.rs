//! Flags of an experiment.

use std::fmt;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::args::{DataArgs, OutputArgs, SplitArgs, TrainArgs};
use super::exit::Failure;
use super::parse::{noise, positive, within};
use super::recipe_args::RecipeArgs;
use super::table_args::TableArgs;
use super::tensorboard::TensorboardArgs;
use super::test_noise_args::TestNoiseArgs;
use super::validation_args::ValidationArgs;
use super::widths::Widths;
use crate::data::table::Reading;
use crate::experiment::Plan;
use crate::noise::NoiseSpec;
use crate::task::{self, OpenError, Source, Tabular, Task};

/// Flags for the tutorial's data, network, training and output, without the program's own noise.
#[derive(Args, Clone, Debug)]
pub struct ExperimentArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Table of your own instead of the circles: CSV or the like, also .gz, or - for standard input
    #[arg(long = "data", value_name = "FILE", requires = "target")]
    file: Option<PathBuf>,
    #[command(flatten)]
    table: TableArgs,
    /// Flags for everything but the data.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Flags for the split, network, training and output.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Noise that replaces the program's own: PLACE:KIND:STRENGTH[:OPTION…], or PLACE:STRENGTH for Gaussian
    /// noise, as input:0.1:relative; 0.3..0.03 leads from one strength to another, linearly by default; repeat
    /// the flag to combine several (docs/guide.md)
    #[arg(long, value_name = "NOISE", value_parser = noise::<NoiseSpec>)]
    noise: Vec<NoiseSpec>,
    #[command(flatten)]
    split: SplitArgs,
    /// Width of the hidden layer, or number of filters of each convolution; for a table also several
    /// widths as 64x32, or 0 for no hidden layer
    #[arg(long, value_name = "N")]
    hidden: Widths,
    /// Learning rate of Adam
    #[arg(long, value_name = "X", value_parser = positive, allow_hyphen_values = true)]
    learning_rate: f64,
    #[command(flatten)]
    pub(super) train: TrainArgs,
    /// Number of repeats, with seeds SEED, SEED + 1, …
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = within(1..=10_000usize))]
    repeats: usize,
    #[command(flatten)]
    recipe: RecipeArgs,
    #[command(flatten)]
    pub(super) test_noise: TestNoiseArgs,
    #[command(flatten)]
    validation: ValidationArgs,
    /// Save a checkpoint every N epochs, or less often if that would take over 1 % of the time
    #[arg(long, value_name = "N", value_parser = within(1..=10_000_000usize))]
    pub(super) checkpoint_every: Option<usize>,
    /// Continue from the last checkpoint in the folder, if there is one; --epochs and --repeats may
    /// be larger than before
    #[arg(long, conflicts_with = "fresh")]
    pub(super) resume: bool,
    #[command(flatten)]
    pub(super) tensorboard: TensorboardArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// A task and the plan of what to compare on it.
pub struct Job {
    /// The task.
    pub task: Box<dyn Task>,
    /// What to compare.
    pub plan: Plan,
    /// What was decided about a table.
    pub reading: Option<Reading>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl ExperimentArgs {
    /// Returns an experiment on circles or a table with the program's own noise, given as places with
    /// standard deviations.
    ///
    /// # Errors
    /// If a flag is out of range.
    pub fn job(&self, own: &[(&str, f64)]) -> Result<Job, Failure> {
        let job = match &self.file {
            Some(file) => self.table.job(file, &self.run.hidden.others, self.run.output.quiet)?,
            None if self.table.target.is_some() => {
                return Err(Failure::Usage(anyhow!(
                    "--target: expected a table, given by --data FILE"
                )));
            }
            None => {
                let (test_size, drawn) = (self.table.test_size, self.data.drawn());
                opened("circles", &Source { test_size, drawn, ..Source::default() })?
            }
        };
        self.run.applied_to(job, own)
    }
}

impl RunArgs {
    /// Returns an experiment on a task with the program's own noise, given as places with standard
    /// deviations.
    ///
    /// # Errors
    /// If the number of files is wrong, a file cannot be read or is of another kind, or a flag is
    /// out of range.
    pub fn job(&self, task: &str, source: &Source, own: &[(&str, f64)]) -> Result<Job, Failure> {
        self.applied_to(opened(task, source)?, own)
    }

    fn applied_to(&self, job: Job, own: &[(&str, f64)]) -> Result<Job, Failure> {
        let Job { task, plan, reading } = job;
        let own = own.iter().map(|(place, stddev)| NoiseSpec::gaussian(place, *stddev));
        let own: Vec<NoiseSpec> = match self.noise[..] {
            [] => own.collect::<candle_core::Result<_>>().map_err(usage)?,
            _ => self.noise.clone(),
        };
        check_widths(std::slice::from_ref(&self.hidden), &*task)?;
        let given = self.split.train_size;
        let (train_sizes, validation_size) =
            self.validation.rows().split(given.as_slice(), &plan, task.rows())?;
        let plan = Plan {
            hidden: vec![self.hidden.first],
            epochs: self.train.epochs,
            batch_size: self.train.batch_size,
            learning_rates: vec![self.learning_rate],
            early_stopping: self.validation.early_stopping(),
            recipe: self.recipe.recipe(),
            validation_size,
            data_seeds: self.split.data_seed.map_or(plan.data_seeds, |seed| vec![seed]),
            train_sizes,
            noise: vec![own],
            seed: self.train.seed,
            repeats: self.repeats,
            ..plan
        };
        Ok(Job { task, plan, reading })
    }
}

/// Checks that only a table has several hidden layers, or none.
pub(super) fn check_widths(hidden: &[Widths], task: &dyn Task) -> Result<(), Failure> {
    let is_one = |own: &&Widths| own.first > 0 && own.others.is_empty();
    let is_table = task.name() == Tabular::NAME;
    match hidden.iter().find(|own| !is_table && !is_one(own)) {
        Some(own) => Err(Failure::Usage(anyhow!(
            "--hidden: expected one width from 1 to 65536, received '{own}'; only the network of a \
             table has several layers or none"
        ))),
        None => Ok(()),
    }
}

/// Opens a task with its default settings.
pub(super) fn opened(task: &str, source: &Source) -> Result<Job, Failure> {
    let task = task::open(task, source)?;
    let plan = Plan { files: source.files.clone(), ..Plan::of(&*task) };
    Ok(Job { task, plan, reading: None })
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Setting(error) => Self::Usage(error),
            OpenError::File(error) => Self::Failed(error),
        }
    }
}

pub(super) fn usage(error: candle_core::Error) -> Failure {
    Failure::Usage(error.into())
}

/// The place of the hidden noise.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenPlacement {
    /// On the weighted sums, before the ReLU
    BeforeActivation,
    /// On the outputs of the ReLU
    AfterActivation,
}

impl HiddenPlacement {
    /// Returns the name of the place.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeActivation => "before-activation",
            Self::AfterActivation => "after-activation",
        }
    }
}
