//! What `grid_search` does with its flags: train what is missing, compare, report.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::args::Format;
use super::exit::{Failure, print};
use super::grid_args::GridArgs;
use super::interrupt::{self, Resumable};
use super::progress::GridProgress;
use super::run::{command_line, open_folder};
use crate::experiment::{
    Common, Grid, GridOutcome, Record, Seconds, Store, compare, conclude, search,
};
use crate::{files, report};

/// Trains the runs of a grid that its folder lacks and reports on all of them; `name` names it and
/// its default folder.
///
/// # Errors
/// When the flags do not fit together, the device or the folder cannot be used, the folder holds
/// another experiment, every run diverged, or the user interrupts.
pub fn run_grid(name: &str, args: &GridArgs) -> Result<(), Failure> {
    let start = Instant::now();
    let grid = args.grid();
    grid.check().map_err(Failure::Usage)?;
    let device = args.train.device.open()?;
    let folder = open_folder(name, &args.output, &FILES)?;
    let store = open_store(&folder.join("store"), args, &grid)?;

    let training = Instant::now();
    train(args, &grid, &store, &device)?;
    let train_seconds = training.elapsed().as_secs_f64();

    let records = records(&grid, &store);
    let cells = compare(&grid, &records);
    let mut outcome = GridOutcome {
        experiment: name.to_string(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        command: command_line(),
        device: args.train.device.name(),
        conclusion: conclude(&grid, &cells, &records),
        cells,
        seconds: Seconds { train: train_seconds, total: 0. },
        settings: grid,
    };
    files::remove(&folder, &FILES)?;
    write_details(&folder, &outcome, &records, !args.output.no_plots)?;
    outcome.seconds.total = start.elapsed().as_secs_f64();
    let json = report::grid_json(&outcome)?;
    files::write(&folder.join("result.json"), &json)?;
    if outcome.conclusion.is_none() {
        let error = "no run with noise could be compared with the baseline: the runs diverged; \
                     expected a smaller --learning-rate or less noise";
        return Err(anyhow::anyhow!(error).into());
    }
    match args.output.format {
        Format::Text => Ok(print(report::grid_text(&outcome).as_bytes())?),
        Format::Json => Ok(print(&json)?),
    }
}

/// What a grid writes beside its store. As for an experiment `result.json` goes first and comes last.
const FILES: [&str; 8] = [
    "result.json",
    "cells.csv",
    "runs.csv",
    "report.html",
    report::GRID_PICTURES[0],
    report::GRID_PICTURES[1],
    report::GRID_PICTURES[2],
    report::GRID_PICTURES[3],
];

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

fn open_store(folder: &Path, args: &GridArgs, grid: &Grid) -> Result<Store> {
    if args.fresh {
        Store::remove(folder)?;
    }
    let common = Common::new(grid, args.train.device.kind());
    Store::open(folder, common, &mut |line| eprintln!("warning: {line}")).context("--out")
}

fn train(
    args: &GridArgs,
    grid: &Grid,
    store: &Store,
    device: &candle_core::Device,
) -> Result<(), Failure> {
    let progress = GridProgress::new(grid, store, args.output.quiet);
    let resumable = Resumable::new();
    let result = search(grid, store, device, args.train.schedule(), &progress);
    drop(resumable);
    progress.finish();
    let done = || {
        let done = grid.runs().filter(|id| store.contains(id)).count();
        format!(
            "{done} of {} runs are finished; the same command goes on from there",
            grid.runs().count()
        )
    };
    match result {
        Err(error) => Err(anyhow::anyhow!("{error:#}; {}", done()).into()),
        Ok(()) if interrupt::requested() && grid.runs().any(|id| !store.contains(&id)) => {
            Err(Failure::Interrupted(done()))
        }
        Ok(()) => Ok(()),
    }
}

/// The finished runs of each cell, data seed by data seed.
fn records(grid: &Grid, store: &Store) -> Vec<Vec<Record>> {
    let of = |cell| grid.runs_of(cell).filter_map(|id| store.get(&id)).collect();
    grid.cells().into_iter().map(of).collect()
}
