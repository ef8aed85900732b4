//! The progress of training, and warnings that do not break its bar.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt;
use super::terminal::{tell, warn};
use crate::experiment::{Event, Watch};
use crate::train::Stop;

/// Time before the first line, which has the first estimate. The next ones come after 10 and 20
/// seconds, and so on, at most ten minutes apart.
const FIRST_LINE: Duration = Duration::from_secs(2);
const SHORTEST_REST: Duration = Duration::from_secs(8);
const LONGEST_REST: Duration = Duration::from_secs(600);

/// A line tells nothing about a wait that is shorter than this.
const WORTH: Duration = Duration::from_secs(10);

/// Number of diverged runs to warn of one by one.
const SHOWN: usize = 3;

/// Progress on standard error: a bar on a terminal, else a line now and then.
pub(super) struct Progress {
    bar: ProgressBar,
    /// What the bar counts.
    what: &'static str,
    /// Number of cells, if the progress shows them.
    cells: Option<usize>,
    done: AtomicUsize,
    /// Number of runs that have diverged.
    stopped: AtomicUsize,
    /// When the next line is due; `None` if there are no lines.
    next_line: Mutex<Option<Duration>>,
}

impl Progress {
    /// Shows the progress of the given number of epochs of single runs.
    pub fn of_epochs(epochs: usize, quiet: bool) -> Self {
        Self::new(epochs, None, quiet, "{wide_bar} {human_pos}/{human_len} epochs, {eta} left")
    }

    /// Shows the progress of `steps` steps of another kind.
    pub fn of_steps(steps: usize, quiet: bool) -> Self {
        let template = "{wide_bar} {percent} %, {eta} left";
        Self { what: "work", ..Self::new(steps, None, quiet, template) }
    }

    /// Notes that `steps` steps are done.
    pub fn add(&self, steps: usize) {
        self.bar.inc(steps as u64);
        self.write_line();
    }

    /// Shows the number of complete cells, too.
    pub fn of_cells(epochs: usize, cells: usize, quiet: bool) -> Self {
        Self::new(epochs, Some(cells), quiet, "{wide_bar} {msg}, {eta} left")
    }

    fn new(epochs: usize, cells: Option<usize>, quiet: bool, template: &str) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(epochs as u64) };
        // The template is a constant, so the first run shows whether it is valid.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let has_lines = !quiet && !io::stderr().is_terminal();
        Self {
            bar,
            what: "epochs",
            cells,
            done: AtomicUsize::new(0),
            stopped: AtomicUsize::new(0),
            next_line: Mutex::new(has_lines.then_some(FIRST_LINE)),
        }
    }

    /// Removes the bar, and counts the diverged runs that no warning has named.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
        let stopped = self.stopped.load(Ordering::Relaxed);
        if stopped > SHOWN {
            let further = stopped - SHOWN;
            let runs = if further == 1 { "run" } else { "runs" };
            warn(&format!("{further} further {runs} diverged, {stopped} in all"));
        }
    }

    /// Runs `train` until it finishes, a signal arrives or the deadline passes.
    pub fn watched<T>(&self, deadline: Option<Instant>, train: impl FnOnce(Watch) -> T) -> T {
        let in_time = || deadline.is_none_or(|deadline| Instant::now() < deadline);
        let goes_on = || in_time() && !interrupt::requested();
        train(Watch { hear: &|event| self.hear(event), goes_on: &goes_on })
    }

    fn hear(&self, event: Event) {
        match event {
            Event::Epochs(epochs) | Event::Attacked(epochs) => self.add(epochs),
            Event::Cells(cells) => {
                let done = self.done.fetch_add(cells, Ordering::Relaxed) + cells;
                self.bar.set_message(format!("{done}/{} cells", self.cells.unwrap_or(done)));
            }
            Event::Warning(line) => self.warn(&line),
            Event::Stopped(Stop { seed, epoch, which, value, .. }) => {
                if self.stopped.fetch_add(1, Ordering::Relaxed) < SHOWN {
                    self.warn(&format!(
                        "the run with seed {seed} stopped in epoch {epoch}: its {which} is {value}; \
                         a smaller --learning-rate or less noise may help"
                    ));
                }
            }
        }
    }

    /// Writes a line if one is due and there is still some time to wait.
    fn write_line(&self) {
        // Another thread that holds the lock is writing the line.
        let Ok(mut next) = self.next_line.try_lock() else { return };
        let elapsed = self.bar.elapsed();
        let Some(due) = *next else { return };
        if elapsed < due {
            return;
        }
        *next = Some(elapsed + elapsed.clamp(SHORTEST_REST, LONGEST_REST));
        let left = self.bar.eta();
        if left >= WORTH {
            let done = 100 * self.bar.position() / self.bar.length().unwrap_or(1).max(1);
            let cells = self.cells.map_or(String::new(), |cells| {
                format!(", {} of {cells} cells", self.done.load(Ordering::Relaxed))
            });
            let left = humantime::format_duration(Duration::from_secs(left.as_secs()));
            tell(&format!("{done} % of the {}{cells}; about {left} left", self.what));
        }
    }

    /// Writes a warning above the bar.
    fn warn(&self, line: &str) {
        self.bar.suspend(|| warn(line));
    }
}
