//! Training what a grid lacks: its missing runs, in chunks of replicas, each stored when finished.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use candle_core::Device;
use rayon::prelude::*;

use super::chunk::train_chunk;
use super::grid::{Cell, Grid};
use super::record::{Record, RunId};
use super::schedule::Schedule;
use super::store::Store;
use crate::train::Observer;

/// Watches a search, and may end it.
pub trait Watch: Sync {
    /// Watches one chunk.
    type Chunk: Observer;

    /// A chunk begins, on whatever thread.
    fn chunk(&self) -> Self::Chunk;

    /// Some cells have become complete.
    fn cells_done(&self, _cells: usize) {}

    /// Whether to begin another chunk.
    fn goes_on(&self) -> bool {
        true
    }
}

/// Runs that are trained together, each with the number of its cell: those of one placement of one
/// variant on one data set, which differ in seed and spread only.
type Chunk = Vec<(usize, RunId)>;

/// Trains the runs of a grid that the store lacks, as many chunks at a time as there are threads.
///
/// Ends early, without an error, when the watch does not go on.
///
/// # Errors
/// When the grid is out of range, a chunk cannot be stored, or the device fails; the chunks that
/// are finished by then are in the store.
pub fn search<W: Watch>(
    grid: &Grid,
    store: &Store,
    device: &Device,
    schedule: Schedule,
    watch: &W,
) -> Result<()> {
    grid.check()?;
    let chunks = chunks(grid, store, device, schedule);
    let mut left = vec![0; grid.cells().len()];
    chunks.iter().flatten().for_each(|(cell, _)| left[*cell] += 1);
    watch.cells_done(left.iter().filter(|left| **left == 0).count());
    let left: Vec<AtomicUsize> = left.into_iter().map(AtomicUsize::new).collect();
    let train = |chunk: Chunk| -> Result<()> {
        if !watch.goes_on() {
            return Ok(());
        }
        store.put(train(grid, &chunk, device, &mut watch.chunk())?)?;
        let was_last =
            |(cell, _): &&(usize, RunId)| left[*cell].fetch_sub(1, Ordering::Relaxed) == 1;
        watch.cells_done(chunk.iter().filter(was_last).count());
        Ok(())
    };
    // A bridge, because it hands the chunks out in order, so that cells become complete early.
    schedule.pool()?.install(|| chunks.into_iter().par_bridge().try_for_each(train))
}

/// The missing runs in chunks.
fn chunks(grid: &Grid, store: &Store, device: &Device, schedule: Schedule) -> Vec<Chunk> {
    let cells: Vec<(usize, Cell)> = grid.cells().into_iter().enumerate().collect();
    let alike = |(_, a): &(usize, Cell), (_, b): &(usize, Cell)| {
        (a.placement, a.variant) == (b.placement, b.variant)
    };
    let mut chunks = Vec::new();
    for group in cells.chunk_by(alike) {
        for &data_seed in &grid.data_seeds {
            let runs = group.iter().flat_map(|&(number, cell)| {
                grid.seeds().map(move |seed| (number, RunId { cell, seed, data_seed }))
            });
            let missing: Vec<_> = runs.filter(|(_, id)| !store.contains(id)).collect();
            let settings = grid.settings(&group[0].1, data_seed);
            let pieces = schedule.chunks(missing.len(), &settings, device, false);
            chunks.extend(pieces.map(|piece| missing[piece].to_vec()));
        }
    }
    chunks
}

fn train(
    grid: &Grid,
    chunk: &Chunk,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Vec<Record>> {
    let (_, first) = chunk[0];
    let settings = grid.settings(&first.cell, first.data_seed);
    let seeds: Vec<u64> = chunk.iter().map(|(_, id)| id.seed).collect();
    let spreads: Vec<f64> = chunk.iter().map(|(_, id)| id.cell.stddev).collect();
    let noise = first.cell.placement.map(|placement| (placement, spreads));
    let noise: Vec<_> = noise.into_iter().collect();
    let trained = train_chunk(&settings, &seeds, &noise, device, observer)?;
    let record = |(r, (_, id)): (usize, &(usize, RunId))| Record::new(grid, *id, &trained, r);
    Ok(chunk.iter().enumerate().map(record).collect())
}
