//! The tutorial's network without noise.

use std::process::ExitCode;

use candle_noise::cli::{self, ExperimentArgs};
use candle_noise::experiment::Task;
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Train the tutorial's network without noise: what every noise has to beat
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct Baseline {
    #[command(flatten)]
    experiment: ExperimentArgs,
}

fn main() -> ExitCode {
    cli::main(Task::Circles, |args: Baseline| {
        let experiment = args.experiment.experiment(vec![]);
        cli::run_experiment("baseline", &args.experiment.run, experiment)
    })
}
