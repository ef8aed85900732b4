//! Gaussian noise in a recurrent network.

use std::path::PathBuf;

use clap::Parser;

use super::Program;
use crate::cli::args::TestArgs;
use crate::cli::examples;
use crate::cli::exit::Failure;
use crate::cli::experiment_args::RunArgs;
use crate::cli::parse::stddev;
use crate::cli::run::run_experiment;
use crate::task::Source;

/// Train an LSTM to recognize nine speakers or the classes of your own sequences, with Gaussian
/// noise before its dense layer
#[derive(Parser, Clone, Debug)]
#[command(version, allow_negative_numbers = true, after_help = examples::LSTM_NOISE)]
pub struct LstmNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = stddev, allow_hyphen_values = true)]
    stddev: f64,
    /// Place of the noise: before-dense, or input (on the steps, never on padding)
    #[arg(long, value_name = "PLACE", default_value = "before-dense")]
    placement: String,
    /// Files in the .ts format that replace the built-in data: training and test sequences, or one
    /// file of both
    #[arg(long, value_name = "TRAIN,TEST", value_delimiter = ',', num_args = 1..)]
    data: Vec<PathBuf>,
    #[command(flatten)]
    test: TestArgs,
    #[command(flatten)]
    run: RunArgs,
}

impl Program for LstmNoise {
    const TASK: &str = "vowels";

    fn run(self) -> Result<(), Failure> {
        let own = [(self.placement.as_str(), self.stddev)];
        let (files, test_size) = (self.data.clone(), self.test.test_size);
        let source = Source { files, test_size, ..Source::default() };
        let job = self.run.job("vowels", &source, &own)?;
        run_experiment("lstm_noise", &self.run, job)
    }
}
