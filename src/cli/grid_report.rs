//! The report of a grid: compare, conclude, write, print.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::args::Format;
use super::exit::{Failure, print};
use super::grid_args::GridArgs;
use super::run::command_line;
use crate::experiment::{Grid, GridOutcome, Record, Seconds, Store, compare, conclude};
use crate::{files, report};

/// What a grid writes beside its store. As for an experiment `result.json` goes first and comes last.
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

/// Reports on the finished runs of a grid, trained on `device`; the last argument is when the program
/// began, and for how many seconds it has trained.
///
/// # Errors
/// When a file cannot be written, or no run with noise could be compared.
pub(super) fn write_report(
    name: &str,
    folder: &Path,
    args: &GridArgs,
    (grid, store, device): (&Grid, &Store, &str),
    (start, train): (Instant, f64),
) -> Result<(), Failure> {
    let records = records(grid, store);
    let cells = compare(grid, &records);
    let mut outcome = GridOutcome {
        experiment: name.to_string(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        command: command_line(),
        device: device.to_string(),
        conclusion: conclude(grid, &cells, &records),
        cells,
        seconds: Seconds { train, total: 0. },
        settings: grid.clone(),
    };
    files::remove(folder, &FILES)?;
    write_details(folder, &outcome, &records, !args.output.no_plots)?;
    outcome.seconds.total = start.elapsed().as_secs_f64();
    let json = report::grid_json(&outcome)?;
    files::write(&folder.join("result.json"), &json)?;
    if outcome.conclusion.is_none() {
        let error = match outcome.is_complete() {
            true => {
                "no run with noise could be compared with the baseline: the runs diverged; \
                 expected a smaller --learning-rate or less noise"
            }
            false => "no run with noise and its baseline are finished yet",
        };
        return Err(anyhow::anyhow!(error).into());
    }
    match args.output.format {
        Format::Text => Ok(print(report::grid_text(&outcome).as_bytes())?),
        Format::Json => Ok(print(&json)?),
    }
}

/// The finished runs of each cell, data seed by data seed.
fn records(grid: &Grid, store: &Store) -> Vec<Vec<Record>> {
    let of = |cell| grid.runs_of(cell).filter_map(|id| store.get(&id)).collect();
    grid.cells().into_iter().map(of).collect()
}

/// Everything but `result.json`.
fn write_details(
    folder: &Path,
    outcome: &GridOutcome,
    records: &[Vec<Record>],
    pictures: bool,
) -> Result<()> {
    let write = |file: &str, bytes: &[u8]| files::write(&folder.join(file), bytes);
    let pictures = if pictures { report::grid_pictures(outcome, records)? } else { Vec::new() };
    for picture in &pictures {
        write(picture.name, &picture.png)?;
    }
    write("cells.csv", &report::cells_csv(outcome)?)?;
    write("runs.csv", &report::runs_csv(outcome)?)?;
    write("report.html", &report::report_html(outcome, &pictures))
}
