//! What programs write to, and read from: terminals that are none, full or closed, and pipes as files.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::cli::{command, run, stderr, stdout};

const FAST: &str = "--epochs 5 --hidden 20";

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = command("baseline", FAST, folder.path()).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("standard output: No space left"), "{}", stderr(&output));
    assert!(folder.path().join("result.json").exists(), "the results are there");
}

/// A line that cannot be written is dropped; nothing else changes.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_error_changes_no_exit_code() {
    let cases = [
        ("baseline", FAST, 0),
        ("baseline", "--epochs 5 --hidden 20 --repeats 5 --learning-rate 1e38", 1),
        ("baseline", "--epochs 0", 2),
        ("grid_search", "--epochs 10 --hidden 8 --repeats 2 --stddev 0.1 --learning-rate 1e38", 1),
    ];
    for (name, args, code) in cases {
        let folder = tempfile::tempdir().unwrap();
        let output = command(name, args, folder.path()).stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{name} {args}");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = command("baseline", "--epochs 10000000 --threads 1", folder.path());
    let child = command.stderr(full()).stdout(Stdio::piped()).spawn().unwrap();
    while !folder.path().join("experiment.json").exists() {
        thread::sleep(Duration::from_millis(5));
    }
    crate::cli_signals::kill("-TERM", &child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(143));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for args in ["--help".to_string(), format!("{FAST} --no-plots --format json")] {
        let mut child = command("baseline", &args, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{args}");
    }
}

/// Where no bar can move, a line says now and then how far it is; where little is left, none does.
#[test]
fn a_log_shows_progress_in_lines() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    for (quiet, lines) in [("", true), ("--quiet", false)] {
        let args = format!("--epochs 10000000 --hidden 20 --no-plots --fresh {quiet}");
        let child = command("hidden_noise", &args, out).stderr(Stdio::piped()).spawn().unwrap();
        thread::sleep(Duration::from_millis(3500));
        crate::cli_signals::kill("-TERM", &child);
        let said = stderr(&child.wait_with_output().unwrap());
        let is_line =
            |line: &&str| line.contains("% of the epochs; about ") && line.ends_with(" left");
        assert_eq!(said.lines().any(|line| is_line(&line)), lines, "{said}");
        assert!(said.lines().filter(is_line).count() <= 1, "{said}");
    }
    assert_eq!(stderr(&run("hidden_noise", &format!("{FAST} --fresh"), out)), "");
}

#[test]
fn many_runs_that_diverge_are_counted_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let args = "--epochs 5 --hidden 8 --no-plots --repeats 50 --learning-rate 1e38";
    let said = stderr(&run("hidden_noise", args, folder.path()));
    assert_eq!(said.matches("warning: the run with seed").count(), 3, "{said}");
    assert!(said.contains("warning: 47 further runs diverged, 50 in all"), "{said}");
    assert_eq!(said.lines().count(), 5, "{said}");
}

/// A pipe that can be read once, with the content of a file.
fn pipe(folder: &Path, name: &str, content: Vec<u8>) -> PathBuf {
    let path = folder.join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let writer = path.clone();
    thread::spawn(move || File::options().write(true).open(writer)?.write_all(&content));
    path
}

/// `--data <(zcat digits.csv.gz)` is read once, and a file may be gone when it has been read.
#[test]
fn data_is_read_once() {
    let data = |name: &str| {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)).unwrap()
    };
    let small = "--epochs 1 --hidden 2 --train-size 20";
    let digits = ("digits.csv.gz", "digits.csv.gz");
    let vowels = ("japanese_vowels_train.ts.gz", "japanese_vowels_test.ts.gz");
    let grid = "--epochs 1 --hidden 2 --train-size 20 --repeats 2 --stddev 0.1 --task";
    let cases = [
        ("cnn_noise", small.to_string(), vec![digits.0]),
        ("lstm_noise", small.to_string(), vec![vowels.0, vowels.1]),
        ("grid_search", format!("{grid} digits"), vec![digits.0]),
        ("grid_search", format!("{grid} vowels"), vec![vowels.0, vowels.1]),
    ];
    for (name, args, names) in cases {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let pipes: Vec<String> = names
            .iter()
            .map(|name| pipe(folder.path(), name, data(name)).display().to_string())
            .collect();
        let output = run(name, &format!("{args} --data {}", pipes.join(",")), &out);
        assert!(output.status.success(), "{}", stderr(&output));
        let expected = run(name, &args, &folder.path().join("expected"));
        assert_eq!(stdout(&output), stdout(&expected), "{name}");
        assert!(out.join("result.json").exists());
    }
}
