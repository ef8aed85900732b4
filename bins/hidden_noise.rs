//! Gaussian noise in the hidden layer.

use std::process::ExitCode;

use candle_noise::cli;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

fn main() -> ExitCode {
    cli::main::<cli::HiddenNoise>()
}
