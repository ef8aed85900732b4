//! Gaussian noise on the inputs and in the hidden layer.

use std::process::ExitCode;

use candle_noise::cli::{self, ExperimentArgs, HiddenPlacement};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Train the tutorial's network with Gaussian noise on its inputs and in its hidden layer
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct InputHiddenNoise {
    /// Standard deviation of the noise on the inputs
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = cli::stddev, allow_hyphen_values = true)]
    stddev: f64,
    /// Standard deviation of the noise in the hidden layer
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = cli::stddev, allow_hyphen_values = true)]
    hidden_stddev: f64,
    /// Place of the hidden noise
    #[arg(long, value_name = "PLACE", default_value = "before-activation")]
    placement: HiddenPlacement,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

fn main() -> ExitCode {
    cli::main("circles", |args: InputHiddenNoise| {
        let hidden = (args.placement.name(), args.hidden_stddev);
        let job = args.experiment.job(&[("input", args.stddev), hidden])?;
        cli::run_experiment("input_hidden_noise", &args.experiment.run, job)
    })
}
