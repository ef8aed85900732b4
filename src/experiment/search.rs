//! Training what a grid lacks: its missing runs, in chunks of replicas, each stored when finished.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use candle_core::Device;
use rayon::prelude::*;

use super::chunk::{Keeper, Program, train_chunk};
use super::grid::Grid;
use super::memory::{explained, within_memory};
use super::record::{Record, RunId};
use super::schedule::Schedule;
use super::shard::Shard;
use super::source::Source;
use super::store::Store;
use crate::train::Observer;

/// Watches a search or a training, and may end it.
pub trait Watch: Sync {
    /// Watches one chunk.
    type Chunk: Observer;

    /// A chunk begins, on whatever thread.
    fn chunk(&self) -> Self::Chunk;

    /// Some cells have become complete.
    fn cells_done(&self, _cells: usize) {}

    /// Whether to begin another chunk, or another epoch of a training that can be resumed.
    fn goes_on(&self) -> bool {
        true
    }
}

/// Runs that are trained together, each with the number of its cell: those of one placement of one
/// variant on one data set, which differ in seed and spread only.
type Chunk = Vec<(usize, RunId)>;

/// Trains the runs of a shard of a grid that the store lacks, as many chunks at a time as there are
/// threads, each thread on one of the devices. A chunk that a device's memory is too small for is
/// halved.
///
/// Ends early, without an error, when the watch does not go on.
///
/// # Errors
/// When the grid is out of range, the store is for other data, a chunk cannot be stored, or the
/// device fails; the chunks that are finished by then are in the store.
pub fn search<W: Watch>(
    source: &Source,
    grid: &Grid,
    store: &Store,
    shard: Shard,
    devices: &[Device],
    schedule: Schedule,
    watch: &W,
) -> Result<()> {
    grid.check()?;
    ensure!(!devices.is_empty(), "expected at least one device, received none");
    ensure!(
        source.fingerprint().as_ref() == store.data(),
        "expected the data that the store was opened for, received others"
    );
    let missing = missing(grid, store, shard);
    let mut left = vec![0; grid.cells().len()];
    missing.iter().for_each(|(cell, _)| left[*cell] += 1);
    let chunks = chunks(grid, &missing, devices, schedule);
    watch.cells_done(left.iter().filter(|left| **left == 0).count());
    let left: Vec<AtomicUsize> = left.into_iter().map(AtomicUsize::new).collect();
    let train = |chunk: Chunk| -> Result<()> {
        if !watch.goes_on() {
            return Ok(());
        }
        let device = device_of_thread(devices);
        let train = &mut |runs: &[_]| train(source, grid, runs, device, &mut watch.chunk());
        store.put(within_memory(&chunk, train)?)?;
        let was_last =
            |(cell, _): &&(usize, RunId)| left[*cell].fetch_sub(1, Ordering::Relaxed) == 1;
        watch.cells_done(chunk.iter().filter(was_last).count());
        Ok(())
    };
    // A bridge, because it hands the chunks out in order, so that cells become complete early.
    schedule.pool()?.install(|| chunks.into_iter().par_bridge().try_for_each(train))
}

/// Each thread of a pool keeps to one of the devices.
pub(super) fn device_of_thread(devices: &[Device]) -> &Device {
    &devices[rayon::current_thread_index().unwrap_or(0) % devices.len()]
}

/// The shard's runs that the store lacks, cell by cell, each with the number of its cell.
pub fn missing(grid: &Grid, store: &Store, shard: Shard) -> Vec<(usize, RunId)> {
    let own = runs(grid).enumerate().filter(|(run, _)| shard.has(*run)).map(|(_, run)| run);
    own.filter(|(_, id)| !store.contains(id)).collect()
}

/// All runs, cell by cell, each with the number of its cell.
pub(super) fn runs(grid: &Grid) -> impl Iterator<Item = (usize, RunId)> {
    let cells = grid.cells().into_iter().enumerate();
    cells.flat_map(|(number, cell)| grid.runs_of(cell).map(move |id| (number, id)))
}

/// Puts runs together that one tensor program can train.
pub(super) fn chunks(
    grid: &Grid,
    missing: &[(usize, RunId)],
    devices: &[Device],
    schedule: Schedule,
) -> Vec<Chunk> {
    let network = |id: &RunId| (id.cell.placement, id.cell.variant);
    let mut chunks = Vec::new();
    for group in missing.chunk_by(|(_, a), (_, b)| network(a) == network(b)) {
        for &data_seed in &grid.data_seeds {
            let own = group.iter().filter(|(_, id)| id.data_seed == data_seed);
            let own: Vec<(usize, RunId)> = own.copied().collect();
            let settings = grid.settings(&group[0].1.cell, data_seed);
            let pieces = schedule.chunks(own.len(), &settings, &devices[0], devices.len() > 1);
            chunks.extend(pieces.map(|piece| own[piece].to_vec()));
        }
    }
    chunks
}

/// The program of some runs.
pub(super) fn program(grid: &Grid, chunk: &[(usize, RunId)]) -> Program {
    let (_, first) = chunk[0];
    let spreads: Vec<f64> = chunk.iter().map(|(_, id)| id.cell.stddev).collect();
    Program {
        settings: grid.settings(&first.cell, first.data_seed),
        seeds: chunk.iter().map(|(_, id)| id.seed).collect(),
        noise: first.cell.placement.map(|placement| (placement, spreads)).into_iter().collect(),
    }
}

fn train(
    source: &Source,
    grid: &Grid,
    chunk: &[(usize, RunId)],
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Vec<Record>> {
    let watch: (&mut dyn Observer, &mut dyn Keeper) = (observer, &mut ());
    let trained = train_chunk(source, &program(grid, chunk), device, watch)
        .map_err(|error| explained(error, chunk.len()))?;
    let trained = trained.context("a chunk that nobody ends has not ended")?;
    let record = |(r, (_, id)): (usize, &(usize, RunId))| Record::new(grid, *id, &trained, r);
    Ok(chunk.iter().enumerate().map(record).collect())
}
