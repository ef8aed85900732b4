//! Ctrl-C (SIGINT) and SIGTERM, with which schedulers announce the end.
//!
//! A program that loses nothing ends at once, but for the file that is being written. One that can
//! go on later finishes the work in hand first, if it takes a few seconds only.

use std::process::exit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::register_usize;

use crate::files;

/// The longest that the work in hand may take after a signal: schedulers kill soon after five
/// seconds.
const GRACE: Duration = Duration::from_secs(4);

/// How often signals are looked for.
const POLL: Duration = Duration::from_millis(20);

/// How to go on after an end in the midst of the work, where that is possible.
static RESUMABLE: Mutex<Option<&str>> = Mutex::new(None);

/// The first signal; 0 before.
static SIGNAL: AtomicUsize = AtomicUsize::new(0);

/// While it lives a signal is a request, which the program sees in [`requested`].
pub(super) struct Resumable;

impl Resumable {
    /// `how` says how to go on should the work in hand take too long to be finished.
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

/// Whether the program is to end.
pub(super) fn requested() -> bool {
    SIGNAL.load(Ordering::SeqCst) != 0
}

/// The exit code after a signal, as shells give it: 130 or 143.
pub(super) fn exit_code() -> u8 {
    128 + SIGNAL.load(Ordering::SeqCst) as u8
}

/// Handles signals from here on.
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

/// Ends the program once the file that is being written is whole.
fn quit() -> ! {
    let _guard = files::wait();
    // On a line of its own: the progress bar may stand on this one.
    eprintln!("\ninterrupted{}", resumable().unwrap_or_default());
    exit(exit_code().into());
}
