//! The programs on images and sequences of a user's own.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{result, run, stderr};

const SMALL: &str = "--epochs 1 --hidden 2 --no-plots";

/// 60 images of 6×7 pixels from 0 to 200, sorted by class, with a header.
fn images(folder: &Path) -> PathBuf {
    let mut text = "p,".repeat(42) + "label\n";
    for (class, name) in ["a bird", "cat", "dog"].into_iter().enumerate() {
        for row in 0..20 {
            (0..42).for_each(|i| write!(text, "{},", (i * row + 67 * class) % 201).unwrap());
            writeln!(text, "{name}").unwrap();
        }
    }
    let path = folder.join("own.csv");
    fs::write(&path, text).unwrap();
    path
}

/// A published file of sequences.
fn published(part: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ts");
    format!("{folder}/PickupGestureWiimoteZ_{part}.ts.gz")
}

/// Runs a program that is to succeed, and returns the settings in its results.
fn settings(program: &str, args: &str) -> Value {
    let out = tempfile::tempdir().unwrap();
    let output = run(program, args, out.path());
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{args}");
    result(out.path())["settings"].clone()
}

#[test]
fn images_of_any_size_and_class_names_are_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = format!("--data {} --shape 6x7", images(folder.path()).display());
    let own = settings("cnn_noise", &format!("{SMALL} {data}"));
    assert_eq!(own["classes"], json!(["a bird", "cat", "dog"]));
    assert_eq!((&own["image_shape"], &own["white"]), (&json!([6, 7]), &json!(255.)));
    // A third tests, and all others train.
    let sizes = |own: &Value| {
        ["samples", "test_rows", "train_size", "validation_size", "data_seed"]
            .map(|name| own[name].as_u64().unwrap())
    };
    assert_eq!(sizes(&own), [60, 20, 40, 0, 1]);
    for (args, expected) in [
        ("--test-size 0.2", [60, 12, 48, 0, 1]),
        ("--test-size 9 --validation-size 11", [60, 9, 40, 11, 1]),
        ("--early-stopping 1", [60, 20, 32, 8, 1]),
        ("--train-size 20 --early-stopping 1 --data-seed 7", [60, 20, 20, 10, 7]),
    ] {
        assert_eq!(sizes(&settings("cnn_noise", &format!("{SMALL} {data} {args}"))), expected);
    }
    let grid = "--epochs 1 --hidden 2 --repeats 1 --stddev 0.1 --placement input --no-plots";
    let grid = format!("{grid} --task digits {data} --test-size 24 --data-seeds 1,2");
    let own = settings("grid_search", &grid);
    assert_eq!((&own["samples"], &own["test_rows"]), (&json!(60), &json!(24)));
    assert_eq!((&own["train_sizes"], &own["data_seeds"]), (&json!([36]), &json!([1, 2])));
}

#[test]
fn pictures_of_images_name_their_classes() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = images(folder.path());
    let args = format!("--epochs 1 --hidden 2 --shape 6x7 --data {}", data.display());
    let output = run("cnn_noise", &args, out.path());
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    for name in ["dataset.png", "confusion.png", "roc.png"] {
        assert!(out.path().join(name).exists(), "{name}");
    }
}

#[test]
fn published_sequences_are_trained_on_whole() {
    let (train, test) = (published("TRAIN"), published("TEST"));
    let both = settings("lstm_noise", &format!("{SMALL} --data {train} {test}"));
    assert_eq!(both, settings("lstm_noise", &format!("{SMALL} --data {train},{test}")));
    assert_eq!((&both["train_size"], &both["test_rows"]), (&json!(50), &json!(50)));
    assert_eq!((&both["data_seed"], &both["classes"][9]), (&json!(0), &json!("10")));
    let one = settings("lstm_noise", &format!("{SMALL} --data {train} --test-size 0.2"));
    assert_eq!((&one["train_size"], &one["test_rows"]), (&json!(40), &json!(10)));
    assert_eq!((&one["data_seed"], &one["samples"]), (&json!(1), &json!(50)));
}

