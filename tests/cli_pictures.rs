//! Formats of pictures, and finished experiments side by side.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::cli::{files, run, stderr, stdout};

const FAST: &str = "--epochs 5 --hidden 20 -q";

/// Runs `candle-noise compare` on folders, with further flags.
pub fn compare(folders: &[&Path], flags: &str, out: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_candle-noise"))
        .arg("compare")
        .args(folders)
        .args(flags.split_whitespace())
        .arg("--out")
        .arg(out)
        .output()
        .unwrap()
}

/// Trains with a program in a new folder.
pub fn trained(program: &str, args: &str) -> TempDir {
    trained_with(program, &format!("{FAST} {args}"))
}

/// Trains with a program and these flags alone in a new folder.
pub fn trained_with(program: &str, args: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = run(program, args, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    folder
}

#[test]
fn pictures_come_in_the_wanted_formats_and_old_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = |format: &str| {
        let output = run("baseline", &format!("{FAST} --plot-format {format}"), folder.path());
        assert!(output.status.success(), "{}", stderr(&output));
        let all = files(folder.path());
        let of = |end: &str| all.iter().filter(|name| name.ends_with(end)).count();
        (of(".png"), of(".svg"))
    };
    assert_eq!(pictures("png"), (7, 0));
    assert_eq!(pictures("svg"), (0, 7));
    let svg = fs::read_to_string(folder.path().join("accuracy.svg")).unwrap();
    assert!(svg.starts_with("<svg xmlns=") && svg.contains("<title"), "{svg}");
    assert_eq!(pictures("both"), (7, 7));
    let output = run("baseline", &format!("{FAST} --plot-format pdf"), folder.path());
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("png, svg, both"), "{}", stderr(&output));
}

/// The figures are those that the programs printed.
#[test]
fn finished_experiments_are_drawn_side_by_side() {
    let (baseline, noise) = (trained("baseline", "--repeats 2"), trained("hidden_noise", ""));
    let out = tempfile::tempdir().unwrap();
    let output = compare(&[baseline.path(), noise.path()], "--plot-format both", out.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let lines: Vec<String> = stdout(&output).lines().map(str::to_string).collect();
    assert_eq!(lines[2], "", "the table follows: {lines:?}");
    let printed = |folder: &Path, program: &str, args: &str| {
        stdout(&run(program, &format!("{FAST} --no-plots {args}"), folder)).trim().to_string()
    };
    let first = printed(baseline.path(), "baseline", "--repeats 2");
    assert_eq!(lines[0], format!("baseline. {first}"));
    let second = printed(noise.path(), "hidden_noise", "");
    assert_eq!(lines[1], format!("hidden_noise: before-activation 0.1. {second}"));
    let expected = [
        "accuracy.png",
        "accuracy.svg",
        "boundary.png",
        "boundary.svg",
        "comparison.json",
        "comparison.txt",
        "experiment.json",
        "loss.png",
        "loss.svg",
    ];
    assert_eq!(files(out.path()), expected);
    let again = compare(&[baseline.path(), noise.path()], "", out.path());
    assert!(again.status.success(), "{}", stderr(&again));
    assert!(!files(out.path()).contains(&"loss.svg".to_string()), "old pictures go");
}

/// Compares folders, and returns the exit code, what is printed, the errors and the
/// files.
fn compared(folders: &[&Path]) -> (Option<i32>, String, String, Vec<String>) {
    let out = tempfile::tempdir().unwrap();
    let output = compare(folders, "", out.path());
    (output.status.code(), stdout(&output), stderr(&output), files(out.path()))
}

/// Returns the names of the files that a comparison writes beside some pictures, in order.
fn written(pictures: &[&str]) -> Vec<String> {
    let others = ["comparison.json", "comparison.txt", "experiment.json"];
    let names = pictures.iter().chain(&others);
    let mut names: Vec<String> = names.map(|name| name.to_string()).collect();
    names.sort();
    names
}

/// A folder with a trailing slash, as a shell completes it, and one that is named in two ways.
#[test]
fn a_folder_has_one_place_and_equal_names_have_their_folders() {
    let (first, second) =
        (trained("baseline", ""), trained_with("baseline", "--epochs 7 --hidden 20 -q"));
    let slashed = |folder: &Path| format!("{}/", folder.display());
    let other = slashed(second.path());
    let (code, lines, error, found) = compared(&[first.path(), Path::new(&other)]);
    assert_eq!(code, Some(0), "{error}");
    let lines: Vec<&str> = lines.lines().collect();
    assert!(lines[0].starts_with(&format!("baseline ({}). Train: ", first.path().display())));
    assert!(lines[1].starts_with(&format!("baseline ({other}). Train: ")), "{lines:?}");
    assert_eq!(found, written(&["accuracy.png", "boundary.png", "loss.png"]));
    let again = slashed(first.path());
    let (code, _, error, found) = compared(&[first.path(), second.path(), Path::new(&again)]);
    assert_eq!((code, error.lines().count()), (Some(1), 1), "{error}");
    assert!(
        error.contains(&format!("expected each folder once, received {again} twice")),
        "{error}"
    );
    assert!(found.is_empty());
}

/// The folder of an experiment is not one for pictures of several.
#[test]
fn a_folder_of_results_keeps_them() {
    let (first, second) = (trained("baseline", ""), trained("hidden_noise", ""));
    let before = files(first.path());
    let output = compare(&[first.path(), second.path()], "", first.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("--out: expected a folder of its own"), "{error}");
    let output = compare(&[second.path(), first.path()], "--fresh", first.path());
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(files(first.path()), before);
    let other = trained("baseline", "");
    let output = compare(&[first.path(), second.path()], "", other.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("expected experiment \"compare\", received \"baseline\""), "{error}");
    let out = tempfile::tempdir().unwrap();
    let of = |folders: [&Path; 2]| compare(&folders, "", out.path());
    assert!(of([first.path(), second.path()]).status.success());
    let output = of([second.path(), first.path()]);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("holds other results: expected experiments [\"hidden_noise"), "{error}");
}

