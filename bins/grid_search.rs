//! Compares noise with the baseline over a grid: does it help, where, and how much?

use std::process::ExitCode;

use candle_noise::cli::{self, GridArgs};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Compare placements and strengths of noise with the baseline over many paired repeats
///
/// Finished runs are kept in the results folder. The same command continues after an interruption.
/// More repeats, strengths, placements or data seeds extend the existing results.
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct GridSearch {
    #[command(flatten)]
    grid: GridArgs,
}

fn main() -> ExitCode {
    cli::main("circles", |args: GridSearch| cli::run_grid("grid_search", &args.grid))
}
