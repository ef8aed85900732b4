//! The command line: flags, progress and exit codes. Each binary is a thin layer on top of it.

mod allocator;
mod args;
mod auto;
mod circles;
mod compare;
mod contents;
mod defaults;
mod device;
mod exit;
mod experiment_args;
mod finished;
mod folder;
pub(crate) mod grid_args;
mod grid_report;
mod interrupt;
mod parse;
mod pictures;
mod progress;
mod recipe_args;
mod results;
mod run;
pub(crate) mod run_grid;
pub(crate) mod scheduler;
mod share;
mod terminal;
mod usage;

pub use allocator::{ALLOCATOR, Allocator};
pub use args::{DataArgs, OutputArgs, PlotFormat, SplitArgs, TestArgs};
pub use circles::run_circles;
pub use compare::{CompareArgs, run_compare};
pub use exit::{Failure, main};
pub use experiment_args::{ExperimentArgs, HiddenPlacement, Job, RunArgs};
pub use grid_args::GridArgs;
pub use parse::{shape, stddev};
pub use run::run_experiment;
pub use run_grid::run_grid;
