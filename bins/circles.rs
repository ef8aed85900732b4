//! Writes the tutorial's data set as a file and a picture.

use std::process::ExitCode;

use candle_noise::cli::{self, DataArgs, OutputArgs, SplitArgs};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Write the tutorial's data set, two noisy circles, to dataset.csv and dataset.png
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct Circles {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    split: SplitArgs,
    #[command(flatten)]
    output: OutputArgs,
}

fn main() -> ExitCode {
    cli::main("circles", |args: Circles| {
        cli::run_circles("circles", &args.data, &args.split, &args.output)
    })
}
