//! Compares noise with the baseline over a grid: does it help, where, and how much?

use std::process::ExitCode;

use candle_noise::cli;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

fn main() -> ExitCode {
    cli::main::<cli::GridSearch>()
}
