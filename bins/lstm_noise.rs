//! Gaussian noise in a recurrent network.

use std::path::PathBuf;
use std::process::ExitCode;

use candle_noise::cli::{self, RunArgs, TestArgs};
use candle_noise::task::Source;
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Train an LSTM to recognize nine speakers or the classes of your own sequences, with Gaussian
/// noise before its dense layer
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct LstmNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = cli::stddev, allow_hyphen_values = true)]
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

fn main() -> ExitCode {
    cli::main("vowels", |args: LstmNoise| {
        let own = [(args.placement.as_str(), args.stddev)];
        let (files, test_size) = (args.data.clone(), args.test.test_size);
        let source = Source { files, test_size, ..Source::default() };
        let job = args.run.job("vowels", &source, &own)?;
        cli::run_experiment("lstm_noise", &args.run, job)
    })
}
