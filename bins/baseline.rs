//! The tutorial's network without noise.

use std::process::ExitCode;

use candle_noise::cli::{self, ExperimentArgs};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Train the tutorial's network without noise, the baseline that noise has to beat
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct Baseline {
    #[command(flatten)]
    experiment: ExperimentArgs,
}

fn main() -> ExitCode {
    cli::main("circles", |args: Baseline| {
        let job = args.experiment.job(&[])?;
        cli::run_experiment("baseline", &args.experiment.run, job)
    })
}
