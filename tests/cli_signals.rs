//! Signals: a program ends with a checkpoint, its own exit code, and a line that says what to type next.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::cli::{command, files, run, stderr, stdout};

/// Small, and so long that it is ended on the way.
const LONG: &str = "--hidden 20 --repeats 2 --threads 1 --no-plots --epochs 10000000";

/// Sends a signal to a program.
pub fn kill(signal: &str, child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Waits until a program trains.
fn wait_for_training(out: &Path) {
    let begin = Instant::now();
    while !out.join("experiment.json").exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "not ready after a minute");
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(100));
}

/// Starts a program and lets it train.
fn started(mut command: Command, out: &Path) -> Child {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_training(out);
    child
}

fn assert_continues(output: &Output, code: i32, out: &Path) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains("hidden_noise --hidden 20"), "{said}");
    assert!(said.trim_end().ends_with("--resume"), "{said}");
    assert_eq!(files(&out.join("checkpoints")).len(), 1, "{said}");
}

#[test]
fn every_signal_that_ends_a_program_writes_a_checkpoint() {
    let signals = [("-INT", 130), ("-TERM", 143), ("-HUP", 129), ("-USR1", 138), ("-XCPU", 152)];
    for (signal, code) in signals {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let child = started(command("hidden_noise", LONG, out), out);
        kill(signal, &child);
        assert_continues(&child.wait_with_output().unwrap(), code, out);
    }
}

/// A closed terminal does not end a program that was started with `nohup`.
#[test]
fn ignored_signals_stay_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let own = command("hidden_noise", LONG, out);
    let mut nohup = Command::new("nohup");
    nohup.arg(own.get_program()).args(own.get_args());
    let mut child = started(nohup, out);
    kill("-HUP", &child);
    sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it trains on");
    kill("-TERM", &child);
    assert_continues(&child.wait_with_output().unwrap(), 143, out);
}

/// Ctrl-Z and `fg` in a shell.
#[test]
fn a_suspended_program_continues() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let child = started(command("hidden_noise", LONG, out), out);
    kill("-TSTP", &child);
    sleep(Duration::from_millis(100));
    kill("-CONT", &child);
    sleep(Duration::from_millis(100));
    kill("-INT", &child);
    assert_continues(&child.wait_with_output().unwrap(), 130, out);
}

/// Its chunk takes far longer than the four seconds that a first signal waits.
#[test]
fn a_second_signal_ends_a_program_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let args = "--hidden 20 --repeats 2 --threads 1 --no-plots --epochs 10000000 --stddev 0.1";
    let child = started(command("grid_search", args, out), out);
    let begin = Instant::now();
    kill("-INT", &child);
    sleep(Duration::from_millis(500));
    kill("-INT", &child);
    let output = child.wait_with_output().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(3), "a single signal takes four");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("grid_search --hidden 20"), "{said}");
}

/// A signal that comes twice at once, as from `timeout`, is one.
#[test]
fn a_signal_that_comes_twice_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let child = started(command("hidden_noise", LONG, out), out);
    kill("-TERM", &child);
    kill("-TERM", &child);
    assert_continues(&child.wait_with_output().unwrap(), 143, out);
}

#[test]
fn the_suggested_command_continues() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("my results");
    // Typed again, `--fresh` would remove what there is to continue.
    let child = started(command("hidden_noise", &format!("{LONG} --fresh"), &out), &out);
    kill("-TERM", &child);
    let said = stderr(&child.wait_with_output().unwrap());
    let next = said.trim_end().rsplit_once("continue: ").unwrap().1;
    assert!(next.contains("--out '") && next.contains("my results'"), "{next}");
    let epoch: usize = {
        let name = &files(&out.join("checkpoints"))[0];
        name.rsplit_once("epoch-").unwrap().1.split('.').next().unwrap().parse().unwrap()
    };
    let next = next.replace("10000000", &(epoch + 10).to_string());
    let shell = Command::new("sh").arg("-c").arg(next).output().unwrap();
    assert!(shell.status.success() && stderr(&shell).is_empty(), "{}", stderr(&shell));
    let whole = folder.path().join("whole");
    let args = LONG.replace("10000000", &(epoch + 10).to_string());
    assert_eq!(stdout(&shell), stdout(&run("hidden_noise", &args, &whole)));
}