/// The names count, not the places in which a header lists them.
#[test]
fn the_order_of_classes_in_a_test_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, classes: &str| {
        let path = folder.path().join(name);
        let mut text = format!("@univariate true\n@classLabel true {classes}\n@data\n");
        for row in 0..24 {
            let class = ["low", "high"][row % 2];
            writeln!(text, "{},{}:{class}", row % 2, row as f64 / 10. * (row % 2) as f64).unwrap();
        }
        fs::write(&path, text).unwrap();
        path
    };
    let (train, same) = (write("train.ts", "low high"), write("same.ts", "low high"));
    let other = write("other.ts", "high low");
    let runs = |test: &Path| {
        let out = tempfile::tempdir().unwrap();
        let args = format!(
            "--epochs 40 --hidden 4 --learning-rate 0.05 --no-plots --data {} {}",
            train.display(),
            test.display()
        );
        let output = run("lstm_noise", &args, out.path());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        result(out.path())["runs"].clone()
    };
    let expected = runs(&same);
    assert_eq!(runs(&other), expected);
    assert_eq!(expected[0]["test_accuracy"], 1.);
}

#[test]
fn training_rows_that_lack_classes_are_told() {
    let out = tempfile::tempdir().unwrap();
    let output = run("lstm_noise", &format!("{SMALL} --train-size 30"), out.path());
    assert_eq!(
        stderr(&output),
        "warning: of 9 classes the 30 training rows of data seed 0 have 1; expected more training \
         rows or another data seed\n"
    );
    let args = format!("{SMALL} --train-size 30 --data-seed 1");
    assert_eq!(settings("lstm_noise", &args)["train_size"], 30);
}

#[test]
fn wrong_flags_and_wrong_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let data = images(folder.path());
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let own = format!("--data {}", data.display());
    let (train, test) = (published("TRAIN"), published("TEST"));
    let one = write("one.ts", "@classLabel true a b\n@data\n1,2:a\n3:a\n");
    let rows = ["0.5", "0.25", "0.75"].map(|class| format!("{}0,{class}\n", "5,".repeat(35)));
    let different = write("different.csv", &rows.concat());
    let tiny = write("tiny.csv", &"1,2,3,4,a\n4,3,2,1,b\n".repeat(6));
    let cases = [
        (
            "cnn_noise",
            format!("{own} --shape 6x7 --test-size 60"),
            2,
            "1 to 59 of 60 rows, received 60",
        ),
        ("cnn_noise", format!("{own} --shape 6x7 --test-size 1.5"), 2, "a share between 0 and 1"),
        ("cnn_noise", format!("{own} --shape 6x7 --train-size 41"), 2, "expected 1 to 40 of 60"),
        ("cnn_noise", format!("{own} --shape 6"), 2, "such as 28x28, received '6'"),
        ("cnn_noise", "--shape 6x7".to_string(), 2, "not provided: --data"),
        ("cnn_noise", own.clone(), 1, "own.csv, line 2: expected a square number of pixels"),
        ("cnn_noise", format!("{own} --shape 7x7"), 1, "own.csv, line 2: expected an image of 7×7"),
        ("cnn_noise", format!("--data {different}"), 1, "received 3 images of 3 classes"),
        (
            "cnn_noise",
            format!("--data {tiny}"),
            1,
            "tiny.csv: expected images of at least 6×6 pixels for the network, received 2×2",
        ),
        ("lstm_noise", format!("--data {train} {test} --test-size 9"), 2, "received two"),
        ("lstm_noise", format!("--data {train} {test} {test}"), 2, "1 or 2 files, received 3"),
        (
            "lstm_noise",
            format!("--data {one}"),
            1,
            "one.ts: expected sequences of at least 2 classes",
        ),
        (
            "lstm_noise",
            format!("--data {one} {one}"),
            1,
            "expected at least 2 classes, received \"a\"",
        ),
        ("lstm_noise", own.clone(), 1, "own.csv, line 1: expected \"@data\""),
        ("lstm_noise", "--train-size 271".to_string(), 2, "expected 1 to 270 of 640"),
        (
            "grid_search",
            format!("--task vowels {own} --shape 6x7"),
            2,
            "expected no shape of images",
        ),
        ("grid_search", "--test-size 9".to_string(), 2, "drawn points have no test size"),
    ];
    for (program, args, code, expected) in cases {
        let out = tempfile::tempdir().unwrap();
        let output = run(program, &format!("--epochs 1 {args}"), &out.path().join("out"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args}: {said}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{args}: {said}");
    }
}
