//! What `grid_search` does with its flags: train what is missing of its share, then report.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::auto::Work;
use super::device::Opened;
use super::exit::{Failure, line, print};
use super::grid_args::GridArgs;
use super::grid_report::{FILES, write_report};
use super::interrupt::{self, Resumable};
use super::progress::GridProgress;
use crate::experiment::{Common, Grid, Shard, Store, forecast_search, missing, search};
use crate::files;

/// Trains the runs of a grid that its folder lacks and reports on all of them; `name` names it and
/// its default folder. With several shards the one that finds all runs finished reports.
///
/// # Errors
/// When the flags do not fit together, the device or the folder cannot be used, the folder holds
/// another experiment, every run diverged, the time is up, or a signal ends it.
pub fn run_grid(name: &str, args: &GridArgs) -> Result<(), Failure> {
    let start = Instant::now();
    if let Some(folder) = &args.report {
        return report_on(name, folder, args, start);
    }
    let grid = args.grid()?;
    grid.check().map_err(Failure::Usage)?;
    let shard = args.shard().map_err(Failure::Usage)?;
    if args.fresh && !shard.is_whole() {
        let error = "--fresh cannot be used by one of several shards: it would remove what others \
                     have finished";
        return Err(Failure::Usage(anyhow::anyhow!(error)));
    }
    let folder = args.output.folder(name);
    let opened = open_devices(args, &grid, shard, &folder.join(STORE))?;
    let kind = opened.place.kind();
    files::create_folder(&folder, &FILES).context("--out")?;
    if args.fresh {
        Store::remove(&folder.join(STORE))?;
    }
    let mut store = open_store(&folder, &grid, kind)?;
    files::write(&folder.join(STORE).join(GRID), &serde_json::to_vec(&grid).context("grid")?)?;

    let training = Instant::now();
    train(args, &grid, &store, shard, &opened, start)?;
    let seconds = training.elapsed().as_secs_f64();
    if !shard.is_whole() {
        // Other shards have finished runs, too, by now.
        store = open_store(&folder, &grid, kind)?;
        let (left, all) = (missing(&grid, &store, Shard::default()).len(), grid.runs().count());
        if left > 0 {
            let line = format!(
                "shard {shard} is finished; of the grid's {all} runs {left} are not: the shard that \
                 finishes last reports\n"
            );
            return Ok(print(line.as_bytes())?);
        }
    }
    let device = opened.place.name();
    write_report(name, &folder, args, (&grid, &store, &device), (start, seconds))
}

/// The folder of the finished runs in that of the results, and the file in it that describes the
/// grid asked for last.
const STORE: &str = "store";
const GRID: &str = "grid.json";

/// Reports on what a folder has.
fn report_on(name: &str, folder: &Path, args: &GridArgs, start: Instant) -> Result<(), Failure> {
    let path = folder.join(STORE).join(GRID);
    let read = || -> Result<Grid> {
        let grid: Grid = serde_json::from_slice(&std::fs::read(&path)?)?;
        grid.check()?;
        Ok(grid)
    };
    let grid = read().with_context(|| {
        format!("--report: expected a folder of grid_search, cannot read {}", path.display())
    })?;
    files::create_folder(folder, &FILES).context("--report")?;
    let device = Store::device(&folder.join(STORE))?.unwrap_or("cpu".to_string());
    let store = open_store(folder, &grid, &device)?;
    write_report(name, folder, args, (&grid, &store, &device), (start, 0.))
}

/// The devices; a grid of which runs are finished goes on where they were trained.
fn open_devices(args: &GridArgs, grid: &Grid, shard: Shard, store: &Path) -> Result<Opened> {
    let bound = || {
        let finished_on = if args.fresh { None } else { Store::device(store)? };
        Ok(match finished_on {
            Some(kind) => Some((kind, "the finished runs were trained there")),
            None if shard.is_whole() => None,
            None => Some(("cpu".to_string(), "programs that share a grid train on the same kind")),
        })
    };
    let work = Work {
        devices: usize::MAX,
        bound: &bound,
        forecast: &|devices, schedule| forecast_search(grid, devices, schedule),
    };
    args.train.device.open(&work, args.train.threads)
}

fn open_store(folder: &Path, grid: &Grid, device: &str) -> Result<Store> {
    let common = Common::new(grid, device);
    let warn = &mut |line| eprintln!("warning: {line}");
    Store::open(&folder.join(STORE), common, warn).context("--out")
}

/// Trains the shard's missing runs.
fn train(
    args: &GridArgs,
    grid: &Grid,
    store: &Store,
    shard: Shard,
    Opened { devices, schedule, .. }: &Opened,
    start: Instant,
) -> Result<(), Failure> {
    let deadline = args.time_limit.and_then(|limit| start.checked_add(limit));
    let left = || missing(grid, store, shard).len();
    let progress = GridProgress::new(grid, left(), deadline, args.output.quiet);
    let resumable = Resumable::new(": the same command goes on from the finished runs");
    let result = search(grid, store, shard, devices, *schedule, &progress);
    drop(resumable);
    progress.finish();
    let (all, left) = (grid.runs().filter(|id| store.contains(id)).count(), left());
    let done = format!(
        "{all} of {} runs are finished; the same command goes on from there",
        grid.runs().count()
    );
    match result {
        Err(error) => Err(anyhow::anyhow!("{}; {done}", line(&error)).into()),
        Ok(()) if left == 0 => Ok(()),
        Ok(()) if interrupt::requested() => Err(Failure::Interrupted(done)),
        Ok(()) => Err(Failure::TimeLimit(done)),
    }
}
