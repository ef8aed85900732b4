//! The tools of candle-noise.

use std::process::ExitCode;

use candle_noise::cli::{self, CompareArgs};
use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::ALLOCATOR;

/// Tools for experiments with noise
#[derive(Parser)]
#[command(version, name = "candle-noise", arg_required_else_help = true)]
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
