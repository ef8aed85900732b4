//! The report of a grid: compares, concludes, writes and prints.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::args::Format;
use super::exit::{Failure, print};
use super::grid_args::GridArgs;
use super::run::command_line;
use super::run_grid::Asked;
use crate::experiment::{Outcome, Seconds, Store};
use crate::{files, report};

/// Files that a grid writes beside its store. As in an experiment, `result.json` is removed first
/// and written last.
pub(super) const FILES: [&str; 8] = [
    "result.json",
    "cells.csv",
    "runs.csv",
    "report.html",
    report::GRID_PICTURES[0],
    report::GRID_PICTURES[1],
    report::GRID_PICTURES[2],
    report::GRID_PICTURES[3],
];

/// Reports on the finished runs of a grid; `start` is the time when the program started.
///
/// # Errors
/// If a file cannot be written, or no run with noise could be compared.
pub(super) fn write_report(
    name: &str,
    folder: &Path,
    args: &GridArgs,
    asked: &Asked,
    store: &Store,
    start: Instant,
    seconds: Seconds,
) -> Result<(), Failure> {
    let mut outcome = Outcome::of(&asked.plan, store, &asked.device, seconds)?;
    outcome.experiment = name.to_string();
    outcome.command = command_line();
    files::remove(folder, &FILES)?;
    write_details(folder, &outcome, !args.output.no_plots)?;
    outcome.seconds.total = start.elapsed().as_secs_f64();
    let json = report::grid_json(&outcome)?;
    files::write(&folder.join("result.json"), &json)?;
    if outcome.conclusion.is_none() {
        let error = if outcome.runs().any(|run| run.stopped.is_some()) {
            "no run with noise could be compared with the baseline: the runs diverged; expected a \
             smaller --learning-rate or less noise"
        } else if outcome.is_complete() {
            "no run with noise could be compared with the baseline: the test figures are undefined"
        } else {
            "no run with noise and its baseline are finished yet"
        };
        return Err(anyhow::anyhow!(error).into());
    }
    match args.output.format {
        Format::Text => Ok(print(report::grid_text(&outcome).as_bytes())?),
        Format::Json => Ok(print(&json)?),
    }
}

/// Writes everything but `result.json`.
fn write_details(folder: &Path, outcome: &Outcome, pictures: bool) -> Result<()> {
    let write = |file: &str, bytes: &[u8]| files::write(&folder.join(file), bytes);
    let pictures = if pictures { report::grid_pictures(outcome)? } else { Vec::new() };
    for picture in &pictures {
        write(picture.name, &picture.png)?;
    }
    write("cells.csv", &report::cells_csv(outcome)?)?;
    write("runs.csv", &report::runs_csv(outcome)?)?;
    write("report.html", &report::report_html(outcome, &pictures))
}
