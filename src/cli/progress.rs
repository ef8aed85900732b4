//! The progress bar, and warnings that do not tear it.

use indicatif::{ProgressBar, ProgressStyle};

use crate::train::{History, Observer, Stop};

/// Progress over the epochs of all replicas on standard error; hidden where that is no terminal.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
    quiet: bool,
}

impl Progress {
    /// A bar for `repeats` runs of `epochs` epochs.
    pub fn new(repeats: usize, epochs: usize, quiet: bool) -> Self {
        let bar =
            if quiet { ProgressBar::hidden() } else { ProgressBar::new((repeats * epochs) as u64) };
        let template = "{wide_bar} {human_pos}/{human_len} epochs, {eta} left";
        // The template is a constant: that it is valid shows at the first run.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, quiet }
    }

    /// An observer for one chunk of replicas.
    pub fn observer(&self) -> ChunkProgress {
        ChunkProgress { progress: self.clone(), pending: 0 }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Reports one chunk's epochs to the bar that all chunks share.
pub struct ChunkProgress {
    progress: Progress,
    pending: u64,
}

impl ChunkProgress {
    /// Epochs after which the shared bar is told: it is behind a lock.
    const STRIDE: u64 = 64;
}

impl Observer for ChunkProgress {
    fn epoch_end(&mut self, _: usize, history: &History) {
        self.pending += history.replicas.len() as u64;
        if self.pending >= Self::STRIDE {
            self.progress.bar.inc(std::mem::take(&mut self.pending));
        }
    }

    fn replica_stopped(&mut self, stop: &Stop) {
        if !self.progress.quiet {
            let Stop { seed, epoch, which, value, .. } = stop;
            let warn = || {
                eprintln!(
                    "warning: the run with seed {seed} stopped in epoch {epoch}: its {which} is \
                     {value}; a smaller --learning-rate may help"
                );
            };
            self.progress.bar.suspend(warn);
        }
    }
}
