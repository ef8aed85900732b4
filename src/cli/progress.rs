//! The progress bar, and warnings that do not tear it.

use indicatif::{ProgressBar, ProgressStyle};

use crate::train::{History, Observer, Stop};

/// Progress over the epochs of all replicas on standard error; hidden where that is no terminal.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
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
        Self { bar }
    }

    /// An observer for one chunk of replicas.
    pub fn observer(&self) -> ChunkProgress {
        ChunkProgress { bar: self.bar.clone() }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Reports one chunk's epochs to the bar that all chunks share.
pub struct ChunkProgress {
    bar: ProgressBar,
}

impl Observer for ChunkProgress {
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
