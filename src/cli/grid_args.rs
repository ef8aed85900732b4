//! Flags of a grid: those of an experiment, with lists for the settings that vary between cells.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::answer_args::AnswerArgs;
use super::args::{DataArgs, OutputArgs, TrainArgs};
use super::exit::Failure;
use super::experiment_args::{Job, check_widths, opened, usage};
use super::parse::{noise, positive, shape, stddev, within};
use super::recipe_args::RecipeArgs;
use super::scheduler::Launch;
use super::share::Share;
use super::table_args::TableArgs;
use super::tensorboard::TensorboardArgs;
use super::validation_args::ValidationRows;
use super::widths::Widths;
use crate::experiment::{Plan, Shard};
use crate::noise::{NoiseRow, NoiseSpec};
use crate::task::{self, Source, Task};

/// The flags that `--report` has no use for.
const TRAINING: [&str; 34] = [
    "target",
    "out",
    "fresh",
    "task",
    "data_files",
    "shape",
    "test_size",
    "placements",
    "stddev",
    "noise",
    "rivals",
    "robustness",
    "repeats",
    "data_seeds",
    "samples",
    "data_noise",
    "train_size",
    "validation_size",
    "hidden",
    "learning_rate",
    "epochs",
    "batch_size",
    "seed",
    "weight_decay",
    "label_smoothing",
    "clip_norm",
    "lr_schedule",
    "until_decided",
    "max_repeats",
    "device",
    "threads",
    "shard",
    "shards",
    "time_limit",
];

