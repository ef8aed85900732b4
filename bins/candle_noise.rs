//! All programs and tools of candle-noise.

use std::process::ExitCode;

use candle_noise::cli;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

fn main() -> ExitCode {
    cli::tools()
}
