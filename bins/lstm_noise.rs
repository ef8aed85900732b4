//! Gaussian noise in a recurrent network.

use std::path::PathBuf;
use std::process::ExitCode;

use candle_noise::cli::{self, RunArgs};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Train an LSTM to recognize nine speakers, with Gaussian noise before its dense layer
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct LstmNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = cli::stddev, allow_hyphen_values = true)]
    stddev: f64,
    /// Place of the noise: before-dense, or input (on the steps, never on padding)
    #[arg(long, value_name = "PLACE", default_value = "before-dense")]
    placement: String,
    /// Files of training and test sequences that replace the built-in data
    #[arg(long, value_name = "TRAIN,TEST", value_delimiter = ',')]
    data: Vec<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
}

fn main() -> ExitCode {
    cli::main("vowels", |args: LstmNoise| {
        let own = [(args.placement.as_str(), args.stddev)];
        let job = args.run.job("vowels", &args.data, &own)?;
        cli::run_experiment("lstm_noise", &args.run, job)
    })
}
