//! Errors and exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::report;

/// Why a program ends without its result.
#[derive(Debug)]
pub enum Failure {
    /// The flags do not fit: exit code 2.
    Usage(anyhow::Error),
    /// Something failed: exit code 1.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Parses the flags and runs a program; every error is one line on standard error.
pub fn main<A: Parser>(program: impl FnOnce(A) -> Result<(), Failure>) -> ExitCode {
    let args = match A::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    if let Err(error) = ctrlc::set_handler(interrupted) {
        eprintln!("warning: cannot handle interrupts: {error}");
    }
    match program(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => fail(2, &format!("{error:#}")),
        Err(Failure::Failed(error)) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(Failure::Failed(error)) => fail(1, &format!("{error:#}")),
    }
}

/// Ends the program once the file that is being written is whole.
fn interrupted() {
    let _guard = report::wait_for_files();
    std::process::exit(130);
}

fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader like `head` may have gone: that is no failure.
        let _ = write!(io::stdout(), "{}", error.render());
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let first = text.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
    fail(2, &first.lines().map(str::trim).collect::<Vec<_>>().join(" "))
}

fn fail(code: u8, message: &str) -> ExitCode {
    // Candle's errors may carry a backtrace in further lines.
    let line = message.lines().next().unwrap_or_default();
    let _ = writeln!(io::stderr(), "error: {line}");
    ExitCode::from(code)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
}
