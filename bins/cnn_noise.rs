//! Gaussian noise in a convolutional network.

use std::process::ExitCode;

use candle_noise::cli;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

fn main() -> ExitCode {
    cli::main::<cli::CnnNoise>()
}
