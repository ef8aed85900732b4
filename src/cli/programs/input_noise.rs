//! Gaussian noise on the inputs.

use clap::Parser;

use super::Program;
use crate::cli::examples;
use crate::cli::exit::Failure;
use crate::cli::experiment_args::ExperimentArgs;
use crate::cli::parse::stddev;
use crate::cli::run::run_experiment;

/// Train the tutorial's network with Gaussian noise on its inputs
#[derive(Parser, Clone, Debug)]
#[command(version, allow_negative_numbers = true, after_help = examples::INPUT_NOISE)]
pub struct InputNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = stddev, allow_hyphen_values = true)]
    stddev: f64,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

impl Program for InputNoise {
    fn run(self) -> Result<(), Failure> {
        let job = self.experiment.job(&[("input", self.stddev)])?;
        run_experiment("input_noise", &self.experiment.run, job)
    }
}
