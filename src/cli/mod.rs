//! The command line: flags, progress and exit codes. Each binary is a thin layer on top of it.

mod allocator;
mod answer_args;
mod args;
mod auto;
mod circles;
mod compare;
mod compare_pictures;
mod completions;
mod contents;
mod defaults;
mod described;
mod device;
mod diagnose;
mod examples;
mod exit;
mod experiment_args;
mod finished;
mod finished_rows;
mod folder;
mod format_args;
pub(crate) mod grid_args;
mod grid_report;
mod interrupt;
mod parse;
mod pictures;
mod predict;
mod programs;
mod progress;
mod recipe_args;
mod results;
mod robustness;
mod run;
pub(crate) mod run_grid;
pub(crate) mod scheduler;
mod share;
mod table_args;
mod tensorboard;
mod terminal;
mod test_noise_args;
mod usage;
mod validation_args;
mod widths;

pub use allocator::{ALLOCATOR, Allocator};
pub use exit::Failure;
pub use programs::{
    Baseline, Circles, CnnNoise, GridSearch, HiddenNoise, InputHiddenNoise, InputNoise, LstmNoise,
    Program, main, tools,
};
