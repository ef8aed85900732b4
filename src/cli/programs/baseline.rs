//! The tutorial's network without noise.

use clap::Parser;

use super::Program;
use crate::cli::examples;
use crate::cli::exit::Failure;
use crate::cli::experiment_args::ExperimentArgs;
use crate::cli::run::run_experiment;

/// Train the tutorial's network without noise, the baseline that noise has to beat
#[derive(Parser, Clone, Debug)]
#[command(version, allow_negative_numbers = true, after_help = examples::BASELINE)]
pub struct Baseline {
    #[command(flatten)]
    experiment: ExperimentArgs,
}

impl Program for Baseline {
    fn run(self) -> Result<(), Failure> {
        let job = self.experiment.job(&[])?;
        run_experiment("baseline", &self.experiment.run, job)
    }
}
