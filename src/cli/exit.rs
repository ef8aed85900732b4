//! Errors and exit codes: 0 success, 1 failure, 2 usage error, 124 time limit, 128 and the number of
//! the signal if interrupted: 130 for Ctrl-C.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Command, Parser};

use super::interrupt;
use super::terminal::{print, tell};
use super::usage::usage_line;
use crate::simd;

/// The reason why a program ends without a result.
#[derive(Debug)]
pub enum Failure {
    /// The flags are invalid: exit code 2.
    Usage(anyhow::Error),
    /// Something failed: exit code 1.
    Failed(anyhow::Error),
    /// A signal ended the program, and the text says how to continue: exit code 128 and the signal.
    Interrupted(String),
    /// The time limit is reached, and the text says how to continue: exit code 124, like `timeout`.
    TimeLimit(String),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Parses the flags of a command and runs a program. Every error is printed on standard error as one line.
pub(super) fn start<A: Parser>(
    command: anyhow::Result<Command>,
    program: impl FnOnce(A) -> Result<(), Failure>,
) -> ExitCode {
    /// The widest line of the help, also in a wider terminal.
    const WIDTH: usize = 80;
    let command = match command {
        Ok(command) => command.max_term_width(WIDTH),
        Err(error) => return fail(1, &line(&error)),
    };
    let args = match command.try_get_matches().and_then(|matches| A::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    if let Err(error) = simd::check() {
        return fail(2, &error);
    }
    interrupt::install();
    match program(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => fail(2, &line(&error)),
        Err(Failure::Failed(error)) => fail(1, &line(&error)),
        Err(Failure::Interrupted(how)) => {
            tell(&format!("interrupted: {how}"));
            ExitCode::from(interrupt::exit_code())
        }
        Err(Failure::TimeLimit(how)) => {
            tell(&format!("time limit reached: {how}"));
            ExitCode::from(124)
        }
    }
}

/// Prints the help or the version that was asked for, also by `candle-noise` alone, or the error.
fn usage(error: &clap::Error) -> ExitCode {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if is_help {
        return match print(error.render().to_string().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(1, &line(&error)),
        };
    }
    fail(2, &usage_line(error))
}

/// Formats an error and its causes as one line. Drops the backtrace that Candle's errors carry if
/// RUST_BACKTRACE is set.
pub(super) fn line(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let text = joined(text.lines().take_while(|line| !line.trim_start().starts_with("0: ")));
        // Some errors repeat their cause.
        if !parts.last().is_some_and(|last| last.ends_with(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

/// Joins lines into one.
pub(super) fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(str::trim).collect::<Vec<_>>().join(" ").trim_end().to_string()
}

fn fail(code: u8, line: &str) -> ExitCode {
    tell(&format!("error: {line}"));
    ExitCode::from(code)
}
