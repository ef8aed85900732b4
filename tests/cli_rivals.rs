//! `grid_search --rivals` as a user meets it.

use std::fs;

use serde_json::{Value, json};

use crate::cli::{assert_refused, files, program, result, run, stderr, stdout};
use crate::cli_grid::{findings, joined};

const GRID: &str = "--epochs 60 --hidden 16 --learning-rate 0.1 --repeats 3 --stddev 0.1 \
                    --placement input";

/// What the flag `--rivals` compares is what the flags of the training programs do, to the bit.
#[test]
fn a_rival_is_the_training_program_with_its_flags() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("grid_search", &format!("{GRID} --rivals --no-plots"), folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let grid = result(folder.path());
    // As many as training points, of which 30 of 100 are the default.
    assert_eq!(grid["settings"]["validation_size"], 30);
    let cells = grid["cells"].as_array().unwrap();
    let flags = [
        ("early stopping", "--early-stopping 10 --restore-best"),
        ("dropout 0.2", "--noise after-activation:dropout:0.2"),
        ("dropout 0.5", "--noise after-activation:dropout:0.5"),
        ("weight decay 0.01", "--weight-decay 0.01"),
        ("weight decay 0.1", "--weight-decay 0.1"),
        ("weight decay 1", "--weight-decay 1"),
        ("label smoothing 0.1", "--label-smoothing 0.1"),
    ];
    assert_eq!(cells.len(), 2 + flags.len());
    assert!(cells[..2].iter().all(|cell| cell.get("rival").is_none()));
    let mut stopped = false;
    for (cell, (rival, flags)) in cells[2..].iter().zip(flags) {
        let alone = tempfile::tempdir().unwrap();
        let common = "--epochs 60 --hidden 16 --learning-rate 0.1 --repeats 3 --no-plots";
        let args = format!("{common} --validation-size 30 {flags}");
        let output = run("baseline", &args, alone.path());
        assert!(output.status.success(), "{}", stderr(&output));
        let own = result(alone.path());
        assert_eq!(cell["rival"], rival);
        assert_eq!(cell["runs"], own["runs"], "{rival}");
        assert_ne!(cell["runs"], cells[0]["runs"], "{rival}");
        stopped |= own["runs"].to_string().contains("early_stopped_epoch");
    }
    assert!(stopped, "a run was stopped early");
}

#[test]
fn rivals_are_added_to_finished_noises_and_stand_in_every_report() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let args = format!("{GRID} --validation-size 20");
    assert!(run("grid_search", &format!("{args} --no-plots"), folder.path()).status.success());
    let before = (files(&store), result(folder.path()));
    let args = format!("{args} --rivals");
    let output = run("grid_search", &args, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let after = (files(&store), result(folder.path()));
    assert!(before.0.iter().all(|name| after.0.contains(name)), "finished runs stay");
    let cells = |result: &Value| result["cells"].as_array().unwrap()[..2].to_vec();
    assert_eq!(cells(&after.1), cells(&before.1));
    let mut conclusion = after.1["conclusion"].clone();
    assert!(conclusion.as_object_mut().unwrap().remove("rival").is_some());
    assert_eq!(conclusion, before.1["conclusion"]);
    assert_eq!(after.1["settings"]["rivals"][0], json!({ "early-stopping": { "patience": 10 } }));

    let text = stdout(&output);
    for line in ["early stopping ", "dropout 0.5 ", "weight decay 0.01 ", "label smoothing 0.1 "] {
        assert!(text.lines().any(|own| joined(own).starts_with(line)), "{line}: {text}");
    }
    assert!(text.lines().next().unwrap().contains("strength"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let csv = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    for (name, rows) in [("cells.csv", 1), ("runs.csv", 3)] {
        let table = csv(name);
        let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let head = lines.next().unwrap();
        let at = |name: &str| head.iter().position(|own| *own == name).unwrap();
        let (noise, rival) = (at("noise"), at("rival"));
        let of: Vec<_> = lines.step_by(rows).map(|row| [row[noise], row[rival]]).collect();
        let expected = [
            ["baseline", ""],
            ["input 0.1", ""],
            ["", "early stopping"],
            ["after-activation dropout 0.2", "dropout 0.2"],
        ];
        assert_eq!((of.len(), &of[..4]), (9, &expected[..]), "{name}");
    }
    let page = csv("report.html");
    assert_eq!(page.matches("<svg ").count(), 4);
    assert!(page.contains("<th scope=\"row\">label smoothing</th>"), "{page}");

    let found = findings(folder.path());
    let mut report = program("grid_search");
    let output = report.arg("--report").arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!((stdout(&output), findings(folder.path())), (text, found));
}

/// The folds of a table have rivals without label smoothing, if the target is a number.
#[test]
fn a_table_of_numbers_has_rivals_without_label_smoothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tables/mtcars.csv");
    let args =
        format!("--data {data} --target mpg --epochs 5 --repeats 1 --stddev 0.1 --rivals -q");
    let output = run("grid_search", &args, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let result = result(folder.path());
    let rivals: Vec<&Value> =
        result["cells"].as_array().unwrap().iter().filter_map(|cell| cell.get("rival")).collect();
    let expected = [
        "early stopping",
        "dropout 0.2",
        "dropout 0.5",
        "weight decay 0.01",
        "weight decay 0.1",
        "weight decay 1",
    ];
    assert_eq!(rivals, expected);
    // A fifth, rounded up, of the 25 training rows of a fold of the 32 cars.
    assert_eq!(result["settings"]["validation_size"], 5);
}

#[test]
fn rivals_without_validation_points_are_refused() {
    let expected = "expected a validation size of at least 1 (--validation-size), received 0";
    assert_refused(&[
        ("grid_search", "--rivals --validation-size 0", expected),
        ("grid_search", "--rivals --train-size 99", expected),
        ("grid_search", "--report somewhere --rivals", "cannot be used with"),
        ("baseline", "--rivals", "unexpected argument '--rivals'"),
    ]);
}
