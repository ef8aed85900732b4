//! Does noise help here, where, and how much?

use std::process::ExitCode;

use candle_noise::cli::{self, GridArgs};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Compare noise placements and spreads with the baseline over many paired repeats
///
/// Finished runs are kept in the folder of the results: the same command goes on where it was
/// interrupted, and more repeats, spreads, placements or data seeds add to what is there.
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct GridSearch {
    #[command(flatten)]
    grid: GridArgs,
}

fn main() -> ExitCode {
    cli::main("circles", |args: GridSearch| cli::run_grid("grid_search", &args.grid))
}
