//! Handles Ctrl-C (SIGINT) and SIGTERM, which schedulers send before they kill a program.
//!
//! A program that loses nothing exits at once, after the file in progress is written. A program
//! that can continue later first finishes the work in progress, if that takes only a few seconds.

use std::process::exit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::register_usize;

use crate::files;

/// Maximum time for the work in progress after a signal. Schedulers kill a program soon after five
/// seconds.
const GRACE: Duration = Duration::from_secs(4);

/// Interval between checks for signals.
const POLL: Duration = Duration::from_millis(20);

/// How to continue after an exit in the middle of the work, if that is possible.
static RESUMABLE: Mutex<Option<&str>> = Mutex::new(None);

/// The first signal; 0 before it arrives.
static SIGNAL: AtomicUsize = AtomicUsize::new(0);

/// A guard: while it lives, a signal is a request, which [`requested`] reports.
pub(super) struct Resumable;

impl Resumable {
    /// Creates the guard; `how` says how to continue if the work in progress takes too long.
    pub fn new(how: &'static str) -> Self {
        *resumable() = Some(how);
        Self
    }
}

impl Drop for Resumable {
    fn drop(&mut self) {
        *resumable() = None;
    }
}

fn resumable() -> MutexGuard<'static, Option<&'static str>> {
    RESUMABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns whether the program should exit.
pub(super) fn requested() -> bool {
    SIGNAL.load(Ordering::SeqCst) != 0
}

/// Returns the exit code after a signal, as in a shell: 130 or 143.
pub(super) fn exit_code() -> u8 {
    128 + SIGNAL.load(Ordering::SeqCst) as u8
}

/// Starts handling signals.
pub(super) fn install() {
    let received = Arc::new(AtomicUsize::new(0));
    for signal in [SIGINT, SIGTERM] {
        if let Err(error) = register_usize(signal, received.clone(), signal as usize) {
            eprintln!("warning: cannot handle signal {signal}: {error}");
        }
    }
    thread::spawn(move || {
        loop {
            thread::sleep(POLL);
            match received.swap(0, Ordering::SeqCst) {
                0 => {}
                signal => interrupted(signal),
            }
        }
    });
}

fn interrupted(signal: usize) {
    let first = SIGNAL.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_ok();
    if !first || resumable().is_none() {
        quit();
    }
    thread::spawn(|| {
        thread::sleep(GRACE);
        quit();
    });
}

/// Exits after the file in progress is written completely.
fn quit() -> ! {
    let _guard = files::wait();
    // The message has its own line, because the progress bar may occupy this one.
    eprintln!("\ninterrupted{}", resumable().unwrap_or_default());
    exit(exit_code().into());
}
