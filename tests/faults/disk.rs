//! Disks that are full, read-only, slow or broken, and folders that disappear.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::thread;
use std::time::Duration;

use super::{CHECKPOINTED, Experiment, GRID, RUN, assert_ended, assert_whole, content, with_fault};
use crate::cli::{FIGURES, command, files, stderr, stdout};

/// Lets every operation fail, one after the other, until the program needs none more. Returns the
/// number of faults.
fn every_failure(experiment: Experiment, fault: &str) -> usize {
    let expected = experiment.undisturbed();
    let mut has_result = false;
    for at in 1..1000 {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let output = with_fault(&mut experiment.command("", &out), fault, at).output().unwrap();
        assert_ended(&output);
        assert_whole(&out, &expected);
        let temporary = files(&out).into_iter().find(|name| name.starts_with(".candle-noise-"));
        assert_eq!(temporary, None, "{fault} at {at}");
        // What fails after the training cannot lose its result.
        let prints = !output.stdout.is_empty();
        let said = stderr(&output);
        assert!(
            prints || !has_result || experiment.program == "grid_search",
            "{fault} {at}: {said}"
        );
        has_result |= prints;
        if output.status.success() && said.is_empty() {
            assert!(has_result && content(&out) == expected);
            return at - 1;
        }
        if fault != "once" {
            let cause = match fault {
                "full" => "No space left",
                "denied" => "Permission denied",
                _ => "Input/output error",
            };
            assert!(said.contains(cause), "{fault} at {at}: {said}");
        }
        experiment.assert_finishes(&out, &expected);
    }
    panic!("{fault}: more than a thousand operations")
}

#[test]
fn a_disk_without_space_loses_nothing_that_was_there_before() {
    let faults = every_failure(RUN, "full");
    println!("{faults} faults");
    assert!(faults > 20, "{faults} operations have failed");
}

#[test]
#[ignore = "takes minutes"]
fn every_operation_of_every_program_fails_in_every_way() {
    let mut faults = 0;
    for experiment in [RUN, CHECKPOINTED, GRID] {
        for fault in ["full", "once", "denied", "sync"] {
            let own = every_failure(experiment, fault);
            println!("{} {fault}: {own} faults", experiment.program);
            faults += own;
        }
    }
    println!("{faults} injected failures, nothing lost");
}

#[test]
fn interrupted_and_short_writes_are_no_failures() {
    for experiment in [RUN, GRID] {
        let expected = experiment.undisturbed();
        for fault in ["interrupted", "short"] {
            let folder = tempfile::tempdir().unwrap();
            let mut command = experiment.command("", folder.path());
            let output = with_fault(&mut command, fault, 0).output().unwrap();
            assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
            assert!(content(folder.path()) == expected, "{fault}");
        }
    }
}

/// The first file of the last picture begins, and the program is told to end.
#[cfg(unix)]
#[test]
fn the_results_are_there_when_a_signal_arrives_while_pictures_are_drawn() {
    let expected = RUN.undisturbed();
    // Opening and writing: lock, folder and description, two checkpoints with theirs, and results.
    let operations: Vec<usize> = (1..100).collect();
    let before = operations.partition_point(|at| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = RUN.command("", folder.path());
        with_fault(&mut command, "full", *at).output().unwrap();
        !folder.path().join("history.csv").exists()
    });
    let slow = operations[before];
    let folder = tempfile::tempdir().unwrap();
    let mut command = RUN.command("", folder.path());
    let child = with_fault(&mut command, "slow", slow)
        .env("FAULT_MILLIS", "60000")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !folder.path().join("history.csv").exists() {
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(300));
    crate::cli_signals::kill("-TERM", &child);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(143), "{said}");
    assert!(said.contains("draw the pictures: "), "{said}");
    assert!(stdout(&output).starts_with("Train: "), "{}", stdout(&output));
    let there = content(folder.path());
    assert_whole(folder.path(), &expected);
    for name in ["result.json", "history.csv", "model.safetensors"] {
        assert!(there.contains_key(name), "{name}");
    }
    RUN.assert_finishes(folder.path(), &expected);
}

/// Starts a program and renames its folder as soon as it trains.
fn without_its_folder(name: &str, args: &str, out: &Path) -> Output {
    let mut command = command(name, args, out);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !out.join("experiment.json").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(Duration::from_millis(30));
    fs::rename(out, out.with_extension("elsewhere")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_ended(&output);
    output
}

#[test]
fn a_folder_that_disappears_in_training_is_made_again_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let args = "--epochs 3000 --hidden 20 --repeats 2 --threads 1 --no-plots";
    let output = without_its_folder("hidden_noise", args, &out);
    assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
    assert_eq!(files(&out), FIGURES);

    let out = folder.path().join("grid");
    let args = "--epochs 3000 --hidden 20 --repeats 2 --stddev 0.1 --threads 1 --no-plots";
    let output = without_its_folder("grid_search", args, &out);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write") && said.contains("No such file"), "{said}");
    assert!(said.contains("runs are finished; continue: "), "{said}");
}

/// A file that grows beyond the limit of the process is a failed write, not the end of the program.
#[test]
fn a_limit_of_the_size_of_files_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let own = RUN.command("", folder.path());
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", "ulimit -f 8; exec \"$0\" \"$@\""])
        .arg(own.get_program())
        .args(own.get_args());
    let output = shell.output().unwrap();
    assert_ended(&output);
    assert!(stdout(&output).starts_with("Train: "), "{}", stdout(&output));
    assert!(stderr(&output).contains("accuracy.png is missing"), "{}", stderr(&output));
    RUN.assert_finishes(folder.path(), &RUN.undisturbed());
}
