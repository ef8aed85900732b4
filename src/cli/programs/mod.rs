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

use std::ffi::OsString;
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
use super::completions::{CompletionsArgs, run_completions};
use super::defaults::{has, task_in, with_defaults};
use super::diagnose::{DiagnoseArgs, run_diagnose};
use super::examples;
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
    let words: Vec<OsString> = std::env::args_os().collect();
    start(of_task(P::command(), P::TASK, &words), P::run)
}

/// Runs `candle-noise`, whose first word is the program to run.
pub fn tools() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    start(command_of(&words), Tools::run)
}

/// Returns the command of `candle-noise` with the defaults of the program that the words name.
fn command_of(words: &[OsString]) -> anyhow::Result<Command> {
    let command = Tools::command();
    let named = words.get(1).and_then(|named| named.to_str());
    let found = named.and_then(|named| command.find_subcommand(named));
    let Some(own) = found.cloned() else { return Ok(command) };
    let name = own.get_name().to_string();
    let task = match name.as_str() {
        "cnn_noise" => CnnNoise::TASK,
        "lstm_noise" => LstmNoise::TASK,
        _ => Baseline::TASK,
    };
    let own = of_task(own, task, words)?;
    Ok(command.mut_subcommand(name, |_| own))
}

/// Gives the flags of a program the defaults of a task, or of the one that the words name.
fn of_task(command: Command, task: &str, words: &[OsString]) -> anyhow::Result<Command> {
    let is_named = has(&command, "task") || has(&command, "target");
    let task = if is_named { task_in(words) } else { task };
    with_defaults(command, task)
}

/// Does noise help your model, where, and how much?
#[derive(Parser)]
#[command(version, name = "candle-noise", after_help = examples::TOOLS)]
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
    #[command(after_help = examples::PREDICT)]
    Predict(PredictArgs),
    /// Say what each noise of a trained model does to its predictions, and why nothing changed if nothing did
    #[command(after_help = examples::DIAGNOSE)]
    Diagnose(DiagnoseArgs),
    /// Try trained models under noise, corruptions and attacks, side by side
    #[command(after_help = examples::ROBUSTNESS)]
    Robustness(RobustnessArgs),
    /// Compare finished experiments on the same rows, run by run, and draw them side by side
    #[command(after_help = examples::COMPARE)]
    Compare(CompareArgs),
    /// Print a script that completes commands and flags in a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
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
            Tool::Completions(own) => run_completions(&own, Self::command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;

    /// Returns the examples at the end of a command's help, without what follows a redirection.
    fn examples_of(command: &Command) -> Vec<Vec<String>> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = help.lines().filter_map(|line| line.strip_prefix("  candle-noise "));
        let words = |line: &str| {
            let own = line.split(" > ").next().unwrap_or_default();
            let own = own.split_whitespace().map(str::to_string);
            ["candle-noise".to_string()].into_iter().chain(own).collect()
        };
        lines.map(words).collect()
    }

    fn parsed(words: &[String]) -> Result<(), String> {
        let args: Vec<OsString> = words.iter().map(OsString::from).collect();
        let command = command_of(&args).map_err(|error| format!("{error:#}"))?;
        let matches = command.try_get_matches_from(args).map_err(|error| error.to_string())?;
        Tools::from_arg_matches(&matches).map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn every_example_is_a_command_that_the_program_takes() {
        let mut command = Tools::command();
        command.build();
        for own in command.get_subcommands().filter(|own| own.get_name() != "help") {
            let (name, examples) = (own.get_name(), examples_of(own));
            assert!((2..=3).contains(&examples.len()), "{name}: {} examples", examples.len());
            for words in examples {
                assert_eq!(words[1], name);
                assert_eq!(parsed(&words), Ok(()), "{}", words.join(" "));
            }
        }
        let wrong = ["candle-noise", "baseline", "--stddev", "1"].map(str::to_string);
        assert!(parsed(&wrong).is_err(), "the test would pass with any flag");
    }
}
