//! Gaussian noise in the hidden layer.

use clap::Parser;

use super::Program;
use crate::cli::examples;
use crate::cli::exit::Failure;
use crate::cli::experiment_args::{ExperimentArgs, HiddenPlacement};
use crate::cli::parse::stddev;
use crate::cli::run::run_experiment;

/// Train the tutorial's network with Gaussian noise in its hidden layer
#[derive(Parser, Clone, Debug)]
#[command(version, allow_negative_numbers = true, after_help = examples::HIDDEN_NOISE)]
pub struct HiddenNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = stddev, allow_hyphen_values = true)]
    stddev: f64,
    /// Place of the noise
    #[arg(long, value_name = "PLACE", default_value = "before-activation")]
    placement: HiddenPlacement,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

impl Program for HiddenNoise {
    fn run(self) -> Result<(), Failure> {
        let job = self.experiment.job(&[(self.placement.name(), self.stddev)])?;
        run_experiment("hidden_noise", &self.experiment.run, job)
    }
}