/// Weights that cannot be read lose the picture that needs them, and nothing else.
#[test]
fn damaged_weights_lose_the_boundary_alone() {
    let (first, second) = (trained("baseline", ""), trained("hidden_noise", "--repeats 2"));
    let model = second.path().join("model.safetensors");
    let whole = fs::read(&model).unwrap();
    let narrow = trained_with("baseline", "--epochs 2 --hidden 7 -q");
    let other = fs::read(narrow.path().join("model.safetensors")).unwrap();
    let none = [&2u64.to_le_bytes()[..], b"{}"].concat();
    for damaged in [&whole[..whole.len() / 2], &whole[..20], b"", &[0xff; 99], &none, &other] {
        fs::write(&model, damaged).unwrap();
        let (code, lines, error, found) = compared(&[first.path(), second.path()]);
        assert_eq!((code, lines.matches(". Train: ").count()), (Some(1), 2), "{error}");
        let warnings: Vec<&str> = error.lines().collect();
        assert_eq!(warnings.len(), 2, "{error}");
        let what = format!("boundary is missing: {}", model.display());
        assert!(warnings[0].contains(&what), "{error}");
        assert!(warnings[1].contains("a part of the output is missing"), "{error}");
        assert_eq!(found, written(&["accuracy.png", "loss.png"]));
    }
    fs::remove_file(&model).unwrap();
    let (code, _, error, _) = compared(&[first.path(), second.path()]);
    assert!(code == Some(1) && error.contains("model.safetensors"), "{error}");
}

/// A pipe without a writer would never end.
#[cfg(unix)]
#[test]
fn a_pipe_is_no_file_of_an_experiment() {
    let (first, second) = (trained("baseline", ""), trained("hidden_noise", ""));
    for name in ["model.safetensors", "result.json", "history.csv", "experiment.json"] {
        let path = second.path().join(name);
        fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let (code, _, error, _) = compared(&[first.path(), second.path()]);
        assert_eq!(code, Some(1), "{error}");
        assert!(error.contains(name) && error.contains("expected a file"), "{error}");
    }
}

/// Without a finished epoch there are no curves, and without finite weights no boundary.
#[test]
fn runs_that_diverged_have_dashes_and_no_boundary() {
    let first = trained("baseline", "");
    let second = tempfile::tempdir().unwrap();
    let args = format!("{FAST} --learning-rate 1e38 --repeats 2");
    assert_eq!(run("hidden_noise", &args, second.path()).status.code(), Some(1));
    let history = fs::read_to_string(second.path().join("history.csv")).unwrap();
    assert_eq!(history.lines().count(), 1, "{history}");
    let (code, lines, error, found) = compared(&[first.path(), second.path()]);
    assert_eq!(code, Some(0), "{error}");
    assert!(lines.contains(". Train: -, Test: - (0 of 2 repeats)\n\n"), "{lines}");
    assert!(lines.contains("cannot be compared with baseline: no pair"), "{lines}");
    assert_eq!(found, written(&["accuracy.png", "boundary.png", "loss.png"]));
    let third = tempfile::tempdir().unwrap();
    run("input_noise", &args, third.path());
    let (code, _, error, found) = compared(&[second.path(), third.path()]);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(found, written(&["accuracy.png", "loss.png"]));
}

