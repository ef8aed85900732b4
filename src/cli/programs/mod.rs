//! The programs: each is a list of flags and what to do with them. `candle-noise` has all of them, and
//! its tools, as subcommands.

mod baseline;
mod circles;
mod cnn_noise;
mod grid_search;
mod hidden_noise;
mod input_hidden_noise;
mod input_noise;
mod lstm_noise;

use std::process::ExitCode;

use clap::{Command, CommandFactory, Parser, Subcommand};

pub use baseline::Baseline;
pub use circles::Circles;
pub use cnn_noise::CnnNoise;
pub use grid_search::GridSearch;
pub use hidden_noise::HiddenNoise;
pub use input_hidden_noise::InputHiddenNoise;
pub use input_noise::InputNoise;
pub use lstm_noise::LstmNoise;

use super::compare::{CompareArgs, run_compare};
use super::defaults::{has, task_in, with_defaults};
use super::diagnose::{DiagnoseArgs, run_diagnose};
use super::exit::{Failure, start};
use super::predict::{PredictArgs, run_predict};
use super::robustness::{RobustnessArgs, run_robustness};

/// A program: its flags, and what it does.
pub trait Program: Parser {
    /// The task whose settings are the defaults of the flags, unless the flags name another.
    const TASK: &str = "circles";

    /// Runs the program.
    ///
    /// # Errors
    /// If the flags are inconsistent, or something fails.
    fn run(self) -> Result<(), Failure>;
}

/// Runs a program with the flags that it was started with. Every error is printed on standard error as
/// one line.
pub fn main<P: Program>() -> ExitCode {
    start(of_task(P::command(), P::TASK), P::run)
}

/// Runs `candle-noise`, whose first word is the program to run.
pub fn tools() -> ExitCode {
    let named = std::env::args_os().nth(1).unwrap_or_default();
    let command = Tools::command();
    let found = named.to_str().and_then(|named| command.find_subcommand(named));
    let Some(own) = found.cloned() else { return start(Ok(command), Tools::run) };
    let name = own.get_name().to_string();
    let task = match name.as_str() {
        "cnn_noise" => CnnNoise::TASK,
        "lstm_noise" => LstmNoise::TASK,
        _ => Baseline::TASK,
    };
    let own = of_task(own, task);
    start(own.map(|own| command.mut_subcommand(name, |_| own)), Tools::run)
}

/// Gives the flags of a program the defaults of a task, or of the one that the flags name.
fn of_task(command: Command, task: &str) -> anyhow::Result<Command> {
    let is_named = has(&command, "task") || has(&command, "target");
    let task = if is_named { task_in(std::env::args_os()) } else { task };
    with_defaults(command, task)
}

/// Does noise help your model, where, and how much?
#[derive(Parser)]
#[command(version, name = "candle-noise", arg_required_else_help = true)]
struct Tools {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
#[command(rename_all = "snake_case")]
enum Tool {
    Baseline(Baseline),
    #[command(visible_alias = "input-noise")]
    InputNoise(InputNoise),
    #[command(visible_alias = "hidden-noise")]
    HiddenNoise(HiddenNoise),
    #[command(visible_alias = "input-hidden-noise")]
    InputHiddenNoise(InputHiddenNoise),
    #[command(visible_alias = "cnn-noise")]
    CnnNoise(CnnNoise),
    #[command(visible_alias = "lstm-noise")]
    LstmNoise(LstmNoise),
    #[command(visible_alias = "grid-search")]
    GridSearch(GridSearch),
    Circles(Circles),
    /// Predict the rows of a file with a trained model
    Predict(PredictArgs),
    /// Say what each noise of a trained model does to its predictions, and why nothing changed if nothing did
    Diagnose(DiagnoseArgs),
    /// Try trained models under noise, corruptions and attacks, side by side
    Robustness(RobustnessArgs),
    /// Compare finished experiments on the same rows, run by run, and draw them side by side
    Compare(CompareArgs),
}

impl Tools {
    fn run(self) -> Result<(), Failure> {
        match self.tool {
            Tool::Baseline(own) => own.run(),
            Tool::InputNoise(own) => own.run(),
            Tool::HiddenNoise(own) => own.run(),
            Tool::InputHiddenNoise(own) => own.run(),
            Tool::CnnNoise(own) => own.run(),
            Tool::LstmNoise(own) => own.run(),
            Tool::GridSearch(own) => own.run(),
            Tool::Circles(own) => own.run(),
            Tool::Predict(own) => run_predict(&own),
            Tool::Diagnose(own) => run_diagnose(&own),
            Tool::Robustness(own) => run_robustness(&own),
            Tool::Compare(own) => run_compare(&own),
        }
    }
}
