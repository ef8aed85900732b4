//! Gaussian noise in the hidden layer.

use std::process::ExitCode;

use candle_noise::cli::{self, ExperimentArgs, HiddenPlacement};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Train the tutorial's network with Gaussian noise in its hidden layer
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct HiddenNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = cli::stddev, allow_hyphen_values = true)]
    stddev: f64,
    /// Place of the noise
    #[arg(long, value_name = "PLACE", default_value = "before-activation")]
    placement: HiddenPlacement,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

fn main() -> ExitCode {
    cli::main("circles", |args: HiddenNoise| {
        let job = args.experiment.job(&[(args.placement.name(), args.stddev)])?;
        cli::run_experiment("hidden_noise", &args.experiment.run, job)
    })
}
