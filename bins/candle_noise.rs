//! The tools of candle-noise.

use std::process::ExitCode;

use candle_noise::cli::{self, CompareArgs};
use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Compare finished experiments
#[derive(Parser)]
#[command(version, name = "candle-noise")]
struct CandleNoise {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    /// Draw finished experiments side by side on the same points
    Compare(CompareArgs),
}

fn main() -> ExitCode {
    cli::main("circles", |args: CandleNoise| match args.tool {
        Tool::Compare(args) => cli::run_compare(&args),
    })
}
