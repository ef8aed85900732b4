//! `--tensorboard DIR`: event files with the curves of each run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::cli::{files, run, stderr};
use crate::event_files::{event_files, figures};

const FAST: &str = "--hidden 10 --no-plots -q";

/// Runs a program with its curves in a folder. Returns its exit code and what it told.
fn recorded(program: &str, args: &str, out: &Path, curves: &Path) -> (Option<i32>, String) {
    let args = format!("{args} {FAST} --tensorboard {}", curves.display());
    let output = run(program, &args, out);
    (output.status.code(), stderr(&output))
}

/// The figures of one seed in `history.csv`, by the same tags.
fn history(folder: &Path, seed: &str) -> BTreeMap<(String, u64), f32> {
    let text = fs::read_to_string(folder.join("history.csv")).unwrap();
    let mut found = BTreeMap::new();
    for line in text.lines().skip(1).filter(|line| line.starts_with(&format!("{seed},"))) {
        let values: Vec<&str> = line.split(',').collect();
        let sets = ["train_noisy", "train", "validation", "test"];
        for (set, pair) in sets.into_iter().zip(values[2..10].chunks(2)) {
            for (figure, text) in ["loss", "accuracy"].into_iter().zip(pair) {
                if let Ok(value) = text.parse() {
                    found.insert((format!("{figure}/{set}"), values[1].parse().unwrap()), value);
                }
            }
        }
    }
    found
}

#[test]
fn the_curves_are_those_of_the_history_and_resuming_continues_the_files() {
    let parent = tempfile::tempdir().unwrap();
    let (out, curves) = (parent.path().join("out"), parent.path().join("deep/curves"));
    let (code, said) = recorded("hidden_noise", "--epochs 3 --repeats 2", &out, &curves);
    assert_eq!(code, Some(0), "{said}");
    let first = event_files(&curves);
    let names: Vec<&String> = first.keys().collect();
    assert_eq!(names, ["hidden_noise/data-1-seed-0", "hidden_noise/data-1-seed-1"]);
    let check = |found: &BTreeMap<String, Vec<u8>>, epochs: usize| {
        for (name, seed) in
            [("hidden_noise/data-1-seed-0", "0"), ("hidden_noise/data-1-seed-1", "1")]
        {
            let own = figures(&found[name]);
            assert_eq!((own.len(), &own), (6 * epochs, &history(&out, seed)));
        }
    };
    check(&first, 3);

    let resumed = "--epochs 5 --repeats 2 --resume";
    assert_eq!(recorded("hidden_noise", resumed, &out, &curves).0, Some(0));
    let second = event_files(&curves);
    check(&second, 5);
    assert!(first.iter().all(|(name, bytes)| second[name].starts_with(bytes)));
    // A finished training that is resumed writes the same, also into another folder.
    let other = parent.path().join("other");
    assert_eq!(recorded("hidden_noise", resumed, &out, &other).0, Some(0));
    assert_eq!(event_files(&other), second);
}

#[test]
fn a_grid_has_a_folder_for_each_cell_and_its_report_writes_the_same() {
    let parent = tempfile::tempdir().unwrap();
    let (out, curves) = (parent.path().join("out"), parent.path().join("curves"));
    let grid = "--epochs 4 --noise hidden:0.1,0.3 --noise input:dropout:0.2";
    let (code, said) = recorded("grid_search", &format!("{grid} --repeats 1"), &out, &curves);
    assert_eq!(code, Some(0), "{said}");
    let cells = [
        "baseline",
        "before-activation_gaussian_0.1",
        "before-activation_gaussian_0.3",
        "input_dropout_0.2",
    ];
    assert_eq!(files(&curves), cells);
    let first = event_files(&curves);
    assert!(first.keys().all(|name| name.ends_with("/data-1-seed-0")));
    let own = figures(&first["baseline/data-1-seed-0"]);
    let tags = ["accuracy/test", "accuracy/train", "loss/test", "loss/train"];
    let expected = tags.into_iter().flat_map(|tag| (1..=4).map(|epoch| (tag.to_string(), epoch)));
    assert_eq!(own.keys().cloned().collect::<Vec<_>>(), expected.collect::<Vec<_>>());

    // What ends early has the curves of the runs that are finished.
    let again = parent.path().join("again");
    let limited = format!("{grid} --repeats 2 --time-limit 1ms");
    let (code, said) = recorded("grid_search", &limited, &out, &again);
    assert_eq!((code, event_files(&again) == first), (Some(124), true), "{said}");

    assert_eq!(recorded("grid_search", &format!("{grid} --repeats 2"), &out, &curves).0, Some(0));
    let all = event_files(&curves);
    assert_eq!(all.len(), 8);
    assert!(first.iter().all(|(name, bytes)| all[name] == *bytes));
    let reported = parent.path().join("reported");
    let args =
        format!("--report {} --no-plots --tensorboard {}", out.display(), reported.display());
    let mut report = crate::cli::program("grid_search");
    assert!(report.args(args.split_whitespace()).output().unwrap().status.success());
    assert_eq!(event_files(&reported), all);
}

