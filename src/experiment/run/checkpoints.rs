//! When the state of a chunk goes to the disk.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;

use super::{Event, Watch};
use crate::checkpoint::Checkpoints;
use crate::files;
use crate::train::{Checkpoint, Trainer};

/// After a checkpoint a chunk waits for this multiple of the time that it took: checkpoints cost half a
/// per cent, beside the first and the last one, however fast the epochs and slow the disk.
const REST: u32 = 200;

/// Where and when the state of an experiment is kept.
#[derive(Clone, Debug)]
pub struct Checkpointing<'a> {
    /// The folder of the checkpoints.
    pub folder: &'a Path,
    /// Number of epochs between checkpoints, more if writing them would cost over one per cent
    /// of the time; `None` writes one only when training ends.
    pub every: Option<usize>,
    /// Whether training continues from the checkpoints in the folder.
    pub resume: bool,
    /// Name of the experiment: with the settings it determines the course of a run.
    pub experiment: &'a str,
}

/// What the chunks of an experiment share.
pub(super) struct Keep<'a> {
    pub folder: &'a Path,
    pub every: Option<usize>,
    pub watch: Watch<'a>,
    /// The checkpoints of an earlier training, which the first new one replaces.
    pub old: Mutex<Vec<PathBuf>>,
    /// How many epochs of single runs are kept.
    pub epochs: AtomicUsize,
}

impl Keep<'_> {
    fn save(&self, checkpoints: &Checkpoints, checkpoint: &Checkpoint) -> Result<()> {
        files::create_folder(self.folder, &[])?;
        // The lock is held throughout, so that a file of another chunk is not removed as an old one.
        let mut old = lock(&self.old);
        let own = checkpoints.save(checkpoint)?;
        old.drain(..).filter(|path| *path != own).try_for_each(|path| files::remove_file(&path))
    }
}

/// Keeps the state of one chunk.
pub(super) struct ChunkKeep<'a> {
    keep: &'a Keep<'a>,
    checkpoints: Checkpoints,
    replicas: usize,
    /// The last epoch that is on the disk.
    saved: usize,
    /// The epoch at which this was last asked.
    seen: usize,
    rests_until: Instant,
}

impl<'a> ChunkKeep<'a> {
    pub fn new(keep: &'a Keep, checkpoints: Checkpoints, saved: usize, replicas: usize) -> Self {
        let (seen, rests_until) = (saved, Instant::now());
        Self { keep, checkpoints, replicas, saved, seen, rests_until }
    }

    /// Returns whether to continue training. Called before each epoch and after the last.
    pub fn goes_on(&mut self, trainer: &Trainer) -> Result<bool> {
        if trainer.has_ended() {
            self.finished(trainer);
            return Ok(false);
        }
        let epoch = trainer.epoch_number();
        if !(self.keep.watch.goes_on)() {
            if epoch > self.saved {
                self.keep.save(&self.checkpoints, &trainer.checkpoint()?)?;
            }
            self.keep.epochs.fetch_add(epoch * self.replicas, Ordering::Relaxed);
            return Ok(false);
        }
        // A launch may have passed a multiple.
        let due = self.keep.every.is_some_and(|every| epoch / every > self.seen / every);
        self.seen = epoch;
        if due && epoch > self.saved && Instant::now() >= self.rests_until {
            self.try_to_save(trainer);
            self.saved = epoch;
        }
        Ok(true)
    }

    fn finished(&mut self, trainer: &Trainer) {
        let epoch = trainer.epoch_number();
        self.keep.epochs.fetch_add(epoch * self.replicas, Ordering::Relaxed);
        if epoch > self.saved {
            self.try_to_save(trainer);
        }
    }

    /// Writes a checkpoint; training does not fail for it.
    fn try_to_save(&mut self, trainer: &Trainer) {
        let begin = Instant::now();
        let checkpoint = trainer.checkpoint().map_err(anyhow::Error::from);
        let saved = checkpoint.and_then(|state| self.keep.save(&self.checkpoints, &state));
        if let Err(error) = saved {
            let line = format!("training continues without a checkpoint: {error:#}");
            (self.keep.watch.hear)(Event::Warning(line));
        }
        self.rests_until = Instant::now() + begin.elapsed() * REST;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
