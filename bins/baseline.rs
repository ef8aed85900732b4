//! The tutorial's network without noise.

use std::process::ExitCode;

use candle_noise::cli;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

fn main() -> ExitCode {
    cli::main::<cli::Baseline>()
}
