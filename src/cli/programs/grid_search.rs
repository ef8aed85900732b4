//! Compares noise with the baseline over a grid: does it help, where, and how much?

use clap::Parser;

use super::Program;
use crate::cli::examples;
use crate::cli::exit::Failure;
use crate::cli::grid_args::GridArgs;
use crate::cli::run_grid::run_grid;

/// Compare placements and strengths of noise with the baseline over many paired repeats
///
/// Finished runs are kept in the results folder. The same command continues after an interruption.
/// More repeats, strengths, placements or data seeds extend the existing results.
#[derive(Parser, Clone, Debug)]
#[command(version, allow_negative_numbers = true, after_help = examples::GRID_SEARCH)]
pub struct GridSearch {
    #[command(flatten)]
    grid: GridArgs,
}

impl Program for GridSearch {
    fn run(self) -> Result<(), Failure> {
        run_grid("grid_search", &self.grid)
    }
}