#[test]
fn folds_of_a_table_have_folders_of_their_own() {
    let parent = tempfile::tempdir().unwrap();
    let (out, curves) = (parent.path().join("out"), parent.path().join("curves"));
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/data/penguins.csv.gz");
    let args = format!("--data {table} --target species --folds 2 --epochs 2");
    let (code, said) = recorded("baseline", &args, &out, &curves);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(files(&curves.join("baseline")), ["fold-0-seed-0", "fold-1-seed-0"]);
}

/// A run that diverges has the curves before that; one that diverges at once has none.
#[test]
fn diverged_runs_end_early() {
    let parent = tempfile::tempdir().unwrap();
    let (out, curves) = (parent.path().join("out"), parent.path().join("curves"));
    let (code, said) = recorded("baseline", "--epochs 5 --learning-rate 1e38", &out, &curves);
    assert_eq!(code, Some(1), "{said}");
    let lines = fs::read_to_string(out.join("history.csv")).unwrap().lines().count() - 1;
    let steps = event_files(&curves).values().map(|file| figures(file).len() / 6).sum::<usize>();
    assert!(lines < 5 && steps == lines, "{lines} and {steps} epochs");
}

#[test]
fn a_file_in_place_of_the_folder_fails_before_training() {
    let parent = tempfile::tempdir().unwrap();
    let (out, taken) = (parent.path().join("out"), parent.path().join("taken"));
    fs::write(&taken, "mine").unwrap();
    for program in ["baseline", "grid_search"] {
        let (code, said) = recorded(program, "--epochs 2", &out, &taken);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with("error: --tensorboard: "), "{said}");
        assert!(
            said.ends_with("taken: expected a folder, received a file or a broken link\n"),
            "{said}"
        );
        assert!(!out.join("experiment.json").exists() && fs::read(&taken).unwrap() == b"mine");
    }
}

/// An interrupted training has a checkpoint and no curves yet: they come, whole, when it is continued.
#[cfg(unix)]
#[test]
fn an_interrupted_training_has_its_curves_when_it_is_continued() {
    use std::time::{Duration, Instant};
    let parent = tempfile::tempdir().unwrap();
    let (out, curves) = (parent.path().join("out"), parent.path().join("curves"));
    let flags = format!("{FAST} --threads 1 --tensorboard {}", curves.display());
    let mut long = crate::cli::command("baseline", &format!("{flags} --epochs 10000000"), &out);
    let child = long.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while !out.join("experiment.json").exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "not ready after a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
    crate::cli_signals::kill("-INT", &child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(event_files(&curves).is_empty());
    let names = files(&out.join("checkpoints"));
    let digits =
        |name: &str| name.rsplit(|c: char| !c.is_ascii_digit()).find_map(|n| n.parse::<u64>().ok());
    let done = names.first().map_or(0, |name| digits(name).unwrap());
    let rest = format!("{flags} --epochs {} --resume", done + 2);
    assert!(run("baseline", &rest, &out).status.success());
    let found = figures(&event_files(&curves)["baseline/data-1-seed-0"]);
    assert_eq!(found, history(&out, "0"));
    assert_eq!(found.len() as u64, 6 * (done + 2));
}
