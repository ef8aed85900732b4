//! The progress bar, and warnings that do not break it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt;
use crate::experiment::{Event, Watch};
use crate::train::Stop;

/// Progress on standard error, hidden if that is not a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Number of cells, if the bar shows them.
    cells: Option<usize>,
    done: AtomicUsize,
}

impl Progress {
    /// Creates a bar for the given number of epochs of single runs.
    pub fn of_epochs(epochs: usize, quiet: bool) -> Self {
        Self::new(epochs, None, quiet, "{wide_bar} {human_pos}/{human_len} epochs, {eta} left")
    }

    /// Creates a bar that also shows the number of complete cells.
    pub fn of_cells(epochs: usize, cells: usize, quiet: bool) -> Self {
        Self::new(epochs, Some(cells), quiet, "{wide_bar} {msg}, {eta} left")
    }

    fn new(epochs: usize, cells: Option<usize>, quiet: bool, template: &str) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(epochs as u64) };
        // The template is a constant, so the first run shows whether it is valid.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, cells, done: AtomicUsize::new(0) }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Runs `train` until it finishes, a signal arrives or the deadline passes.
    pub fn watched<T>(&self, deadline: Option<Instant>, train: impl FnOnce(Watch) -> T) -> T {
        let in_time = || deadline.is_none_or(|deadline| Instant::now() < deadline);
        let goes_on = || in_time() && !interrupt::requested();
        train(Watch { hear: &|event| self.hear(event), goes_on: &goes_on })
    }

    fn hear(&self, event: Event) {
        match event {
            Event::Epochs(epochs) => self.bar.inc(epochs as u64),
            Event::Cells(cells) => {
                let done = self.done.fetch_add(cells, Ordering::Relaxed) + cells;
                self.bar.set_message(format!("{done}/{} cells", self.cells.unwrap_or(done)));
            }
            Event::Warning(line) => self.warn(&line),
            Event::Stopped(Stop { seed, epoch, which, value, .. }) => self.warn(&format!(
                "the run with seed {seed} stopped in epoch {epoch}: its {which} is {value}; a smaller \
                 --learning-rate or less noise may help"
            )),
        }
    }

    /// Writes a warning above the bar.
    fn warn(&self, line: &str) {
        self.bar.suspend(|| eprintln!("warning: {line}"));
    }
}
