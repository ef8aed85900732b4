//! The command line: flags, progress, exit codes. Each binary is a few lines on top of it.

mod allocator;
mod args;
mod device;
mod exit;
mod grid_args;
mod grid_report;
mod interrupt;
mod progress;
mod run;
mod run_grid;
mod scheduler;

pub use allocator::{ALLOCATOR, Allocator};
pub use args::{DataArgs, ExperimentArgs, HiddenPlacement, OutputArgs, SplitArgs, stddev};
pub use exit::{Failure, main};
pub use grid_args::GridArgs;
pub use run::{run_circles, run_experiment};
pub use run_grid::run_grid;
