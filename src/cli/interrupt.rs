//! Ctrl-C and SIGTERM.
//!
//! A program that loses nothing ends at once, but for the file that is being written. One that can
//! go on later finishes the work in hand first, if it takes a few seconds only.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::files;

/// Exit code of an interrupted program.
pub(super) const INTERRUPTED: u8 = 130;

/// The longest that the work in hand may take after the first interrupt.
const GRACE: Duration = Duration::from_secs(5);

static RESUMABLE: AtomicBool = AtomicBool::new(false);
static REQUESTED: AtomicBool = AtomicBool::new(false);

/// While it lives an interrupt is a request, which the program sees in [`requested`].
pub(super) struct Resumable;

impl Resumable {
    pub fn new() -> Self {
        RESUMABLE.store(true, Ordering::SeqCst);
        Self
    }
}

impl Drop for Resumable {
    fn drop(&mut self) {
        RESUMABLE.store(false, Ordering::SeqCst);
    }
}

/// Whether the user wants the program to end.
pub(super) fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Handles interrupts from here on.
pub(super) fn install() {
    if let Err(error) = ctrlc::set_handler(interrupted) {
        eprintln!("warning: cannot handle interrupts: {error}");
    }
}

fn interrupted() {
    let again = REQUESTED.swap(true, Ordering::SeqCst);
    if again || !RESUMABLE.load(Ordering::SeqCst) {
        quit();
    }
    thread::spawn(|| {
        thread::sleep(GRACE);
        quit();
    });
}

/// Ends the program once the file that is being written is whole.
fn quit() -> ! {
    let _guard = files::wait();
    let how = if RESUMABLE.load(Ordering::SeqCst) {
        ": the same command goes on from the finished runs"
    } else {
        ""
    };
    // On a line of its own: the progress bar may stand on this one.
    eprintln!("\ninterrupted{how}");
    std::process::exit(INTERRUPTED.into());
}
