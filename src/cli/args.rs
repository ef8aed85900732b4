//! Flags shared by the binaries. [`main`](super::main) sets the defaults that depend on the
//! program's task.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};

use super::device::DeviceChoice;
use super::exit::Failure;
use super::parse::{stddev, within};
use super::terminal::tell;
use crate::bundle::Bundle;
use crate::data::split::Size;
use crate::experiment::Subject;
use crate::files;
use crate::task::Task;

/// Flags for the data set.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// Number of points
    #[arg(long, value_name = "N", value_parser = within(2..=1_000_000usize))]
    pub samples: Option<usize>,
    /// Standard deviation of the noise in the data points
    #[arg(long, value_name = "X", value_parser = stddev, allow_hyphen_values = true)]
    pub data_noise: Option<f64>,
}

impl DataArgs {
    /// Returns the number of points and the noise in them.
    pub(super) fn drawn(&self) -> Option<(usize, f64)> {
        self.samples.zip(self.data_noise)
    }
}

/// Flags for one draw of the data and its split.
#[derive(Args, Clone, Debug)]
pub struct SplitArgs {
    /// Seed of the data set, from 0 to 2^32 - 1; for files it draws the training and test points,
    /// with the classes in proportion (0 takes them in order, the test points last)
    #[arg(long, value_name = "SEED", value_parser = within(0..=u32::MAX))]
    pub data_seed: Option<u32>,
    /// Number of training points; the test set is the points after them or, for files, a fixed
    /// number of points
    #[arg(long, value_name = "N", value_parser = within(1..=1_000_000usize))]
    pub train_size: Option<usize>,
}

/// Flags for the test set of files.
#[derive(Args, Clone, Debug)]
pub struct TestArgs {
    /// Number of test points of the data, or their share, e.g. 0.2 [default: the test file, or the
    /// 1,000 digits that are published as such, or a third of one file of your own]
    #[arg(long, value_name = "N")]
    pub test_size: Option<Size>,
}

/// Flags for the output.
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// Folder for the results [default: runs/PROGRAM]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Start over: remove the results and finished runs that the folder holds
    #[arg(long)]
    pub fresh: bool,
    /// Do not draw pictures
    #[arg(long)]
    pub no_plots: bool,
    /// Format of the pictures
    #[arg(long, value_name = "FORMAT", default_value = "png", conflicts_with = "no_plots")]
    pub plot_format: PlotFormat,
    /// Hide the progress bar
    #[arg(long, short)]
    pub quiet: bool,
    /// Format of the results on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

impl TrainArgs {
    /// Returns the subject of the runs, with their initial weights.
    ///
    /// # Errors
    /// If there is no trained model.
    pub(super) fn subject<'a>(&self, task: &'a dyn Task) -> Result<Subject<'a>> {
        let subject = Subject::new(task, "cpu", &[])?;
        match &self.init {
            Some(path) => {
                Bundle::read(path).and_then(|own| subject.with_init(&own)).context("--init")
            }
            None => Ok(subject),
        }
    }

    /// Checks that the initial weights are not in the folder for the results.
    ///
    /// # Errors
    /// If both are the same.
    pub(super) fn check_init(&self, out: &Path) -> Result<(), Failure> {
        let folder = self
            .init
            .as_deref()
            .map(|own| if own.is_dir() { own } else { own.parent().unwrap_or(own) });
        match folder.filter(|own| files::is_same(own, out)) {
            Some(own) => Err(Failure::Usage(anyhow!(
                "--init: expected another folder than that of the results, received {}",
                own.display()
            ))),
            None => Ok(()),
        }
    }

    /// Tells which networks of `--init` start which of the repeats, if there are fewer of them.
    pub(super) fn tell_init(&self, subject: &Subject, repeats: usize) {
        if let (Some(path), Some(networks)) = (&self.init, subject.init_networks())
            && networks < repeats
        {
            let (are, folder) =
                (if networks == 1 { "network" } else { "networks" }, path.display());
            tell(&format!(
                "note: the {networks} {are} of {folder} that did not diverge start {repeats} repeats: the repeat \
                 with seed k starts from network k modulo {networks}, counted from 0"
            ));
        }
    }
}

impl OutputArgs {
    /// Returns the folder of a program's results.
    pub(super) fn folder(&self, program: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(program))
    }
}

/// The format of a program's results on standard output.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Human-readable text
    Text,
    /// The content of result.json
    Json,
}

/// The format of pictures.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlotFormat {
    /// Pixels, for screens
    Png,
    /// Vectors with text as outlines, for papers
    Svg,
    /// Both
    Both,
}

/// Flags for training, except for the data and the network.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// Number of passes over the training points
    #[arg(long, value_name = "N", value_parser = within(1..=10_000_000usize))]
    pub epochs: usize,
    /// Number of points per training step
    #[arg(long, value_name = "N", value_parser = within(1..=1_000_000usize))]
    pub batch_size: usize,
    /// Seed of the first repeat; it determines the initial weights, the order of the points and the
    /// noise
    #[arg(long, default_value_t = 0, value_parser = within(0..=u64::MAX))]
    pub seed: u64,
    /// Begin with the weights of a trained model instead of random ones: a folder of results, or its
    /// model.safetensors
    #[arg(long, value_name = "DIR")]
    pub init: Option<PathBuf>,
    /// Device to train on: auto, cpu, cuda or cuda:N; a grid uses all devices of cuda, and auto
    /// uses cuda only if a trial shows that it is faster
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// Number of CPU threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = within(1..=1024usize))]
    pub threads: Option<usize>,
}
