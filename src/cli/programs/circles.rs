//! Writes the tutorial's data set as a file and a picture.

use clap::Parser;

use super::Program;
use crate::cli::args::{DataArgs, OutputArgs, SplitArgs};
use crate::cli::circles::run_circles;
use crate::cli::examples;
use crate::cli::exit::Failure;

/// Write the tutorial's data set, two noisy circles, to dataset.csv and dataset.png
#[derive(Parser, Clone, Debug)]
#[command(version, allow_negative_numbers = true, after_help = examples::CIRCLES)]
pub struct Circles {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    split: SplitArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Program for Circles {
    fn run(self) -> Result<(), Failure> {
        run_circles("circles", &self.data, &self.split, &self.output)
    }
}
