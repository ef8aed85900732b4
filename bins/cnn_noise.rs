//! Gaussian noise in a convolutional network.

use std::path::PathBuf;
use std::process::ExitCode;

use candle_noise::cli::{self, RunArgs};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Train a convolutional network on handwritten digits, with Gaussian noise after pooling
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct CnnNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = cli::stddev, allow_hyphen_values = true)]
    stddev: f64,
    /// Place of the noise: after-pooling or input
    #[arg(long, value_name = "PLACE", default_value = "after-pooling")]
    placement: String,
    /// File of digits that replaces the built-in data
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
}

fn main() -> ExitCode {
    cli::main("digits", |args: CnnNoise| {
        let own = [(args.placement.as_str(), args.stddev)];
        let job = args.run.job("digits", args.data.as_slice(), &own)?;
        cli::run_experiment("cnn_noise", &args.run, job)
    })
}
