//! When the state of a chunk goes to the disk.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;

use super::chunk::{Keeper, State};
use crate::files;
use crate::train::{Checkpoint, Checkpoints};

/// A chunk rests for so many times the time that a checkpoint took before it writes the next: they
/// cost half a per cent, and the first and the last one, however fast the epochs and slow the disk.
const REST: u32 = 200;

/// What the keepers of all chunks share.
pub(super) struct Keep<'a> {
    folder: &'a Path,
    every: Option<usize>,
    goes_on: &'a (dyn Fn() -> bool + Sync),
    warn: &'a (dyn Fn(String) + Sync),
    /// The checkpoints of an earlier training, which the first new one replaces.
    old: Mutex<Vec<PathBuf>>,
    chunks: usize,
    /// The last states of finished chunks, for the case that the experiment is ended early.
    finished: Mutex<Vec<(Checkpoints, Checkpoint)>>,
    /// How many epochs of all replicas are kept.
    epochs: AtomicUsize,
}

impl<'a> Keep<'a> {
    pub fn new(
        folder: &'a Path,
        every: Option<usize>,
        old: Vec<PathBuf>,
        chunks: usize,
        goes_on: &'a (dyn Fn() -> bool + Sync),
        warn: &'a (dyn Fn(String) + Sync),
    ) -> Self {
        let (old, finished, epochs) = (Mutex::new(old), Mutex::default(), AtomicUsize::new(0));
        Self { folder, every, goes_on, warn, old, chunks, finished, epochs }
    }

    /// Writes what is not yet on the disk, and gives the number of epochs of all replicas that are.
    pub fn interrupted(&self) -> Result<usize> {
        for (checkpoints, checkpoint) in lock(&self.finished).iter() {
            self.save(checkpoints, checkpoint)?;
        }
        Ok(self.epochs.load(Ordering::Relaxed))
    }

    fn save(&self, checkpoints: &Checkpoints, checkpoint: &Checkpoint) -> Result<()> {
        files::create_folder(self.folder, &[])?;
        // Held throughout, so that what another chunk writes meanwhile is none of the old.
        let mut old = lock(&self.old);
        let own = checkpoints.save(checkpoint)?;
        old.drain(..).filter(|path| *path != own).try_for_each(|path| files::remove_file(&path))
    }
}

/// Keeps one chunk.
pub(super) struct ChunkKeeper<'a> {
    keep: &'a Keep<'a>,
    checkpoints: Checkpoints,
    start: Option<Checkpoint>,
    replicas: usize,
    /// The last epoch that is on the disk.
    saved: usize,
    rests_until: Instant,
}

impl<'a> ChunkKeeper<'a> {
    pub fn new(
        keep: &'a Keep<'a>,
        checkpoints: Checkpoints,
        start: Option<Checkpoint>,
        replicas: usize,
    ) -> Self {
        let saved = start.as_ref().map_or(0, |checkpoint| checkpoint.epoch);
        Self { keep, checkpoints, start, replicas, saved, rests_until: Instant::now() }
    }

    /// Writes a checkpoint; training does not fail for it.
    fn try_to_save(&mut self, state: &State) {
        let begin = Instant::now();
        let saved = state().and_then(|state| self.keep.save(&self.checkpoints, &state));
        if let Err(error) = saved {
            (self.keep.warn)(format!("training goes on without a checkpoint: {error:#}"));
        }
        self.rests_until = Instant::now() + begin.elapsed() * REST;
    }
}

impl Keeper for ChunkKeeper<'_> {
    fn start(&mut self) -> Option<Checkpoint> {
        self.start.take()
    }

    fn goes_on(&mut self, epoch: usize, state: &State) -> Result<bool> {
        if !(self.keep.goes_on)() {
            if epoch > self.saved {
                self.keep.save(&self.checkpoints, &state()?)?;
            }
            self.keep.epochs.fetch_add(epoch * self.replicas, Ordering::Relaxed);
            return Ok(false);
        }
        let due = self.keep.every.is_some_and(|every| epoch.is_multiple_of(every));
        if due && epoch > self.saved && Instant::now() >= self.rests_until {
            self.try_to_save(state);
            self.saved = epoch;
        }
        Ok(true)
    }

    fn finished(&mut self, epoch: usize, state: &State) -> Result<()> {
        self.keep.epochs.fetch_add(epoch * self.replicas, Ordering::Relaxed);
        if epoch == self.saved {
            return Ok(());
        }
        if self.keep.every.is_some() {
            self.try_to_save(state);
        } else if self.keep.chunks > 1 {
            lock(&self.keep.finished).push((self.checkpoints.clone(), state()?));
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