/// Images are not in the plane.
#[test]
fn networks_on_images_have_curves_side_by_side() {
    let network = |args: &str| {
        trained_with(
            "cnn_noise",
            &format!("--epochs 1 --hidden 2 --train-size 20 --no-plots -q {args}"),
        )
    };
    let (first, second) = (network(""), network("--noise input:0.5"));
    let (code, _, error, found) = compared(&[first.path(), second.path()]);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(found, written(&["accuracy.png", "loss.png"]));
    let circles = trained("baseline", "");
    let (code, _, error, _) = compared(&[first.path(), circles.path()]);
    assert!(code == Some(1) && error.contains("received task \"digits\" in"), "{error}");
}

/// What an experiment's files say of it must be finished and of the same metric.
#[test]
fn an_unfinished_experiment_and_other_metrics_are_refused() {
    let (first, second) = (trained("baseline", ""), trained("hidden_noise", ""));
    let refused = |name: &str, edit: &dyn Fn(&str) -> String, what: &str| {
        let path = second.path().join(name);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, edit(&whole)).unwrap();
        assert_ne!(fs::read_to_string(&path).unwrap(), whole, "{what}");
        let (code, lines, error, found) = compared(&[first.path(), second.path()]);
        assert_eq!((code, error.lines().count()), (Some(1), 1), "{error}");
        assert!(error.contains(what) && lines.is_empty() && found.is_empty(), "{error}");
        fs::write(&path, whole).unwrap();
    };
    let unfinished = |text: &str| text.replace("\"finished\": true", "\"finished\": false");
    refused("experiment.json", &unfinished, "expected a finished experiment, received one that");
    let newer = |text: &str| text.replace("\"format\": 1", "\"format\": 2");
    refused("experiment.json", &newer, "experiment.json: it was written by");
    let metric = |text: &str| text.replace("accuracy", "r_squared");
    refused(
        "history.csv",
        &metric,
        "expected experiments of one metric, received accuracy and r_squared",
    );
    let last = |text: &str| {
        text.lines().take(4).chain(["0,7,1,1,1,1,,,1,1"]).map(|l| format!("{l}\n")).collect()
    };
    refused("history.csv", &last, "history.csv: line 5: expected the next epoch of a seed");
    let more = |text: &str| format!("{text}1,1,1,1,1,1,,,1,1\n");
    refused("history.csv", &more, "history.csv: expected at most 1 runs, received 2");
    refused("result.json", &|text| text[..text.len() / 2].to_string(), "result.json: ");
    let (code, _, error, _) = compared(&[first.path(), second.path()]);
    assert_eq!(code, Some(0), "{error}");
}

#[test]
fn experiments_on_other_rows_or_without_results_are_refused() {
    let (first, other) = (trained("baseline", ""), trained("baseline", "--data-seed 2"));
    let out = tempfile::tempdir().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let grid = tempfile::tempdir().unwrap();
    run("grid_search", "--epochs 2 --hidden 5 --repeats 1 --stddev 0.1 -q", grid.path());
    let refused = |folder: &Path, what: &str| {
        let output = compare(&[first.path(), folder], "", out.path());
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.lines().count() == 1 && error.contains(what), "{error}");
        assert!(files(out.path()).is_empty(), "nothing is written");
    };
    refused(other.path(), "expected experiments on the same rows, received data_seed 1 in");
    refused(empty.path(), "received no experiment.json");
    refused(
        grid.path(),
        "expected the results of a training program, received those of grid_search",
    );
    fs::write(other.path().join("history.csv"), "seed,epoch\n1,2\n").unwrap();
    refused(other.path(), "history.csv");
    fs::remove_file(other.path().join("result.json")).unwrap();
    fs::copy(first.path().join("history.csv"), other.path().join("history.csv")).unwrap();
    refused(other.path(), "result.json");
    let alone = compare(&[first.path()], "", out.path());
    assert_eq!(alone.status.code(), Some(2), "{}", stderr(&alone));
}
