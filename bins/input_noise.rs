//! Gaussian noise on the inputs.

use std::process::ExitCode;

use candle_noise::cli::{self, ExperimentArgs};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Train the tutorial's network with Gaussian noise on its inputs
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct InputNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = cli::stddev, allow_hyphen_values = true)]
    stddev: f64,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

fn main() -> ExitCode {
    cli::main("circles", |args: InputNoise| {
        let job = args.experiment.job(&[("input", args.stddev)])?;
        cli::run_experiment("input_noise", &args.experiment.run, job)
    })
}