/// Flags for the noise, data, networks, training and output.
#[derive(Args, Clone, Debug)]
pub struct GridArgs {
    /// Task to learn; it determines the defaults of other flags
    #[arg(long, value_name = "TASK", value_parser = PossibleValuesParser::new(task::names()))]
    task: String,
    /// Data files that replace the built-in data: a file of images for digits, or of sequences for
    /// vowels, one or TRAIN,TEST; or with --target a table of your own
    #[arg(long = "data", value_name = "FILE,…", value_delimiter = ',', num_args = 1..)]
    data_files: Vec<PathBuf>,
    /// Height and width of the images of --data [default: square]
    #[arg(long, value_name = "HxW", value_parser = shape, requires = "data_files")]
    shape: Option<[usize; 2]>,
    /// Places of the noise
    #[arg(long = "placement", value_name = "PLACE,…", value_delimiter = ',')]
    placements: Vec<String>,
    /// Standard deviations of the noise; the grid always includes the baseline, 0
    #[arg(long, value_name = "X,…", value_delimiter = ',', default_value = "0,0.01,0.03,0.1,0.3,1", value_parser = stddev, allow_hyphen_values = true)]
    stddev: Vec<f64>,
    /// Noise that replaces --placement and --stddev: PLACE:KIND:STRENGTH,…[:OPTION…]; join several with & to
    /// combine them; repeat the flag to compare several (docs/guide.md)
    #[arg(long, value_name = "NOISE", value_parser = noise::<NoiseRow>)]
    noise: Vec<NoiseRow>,
    /// Also train with early stopping, dropout, weight decay and, for classes, label smoothing
    /// instead of noise, a cell for each; all cells then give up the same validation points
    #[arg(long)]
    pub(super) rivals: bool,
    /// Attack each finished network on its own test rows: robustness.json
    #[arg(long)]
    robustness: bool,
    /// Number of repeats of each cell on each data set, with seeds SEED, SEED + 1, …
    #[arg(long, value_name = "N", value_parser = within(1..=10_000usize))]
    repeats: usize,
    /// Seeds of the data sets, each a new draw of points and split: 1,2,3 or 1..20 (20 included)
    #[arg(long, value_name = "SEED,…", value_delimiter = ',')]
    data_seeds: Vec<Seeds>,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    data: DataArgs,
    /// Numbers of training points
    #[arg(long, value_name = "N,…", value_delimiter = ',', value_parser = within(1..=1_000_000usize))]
    train_size: Vec<usize>,
    /// Number of validation points after the training points, used to choose the noise; the
    /// others are the test set [default: 0; with --rivals the largest number of training points, but
    /// at most half of the other points, or a fifth of the points outside the test set if all would be
    /// training points]
    #[arg(long, value_name = "N", value_parser = within(0..=1_000_000usize))]
    validation_size: Option<usize>,
    /// Widths of the hidden layer; for a table also several layers as 64x32, or 0 for none
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    hidden: Vec<Widths>,
    /// Learning rates of Adam
    #[arg(long, value_name = "X,…", value_delimiter = ',', value_parser = positive, allow_hyphen_values = true)]
    learning_rate: Vec<f64>,
    #[command(flatten)]
    pub(super) train: TrainArgs,
    #[command(flatten)]
    recipe: RecipeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// Shard of the grid to train if several programs share one folder; I counts from 0
    /// [default: from the variables of Slurm, MPI or Kubernetes]
    #[arg(long, value_name = "I/N", allow_hyphen_values = true)]
    shard: Option<Shard>,
    /// Total number of shards (Kubernetes provides only the index)
    #[arg(long, value_name = "N", conflicts_with = "shard", value_parser = within(1..=1_000_000usize))]
    shards: Option<usize>,
    /// Start no new runs after this long, e.g. 55m or 1h30m
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) time_limit: Option<Duration>,
    /// Report on the finished runs of a folder without training
    #[arg(long, value_name = "DIR", conflicts_with_all = TRAINING)]
    pub(super) report: Option<PathBuf>,
    #[command(flatten)]
    pub(super) tensorboard: TensorboardArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl GridArgs {
    /// Returns what determines the share of this program.
    ///
    /// # Errors
    /// If the scheduler's variables are inconsistent.
    pub(super) fn share(&self) -> Result<Share> {
        match self.shard {
            Some(shard) => Ok(Share::Given(shard)),
            None => {
                // What is no Unicode is no number, either, and the error names the variable.
                let text =
                    |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
                Launch::new(self.shards, text).map(Share::Launched)
            }
        }
    }

    /// Returns the grid described by the flags, with its task.
    ///
    /// # Errors
    /// If a flag is out of range, or a data file cannot be read or is of another kind.
    pub fn job(&self) -> Result<Job, Failure> {
        let Job { task, plan, reading } = match &self.table.target {
            Some(_) => self.table_job()?,
            None => {
                let is_drawn = task::files(&self.task) == 0;
                if is_drawn && !self.data_files.is_empty() {
                    return Err(Failure::Usage(anyhow!(
                        "--data: expected a task with files, --task digits or --task vowels, or a table \
                         with --target COLUMN, received the task {}",
                        self.task
                    )));
                }
                let source = Source {
                    files: self.data_files.clone(),
                    shape: self.shape,
                    test_size: self.table.test_size,
                    drawn: self.data.drawn().filter(|_| is_drawn),
                };
                let job = opened(&self.task, &source)?;
                self.check_data(&*job.task).map_err(Failure::Usage)?;
                job
            }
        };
        check_widths(&self.hidden, &*task)?;
        let (train_sizes, validation_size) =
            self.validation_rows().split(&self.train_size, &plan, task.rows())?;
        let data_seeds = listed(&self.data_seeds).map_err(Failure::Usage)?;
        let plan = Plan {
            epochs: self.train.epochs,
            batch_size: self.train.batch_size,
            recipe: self.recipe.recipe(),
            data_seeds: if data_seeds.is_empty() { plan.data_seeds.clone() } else { data_seeds },
            train_sizes,
            validation_size,
            hidden: self.hidden.iter().map(|own| own.first).collect(),
            learning_rates: self.learning_rate.clone(),
            seed: self.train.seed,
            repeats: self.repeats,
            robustness: self.robustness,
            ..plan
        };
        let plan = self.answer.applied_to(plan.against_baseline(&self.rows()?))?;
        if plan.noise.len() == 1 {
            let error = anyhow!(
                "expected noise of a strength above 0 to compare with the baseline, received 0 alone"
            );
            return Err(Failure::Usage(error));
        }
        Ok(Job { task, plan, reading })
    }

    fn validation_rows(&self) -> ValidationRows {
        match (self.validation_size, self.rivals) {
            (Some(rows), _) => ValidationRows::Given(rows),
            (None, true) => ValidationRows::Needed,
            (None, false) => ValidationRows::Given(0),
        }
    }

    /// Returns a plan of folds of a table.
    fn table_job(&self) -> Result<Job, Failure> {
        let flags = |text: &str| Failure::Usage(anyhow!("{text}"));
        let [file] = &self.data_files[..] else {
            return Err(flags("--target: expected one table, given by --data FILE"));
        };
        if !self.data_seeds.is_empty() {
            return Err(flags(
                "--data-seeds: a table has splits instead of data sets: expected --repeats, which \
                 split it anew",
            ));
        }
        let others = self.hidden.first().map(|own| own.others.clone()).unwrap_or_default();
        if self.hidden.iter().any(|own| own.others != others) {
            return Err(flags(
                "--hidden: expected layers that differ in the first width alone, as 64x32,100x32",
            ));
        }
        self.table.job(file, &others, self.output.quiet)
    }

    /// Returns each place with each standard deviation, or the rows of `--noise`.
    fn rows(&self) -> Result<Vec<NoiseRow>, Failure> {
        if !self.noise.is_empty() {
            return Ok(self.noise.clone());
        }
        let row = |place: &String| {
            let specs =
                self.stddev.iter().map(|stddev| Ok(vec![NoiseSpec::gaussian(place, *stddev)?]));
            specs.collect::<candle_core::Result<_>>().map(NoiseRow)
        };
        self.placements.iter().map(row).collect::<candle_core::Result<_>>().map_err(usage)
    }

    /// Checks that real data are used with their fixed number of rows and without drawn noise.
    fn check_data(&self, task: &dyn Task) -> Result<()> {
        let (name, rows) = (task.name(), task.rows().all);
        let (samples, data_noise) = self.data.drawn().unwrap_or((rows, 0.));
        ensure!(
            samples == rows || !self.data_files.is_empty(),
            "the {name} have {rows} samples, received {samples}"
        );
        ensure!(
            data_noise == 0. || task::files(name) == 0,
            "the {name} are real: expected data noise 0, received {data_noise}"
        );
        Ok(())
    }
}

