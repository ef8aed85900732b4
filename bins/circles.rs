//! Writes the tutorial's data set as a file and a picture.

use std::process::ExitCode;

use candle_noise::cli;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

fn main() -> ExitCode {
    cli::main::<cli::Circles>()
}
