//! Gaussian noise on the inputs and in the hidden layer.

use clap::Parser;

use super::Program;
use crate::cli::examples;
use crate::cli::exit::Failure;
use crate::cli::experiment_args::{ExperimentArgs, HiddenPlacement};
use crate::cli::parse::stddev;
use crate::cli::run::run_experiment;

/// Train the tutorial's network with Gaussian noise on its inputs and in its hidden layer
#[derive(Parser, Clone, Debug)]
#[command(version, allow_negative_numbers = true, after_help = examples::INPUT_HIDDEN_NOISE)]
pub struct InputHiddenNoise {
    /// Standard deviation of the noise on the inputs
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = stddev, allow_hyphen_values = true)]
    stddev: f64,
    /// Standard deviation of the noise in the hidden layer
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = stddev, allow_hyphen_values = true)]
    hidden_stddev: f64,
    /// Place of the hidden noise
    #[arg(long, value_name = "PLACE", default_value = "before-activation")]
    placement: HiddenPlacement,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

impl Program for InputHiddenNoise {
    fn run(self) -> Result<(), Failure> {
        let hidden = (self.placement.name(), self.hidden_stddev);
        let job = self.experiment.job(&[("input", self.stddev), hidden])?;
        run_experiment("input_hidden_noise", &self.experiment.run, job)
    }
}