fn time(text: &str) -> std::result::Result<Duration, String> {
    let parsed = humantime::parse_duration(text);
    parsed.map_err(|_| format!("expected a time as 55m or 1h30m, received '{text}'"))
}

/// Returns the seeds of all entries of `--data-seeds`.
///
/// # Errors
/// If they are more than the runs that a plan may have.
pub(crate) fn listed(entries: &[Seeds]) -> Result<Vec<u32>> {
    let count = |Seeds(range): &Seeds| (range.end() - range.start()) as usize + 1;
    let (count, most) = (entries.iter().map(count).sum::<usize>(), Plan::MOST_RUNS);
    ensure!(count <= most, "--data-seeds: expected at most {most} seeds, received {count}");
    Ok(entries.iter().flat_map(|seeds| seeds.0.clone()).collect())
}

/// One entry of `--data-seeds`: a seed, or the first and last seed of a range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seeds(RangeInclusive<u32>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        const MOST: u32 = 100_000;
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let range = first.trim().parse().ok().zip(last.trim().parse().ok());
        match range {
            Some((first, last)) if first <= last && last - first < MOST => Ok(Self(first..=last)),
            _ => Err(format!(
                "expected a seed from 0 to {}, or a range of at most {MOST} as 1..20, received \
                 '{text}'",
                u32::MAX
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_seeds_include_both_ends() {
        let seeds = |text: &str| text.parse::<Seeds>().map(|seeds| seeds.0.collect::<Vec<_>>());
        assert_eq!(seeds("7"), Ok(vec![7]));
        assert_eq!(seeds("2..4"), Ok(vec![2, 3, 4]));
        assert_eq!(seeds("4294967295..4294967295"), Ok(vec![u32::MAX]));
        for bad in ["", "4..2", "1..", "..3", "-1", "1..2..3", "0..4294967295", "x"] {
            assert!(seeds(bad).is_err_and(|error| error.contains(&format!("'{bad}'"))), "{bad}");
        }
    }

    #[test]
    fn a_list_has_no_more_seeds_than_a_plan_has_runs() {
        let ranges = |count| vec![Seeds(0..=99_999); count];
        assert_eq!(listed(&ranges(10)).unwrap().len(), 1_000_000);
        let error = listed(&ranges(11)).unwrap_err().to_string();
        assert!(error.contains("at most 1000000 seeds, received 1100000"), "{error}");
    }
}
