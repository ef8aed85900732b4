//! The command line: flags, progress, exit codes. Each binary is a few lines on top of it.

mod allocator;
mod args;
mod device;
mod exit;
mod progress;
mod run;

pub use allocator::{ALLOCATOR, Allocator};
pub use args::{DataArgs, ExperimentArgs, HiddenPlacement, OutputArgs, stddev};
pub use exit::{Failure, main};
pub use run::{run_circles, run_experiment};
