//! Gaussian noise in a convolutional network.

use std::path::PathBuf;

use clap::Parser;

use super::Program;
use crate::cli::args::TestArgs;
use crate::cli::examples;
use crate::cli::exit::Failure;
use crate::cli::experiment_args::RunArgs;
use crate::cli::parse::{shape, stddev};
use crate::cli::run::run_experiment;
use crate::task::Source;

/// Train a convolutional network on handwritten digits or your own images, with Gaussian noise
/// after pooling
#[derive(Parser, Clone, Debug)]
#[command(version, allow_negative_numbers = true, after_help = examples::CNN_NOISE)]
pub struct CnnNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = stddev, allow_hyphen_values = true)]
    stddev: f64,
    /// Place of the noise: after-pooling or input
    #[arg(long, value_name = "PLACE", default_value = "after-pooling")]
    placement: String,
    /// File of images that replaces the built-in digits: lines of pixels and, last, the class,
    /// separated by commas
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Height and width of the images of --data [default: square]
    #[arg(long, value_name = "HxW", value_parser = shape, requires = "data")]
    shape: Option<[usize; 2]>,
    #[command(flatten)]
    test: TestArgs,
    #[command(flatten)]
    run: RunArgs,
}

impl Program for CnnNoise {
    const TASK: &str = "digits";

    fn run(self) -> Result<(), Failure> {
        let own = [(self.placement.as_str(), self.stddev)];
        let files = self.data.iter().cloned().collect();
        let (shape, test_size) = (self.shape, self.test.test_size);
        let source = Source { files, shape, test_size, ..Source::default() };
        let job = self.run.job("digits", &source, &own)?;
        run_experiment("cnn_noise", &self.run, job)
    }
}
