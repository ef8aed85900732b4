//! Gaussian noise on the inputs and in the hidden layer.

use std::process::ExitCode;

use candle_noise::cli::{self, ExperimentArgs, HiddenPlacement};
use candle_noise::experiment::{Noise, Task};
use candle_noise::model::Placement;
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
    /// Where the hidden noise enters
    #[arg(long, value_name = "PLACE", default_value = "before-activation")]
    placement: HiddenPlacement,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

fn main() -> ExitCode {
    cli::main(Task::Circles, |args: InputHiddenNoise| {
        let input = Noise { placement: Placement::Input, stddev: args.stddev };
        let hidden = Noise { placement: args.placement.into(), stddev: args.hidden_stddev };
        let experiment = args.experiment.experiment(vec![input, hidden]);
        cli::run_experiment("input_hidden_noise", &args.experiment.run, experiment)
    })
}
