//! Flags of an experiment.

use std::fmt;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::args::{DataArgs, OutputArgs, SplitArgs, TrainArgs};
use super::exit::Failure;
use super::parse::{positive, within};
use super::recipe_args::RecipeArgs;
use super::table_args::TableArgs;
use super::widths::Widths;
use crate::data::table::Reading;
use crate::experiment::Plan;
use crate::noise::NoiseSpec;
use crate::task::{self, OpenError, Rows, Source, Tabular, Task};
use crate::train::EarlyStopping;

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
    /// Noise that replaces the program's own: PLACE:KIND:STRENGTH, or PLACE:STRENGTH for Gaussian
    /// noise; repeat the flag to combine several
    #[arg(long, value_name = "NOISE")]
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
    validation: ValidationArgs,
    /// Save a checkpoint every N epochs, or less often if that would take over 1 % of the time
    #[arg(long, value_name = "N", value_parser = within(1..=10_000_000usize))]
    pub(super) checkpoint_every: Option<usize>,
    /// Continue from the last checkpoint in the folder, if there is one; --epochs and --repeats may
    /// be larger than before
    #[arg(long, conflicts_with = "fresh")]
    pub(super) resume: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// Flags for validation and early stopping.
#[derive(Args, Clone, Debug)]
pub struct ValidationArgs {
    /// Number of validation points between the training and the test points [default: 0; with
    /// --early-stopping the number of training points, but at most half of the other points, or a
    /// fifth of the points outside the test set if all would be training points]
    #[arg(long, value_name = "N", value_parser = within(0..=1_000_000usize))]
    validation_size: Option<usize>,
    /// Stop a run early if its validation loss has not fallen for this many epochs
    #[arg(long, value_name = "PATIENCE", value_parser = within(1..=10_000_000usize))]
    early_stopping: Option<usize>,
    /// Restore the weights of the epoch with the lowest validation loss
    #[arg(long, requires = "early_stopping")]
    restore_best: bool,
    /// Watch the test loss instead of the validation loss; the test accuracy is then optimistic
    #[arg(long, requires = "early_stopping", conflicts_with = "validation_size")]
    validate_on_test: bool,
}

impl ValidationArgs {
    fn early_stopping(&self) -> Option<EarlyStopping> {
        let mut rule = EarlyStopping::new(self.early_stopping?);
        (rule.restore_best, rule.on_test) = (self.restore_best, self.validate_on_test);
        Some(rule)
    }

    /// Returns whether validation rows are needed.
    fn is_needed(&self) -> bool {
        self.early_stopping.is_some() && !self.validate_on_test
    }

    /// Returns the number of validation rows of a table, taken out of this many training rows: a fifth of
    /// them if they are needed.
    fn of_training_rows(&self, train: usize) -> usize {
        self.validation_size.unwrap_or(if self.is_needed() { train.div_ceil(5) } else { 0 })
    }

    /// Returns the numbers of training and validation points: as many training points as asked for,
    /// or up to the task's `default`.
    fn sizes(&self, train: Option<usize>, default: usize, rows: Rows) -> [usize; 2] {
        let all = rows.all.saturating_sub(rows.test.unwrap_or(0));
        let wanted = train.unwrap_or(default);
        let others = all.saturating_sub(wanted);
        let validation = self.validation_size.unwrap_or(match (self.is_needed(), train, others) {
            (false, ..) => 0,
            (true, None, 0) => self.of_training_rows(all),
            (true, ..) => wanted.min(others / 2),
        });
        [train.unwrap_or(default_train_size(default, rows, validation)), validation]
    }
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
        let (given, all) = (self.split.train_size, plan.train_sizes[0]);
        let [train_size, validation_size] = match reading {
            // Validation rows are some of the training rows of a fold.
            Some(_) => {
                let validation = self.validation.of_training_rows(all);
                check_train_sizes(given.as_slice(), validation, all)?;
                [given.unwrap_or(all.saturating_sub(validation)), validation]
            }
            None => self.validation.sizes(given, all, task.rows()),
        };
        let plan = Plan {
            hidden: vec![self.hidden.first],
            epochs: self.train.epochs,
            batch_size: self.train.batch_size,
            learning_rates: vec![self.learning_rate],
            early_stopping: self.validation.early_stopping(),
            recipe: self.recipe.recipe(),
            validation_size,
            data_seeds: self.split.data_seed.map_or(plan.data_seeds, |seed| vec![seed]),
            train_sizes: vec![train_size],
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

/// Checks that a table has the training and validation rows that flags ask for, among the `all` training
/// rows of a split.
pub(super) fn check_train_sizes(
    given: &[usize],
    validation: usize,
    all: usize,
) -> Result<(), Failure> {
    let most = all.saturating_sub(validation);
    if most == 0 {
        return Err(Failure::Usage(anyhow!(
            "--validation-size: expected fewer than the {all} training rows of a split, received \
             {validation}"
        )));
    }
    match given.iter().find(|size| **size > most) {
        Some(size) => Err(Failure::Usage(anyhow!(
            "--train-size: expected at most {most} of the {all} training rows of a split, of which \
             {validation} are for validation, received {size}"
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

/// Returns the number of training points of a task by default: its own number, or what validation
/// points leave of the points outside the test set.
pub(super) fn default_train_size(default: usize, rows: Rows, validation: usize) -> usize {
    default.min(rows.trainable().saturating_sub(validation)).max(1)
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
