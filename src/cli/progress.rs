//! The progress bar, and warnings that do not tear it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt;
use crate::experiment::{Grid, Watch};
use crate::train::{History, Observer, Stop};

/// Progress over the epochs of all replicas on standard error; hidden where that is no terminal. An
/// interrupt ends the training.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for `repeats` runs of `epochs` epochs.
    pub fn new(repeats: usize, epochs: usize, quiet: bool) -> Self {
        let template = "{wide_bar} {human_pos}/{human_len} epochs, {eta} left";
        Self { bar: bar(repeats * epochs, quiet, template) }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Writes a warning above the bar.
    pub fn warn(&self, line: &str) {
        self.bar.suspend(|| eprintln!("warning: {line}"));
    }
}

impl Watch for Progress {
    type Chunk = ChunkProgress;

    fn chunk(&self) -> ChunkProgress {
        ChunkProgress { bar: self.bar.clone() }
    }

    fn goes_on(&self) -> bool {
        !interrupt::requested()
    }
}

fn bar(epochs: usize, quiet: bool, template: &str) -> ProgressBar {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(epochs as u64) };
    // The template is a constant: that it is valid shows at the first run.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Progress over the cells of a grid on standard error; hidden where that is no terminal. An
/// interrupt ends the search.
pub struct GridProgress {
    bar: ProgressBar,
    cells: usize,
    done: AtomicUsize,
    deadline: Option<Instant>,
}

impl GridProgress {
    /// A bar for the epochs of some runs; none begins after the deadline.
    pub fn new(grid: &Grid, runs: usize, deadline: Option<Instant>, quiet: bool) -> Self {
        let bar = bar(runs * grid.epochs, quiet, "{wide_bar} {msg}, {eta} left");
        Self { bar, cells: grid.cells().len(), done: AtomicUsize::new(0), deadline }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for GridProgress {
    type Chunk = ChunkProgress;

    fn chunk(&self) -> ChunkProgress {
        ChunkProgress { bar: self.bar.clone() }
    }

    fn cells_done(&self, cells: usize) {
        let done = self.done.fetch_add(cells, Ordering::Relaxed) + cells;
        self.bar.set_message(format!("{done}/{} cells", self.cells));
    }

    fn goes_on(&self) -> bool {
        let in_time = self.deadline.is_none_or(|deadline| Instant::now() < deadline);
        in_time && !interrupt::requested()
    }
}

/// Reports one chunk's epochs to the bar that all chunks share.
pub struct ChunkProgress {
    bar: ProgressBar,
}

impl Observer for ChunkProgress {
    fn resumed(&mut self, epoch: usize, history: &History) {
        self.bar.inc((epoch * history.replicas.len()) as u64);
    }

    fn epoch_end(&mut self, _: usize, history: &History) {
        self.bar.inc(history.replicas.len() as u64);
    }

    fn replica_stopped(&mut self, stop: &Stop) {
        let Stop { seed, epoch, which, value, .. } = stop;
        let warn = || {
            eprintln!(
                "warning: the run with seed {seed} stopped in epoch {epoch}: its {which} is {value}; \
                 a smaller --learning-rate or less noise may help"
            );
        };
        self.bar.suspend(warn);
    }
}
