//! Handles the signals that end a program: Ctrl-C (INT), TERM, a closed terminal (HUP), and USR1 and
//! XCPU, which schedulers send before they kill a program.
//!
//! A program that loses nothing exits at once, after the file in progress is written. A program
//! that can continue later first finishes the work in progress, if that takes only a few seconds.
//! A second signal ends it without that.

use std::process::exit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::register_usize;

use super::terminal::{next_command, tell, warn};
use crate::files;

/// Maximum time for the work in progress after a signal. Schedulers kill a program soon after five
/// seconds.
const GRACE: Duration = Duration::from_secs(4);

/// Maximum time for the file in progress after a second signal.
const HURRY: Duration = Duration::from_millis(500);

/// A signal that follows another so soon is the same request: `timeout` signals a program and then
/// its group.
const TWICE: Duration = Duration::from_millis(250);

/// Interval between checks for signals.
const POLL: Duration = Duration::from_millis(20);

#[cfg(unix)]
const SIGNALS: [i32; 5] = {
    use signal_hook::consts::{SIGHUP, SIGUSR1, SIGXCPU};
    [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGXCPU]
};
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// What a signal does, and what to do afterwards.
static STAGE: Mutex<Option<(Reaction, String)>> = Mutex::new(None);

/// The first signal; 0 before it arrives.
static SIGNAL: AtomicUsize = AtomicUsize::new(0);

/// What a signal does while a [`Stage`] lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// The signal is a request, which [`requested`] reports.
    Finish,
    /// The program exits after the file in progress.
    Exit,
}

/// A guard: while it lives, signals have this reaction.
pub(super) struct Stage;

impl Stage {
    /// Begins a stage; `how` says how to continue if the program exits in the middle of it.
    pub fn new(reaction: Reaction, how: String) -> Self {
        *stage() = Some((reaction, how));
        Self
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        *stage() = None;
    }
}

fn stage() -> MutexGuard<'static, Option<(Reaction, String)>> {
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns whether the program should exit.
pub(super) fn requested() -> bool {
    SIGNAL.load(Ordering::SeqCst) != 0
}

/// Returns the exit code after a signal, as in a shell: 128 and the number of the signal.
pub(super) fn exit_code() -> u8 {
    128 + SIGNAL.load(Ordering::SeqCst) as u8
}

/// Starts handling signals. A signal that is ignored, as HUP under `nohup`, stays ignored.
///
/// A file that grows beyond the limit of the process is an error of the write, not the end of the program
/// by XFSZ.
pub(super) fn install() {
    #[cfg(unix)]
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
    let received = Arc::new(AtomicUsize::new(0));
    for signal in SIGNALS.into_iter().filter(|signal| !is_ignored(*signal)) {
        if let Err(error) = register_usize(signal, received.clone(), signal as usize) {
            warn(&format!("cannot handle signal {signal}: {error}"));
        }
    }
    let watching = thread::Builder::new().spawn(move || {
        let mut first: Option<(usize, Instant)> = None;
        loop {
            thread::sleep(POLL);
            match (received.swap(0, Ordering::SeqCst), first) {
                (0, _) => {}
                (signal, None) => {
                    first = Some((signal, Instant::now()));
                    interrupted(signal);
                }
                (signal, Some((other, at))) if is_second(signal, other, at) => quit(HURRY),
                _ => {}
            }
        }
    });
    if let Err(error) = watching {
        warn(&format!("cannot handle signals: {error}"));
    }
}

/// Returns whether a signal asks once more. The system repeats XCPU every second.
fn is_second(signal: usize, first: usize, at: Instant) -> bool {
    #[cfg(unix)]
    let is_repeated = signal == first && signal == signal_hook::consts::SIGXCPU as usize;
    #[cfg(not(unix))]
    let is_repeated = false;
    !is_repeated && (signal != first || at.elapsed() > TWICE)
}

#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    // SAFETY: `sigaction` with a null action only writes the current one, for which zeros are valid.
    unsafe {
        let mut current: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut current) == 0
            && current.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(not(unix))]
fn is_ignored(_: i32) -> bool {
    false
}

fn interrupted(signal: usize) {
    SIGNAL.store(signal, Ordering::SeqCst);
    if !matches!(*stage(), Some((Reaction::Finish, _))) {
        quit(GRACE);
    }
    let timer = thread::Builder::new().spawn(|| {
        thread::sleep(GRACE);
        quit(HURRY);
    });
    if timer.is_err() {
        quit(GRACE);
    }
}

/// Exits after the file in progress is written completely, or after some time.
fn quit(patience: Duration) -> ! {
    let _guard = files::wait(patience);
    let how = match &*stage() {
        Some((_, how)) => how.clone(),
        None => format!("start again: {}", next_command(&[])),
    };
    // The message has its own line, because the progress bar may occupy this one.
    tell(&format!("\ninterrupted: {how}"));
    exit(exit_code().into());
}
