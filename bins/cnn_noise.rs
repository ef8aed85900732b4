//! Gaussian noise in a convolutional network.

use std::path::PathBuf;
use std::process::ExitCode;

use candle_noise::cli::{self, RunArgs, TestArgs};
use candle_noise::task::Source;
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Train a convolutional network on handwritten digits or your own images, with Gaussian noise
/// after pooling
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct CnnNoise {
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = cli::stddev, allow_hyphen_values = true)]
    stddev: f64,
    /// Place of the noise: after-pooling or input
    #[arg(long, value_name = "PLACE", default_value = "after-pooling")]
    placement: String,
    /// File of images that replaces the built-in digits: lines of pixels and, last, the class,
    /// separated by commas
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Height and width of the images of --data [default: square]
    #[arg(long, value_name = "HxW", value_parser = cli::shape, requires = "data")]
    shape: Option<[usize; 2]>,
    #[command(flatten)]
    test: TestArgs,
    #[command(flatten)]
    run: RunArgs,
}

fn main() -> ExitCode {
    cli::main("digits", |args: CnnNoise| {
        let own = [(args.placement.as_str(), args.stddev)];
        let files = args.data.iter().cloned().collect();
        let (shape, test_size) = (args.shape, args.test.test_size);
        let source = Source { files, shape, test_size, ..Source::default() };
        let job = args.run.job("digits", &source, &own)?;
        cli::run_experiment("cnn_noise", &args.run, job)
    })
}
