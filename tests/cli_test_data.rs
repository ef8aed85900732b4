//! A table with a file of test rows of its own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::cli::{files, program, result, stderr, stdout};
use crate::cli_grid::joined;

/// The penguins: of three rows the first is a test row. The test file has the columns in another order,
/// and one more.
fn penguins(folder: &Path) -> [PathBuf; 2] {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tables/penguins.csv");
    let source = fs::read_to_string(source).unwrap();
    let [mut train, mut test] = [String::new(), String::new()];
    for (i, line) in source.lines().enumerate() {
        if i % 3 != 1 {
            train += &format!("{line}\n");
        }
        if i == 0 || i % 3 == 1 {
            let backwards: Vec<&str> = line.split(',').rev().collect();
            let note = if i == 0 { "note" } else { "x" };
            test += &format!("{},{note}\n", backwards.join(","));
        }
    }
    let paths = ["train.csv", "test.csv"].map(|name| folder.join(name));
    fs::write(&paths[0], train).unwrap();
    fs::write(&paths[1], test).unwrap();
    paths
}

fn run(name: &str, [train, test]: &[PathBuf; 2], flags: &str, out: &Path) -> Output {
    let mut command = program(name);
    command.arg("--data").arg(train).arg("--test-data").arg(test).arg("--out").arg(out);
    command.args(flags.split_whitespace()).arg("--no-plots").output().unwrap()
}

fn changed(path: &Path, change: impl FnOnce(String) -> String) -> PathBuf {
    let text = change(fs::read_to_string(path).unwrap());
    let path = path.with_file_name("changed.csv");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_test_file_is_tested_on_by_its_own_row_numbers() {
    let [folder, out] = [0; 2].map(|_| tempfile::tempdir().unwrap());
    let files = penguins(folder.path());
    let output = run("baseline", &files, "--target species --epochs 20 --repeats 2", out.path());
    let (line, said) = (joined(&stdout(&output)), stderr(&output));
    assert!(line.starts_with("Test: accuracy "), "{line}");
    // Of 115 test rows 51 are of the class that is the most frequent among the training rows.
    assert!(line.contains("(2 repeats on one split; majority class 0.443, logistic"), "{line}");
    let ignored = "test.csv: column note: dropped, because the model does not use it";
    assert!(said.lines().any(|line| line.ends_with(ignored)), "{said}");

    let found = result(out.path());
    let settings = &found["settings"];
    let names = |files: &[PathBuf]| json!(files.iter().map(|f| f.to_str()).collect::<Vec<_>>());
    assert_eq!((&settings["files"], &settings["folds"]), (&names(&files), &Value::Null));
    assert_eq!((&settings["samples"], &settings["test_rows"]), (&json!(344), &json!(115)));
    assert_eq!(settings["train_size"], 229);
    let data = &found["data"];
    assert_eq!((&data["file"], &data["rows"]), (&names(&files)[0], &json!(229)));
    let test = &data["test_file"];
    assert_eq!((&test["file"], &test["rows"]), (&names(&files)[1], &json!(115)));
    assert!(test["sha256"].as_str().unwrap().len() == 64 && test["sha256"] != data["sha256"]);
    let seeds: Vec<&Value> = found["runs"].as_array().unwrap().iter().map(|r| &r["seed"]).collect();
    assert_eq!(seeds, [0, 1]);

    let predictions = fs::read_to_string(out.path().join("predictions.csv")).unwrap();
    let source = fs::read_to_string(&files[1]).unwrap();
    let species = source.lines().skip(1).map(|line| line.rsplit(',').nth(1).unwrap());
    let species: Vec<&str> = species.collect();
    let lines: Vec<Vec<&str>> =
        predictions.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 2 * 115);
    for (i, line) in lines.iter().enumerate() {
        let (row, repeat) = (i % 115, (i / 115).to_string());
        let expected = [&(row + 1).to_string(), &repeat, "", species[row]];
        assert_eq!(line[..4], expected);
    }
}

/// What trains is the same to the bit, whatever the test rows are: another mean, another category,
/// another order.
#[test]
fn test_rows_change_nothing_that_trains() {
    let [folder, out, other] = [0; 3].map(|_| tempfile::tempdir().unwrap());
    let own = penguins(folder.path());
    let flags = "--target species --epochs 6 --stddev 0.3 --early-stopping 3";
    let output = run("hidden_noise", &own, flags, out.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let test = changed(&own[1], |text| {
        let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
        lines[1..].reverse();
        lines.join("\n").replace("Biscoe", "Elsewhere").replace(",17", ",1700")
    });
    let output = run("hidden_noise", &[own[0].clone(), test], flags, other.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let message = "changed.csv: column 'island': 55 of 115 test rows have categories that the training \
                   rows lack";
    assert!(stderr(&output).contains(message), "{}", stderr(&output));
    // Curves of the training and validation rows, without those of the test rows.
    let curves = |folder: &Path| -> Vec<String> {
        let text = fs::read_to_string(folder.join("history.csv")).unwrap();
        let head = "seed,epoch,loss,accuracy,clean_loss,clean_accuracy,val_loss,val_accuracy,";
        assert!(text.starts_with(&format!("{head}test_loss,test_accuracy\n")), "{text}");
        text.lines().map(|line| line.split(',').take(8).collect::<Vec<_>>().join(",")).collect()
    };
    assert_eq!(curves(out.path()), curves(other.path()));
    let [own, other] = [&out, &other].map(|folder| result(folder.path())["runs"][0].clone());
    assert_eq!(own["train_nll"], other["train_nll"]);
    assert_ne!(own["test_nll"], other["test_nll"]);
}

#[test]
fn a_grid_tests_all_repeats_on_the_file_and_keeps_runs_on_other_rows_apart() {
    let [folder, out] = [0; 2].map(|_| tempfile::tempdir().unwrap());
    let files = penguins(folder.path());
    let flags = |repeats: usize| {
        format!("--target species --epochs 5 --stddev 0.5 --placement input -q --repeats {repeats}")
    };
    let output = run("grid_search", &files, &flags(2), out.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let more = run("grid_search", &files, &flags(3), out.path());
    let words = stdout(&more).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("on this split"), "{words}");
    assert!(words.contains("majority class 0.443, logistic regression 0.9"), "{words}");
    assert!(!words.contains("--data-seeds"), "{words}");
    let cells = result(out.path())["cells"].clone();
    for cell in cells.as_array().unwrap() {
        let runs = cell["runs"].as_array().unwrap().iter();
        let draws: Vec<Value> = runs.map(|run| json!([run["seed"], run["data_seed"]])).collect();
        assert_eq!(draws, [json!([0, 0]), json!([1, 0]), json!([2, 0])]);
    }
    // The same rows in the same order, of which one more is a test row.
    let [train, test] = files;
    let text = fs::read_to_string(&train).unwrap();
    let (others, last) = text.trim_end().rsplit_once('\n').unwrap();
    let backwards: Vec<&str> = last.split(',').rev().collect();
    fs::write(&train, others).unwrap();
    let test = changed(&test, |text| {
        let (head, rows) = text.split_once('\n').unwrap();
        format!("{head}\n{},x\n{rows}", backwards.join(","))
    });
    let moved = run("grid_search", &[train, test], &flags(3), out.path());
    assert_eq!(moved.status.code(), Some(1));
    assert!(stderr(&moved).contains("holds other results"), "{}", stderr(&moved));
}

#[test]
fn a_run_with_a_test_file_from_standard_input_continues_to_the_bit() {
    let [folder, whole, parts] = [0; 3].map(|_| tempfile::tempdir().unwrap());
    let files = penguins(folder.path());
    let flags = "--target body_mass_g --repeats 2 -q --checkpoint-every 3 --epochs";
    for more in ["4", "8 --resume"] {
        let output = run("baseline", &files, &format!("{flags} {more}"), parts.path());
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stdout(&output).starts_with("Test: rmse "), "{}", stdout(&output));
    }
    let mut command = program("baseline");
    command.arg("--data").arg(&files[0]).args(["--test-data", "-", "--no-plots", "--out"]);
    command.arg(whole.path()).args(flags.split_whitespace()).arg("8");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(&files[1]).unwrap()).unwrap();
    assert!(child.wait().unwrap().success());
    let [parts, whole] = [&parts, &whole].map(|folder| result(folder.path()));
    assert_eq!(parts["runs"], whole["runs"]);
    assert_eq!(whole["settings"]["files"][1], "-");
    // One row of the test file has no target.
    let test = &whole["data"]["test_file"];
    assert_eq!((&test["file"], &test["rows"]), (&json!("standard input"), &json!(114)));
    let decisions = test["decisions"].as_array().unwrap();
    assert!(decisions.contains(&json!("1 row without a target: dropped, 114 left")), "{test}");
}

#[test]
fn what_does_not_fit_a_test_file_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let [train, test] = penguins(folder.path());
    let write = |name: &str, text: String| {
        fs::write(folder.path().join(name), text).unwrap();
    };
    let text = fs::read_to_string(&test).unwrap();
    write("few.csv", "species,island\nAdelie,Dream\n".into());
    write("unknown.csv", text.replacen("Adelie", "Emperor", 1));
    write("text.csv", text.replacen("3750", "heavy", 1));
    write("unlabelled.csv", text.replace("species", "kind"));
    write("empty.csv", String::new());
    let [one, both] = [
        format!("--data {} --target species", train.display()),
        format!("--data {} --target species --test-data", train.display()),
    ];
    let test = test.display();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let refused = "cannot be used with";
    for (name, flags, code, expected) in [
        ("baseline", format!("{both} {test} --folds 3"), 2, refused),
        ("grid_search", format!("{both} {test} --folds 3"), 2, refused),
        ("baseline", format!("{both} {test} --test-size 9"), 2, refused),
        ("baseline", format!("{both} {test} --group island"), 2, refused),
        ("baseline", format!("{both} {test} --time year"), 2, refused),
        ("baseline", format!("--test-data {test}"), 2, "--target"),
        ("baseline", format!("--target species --test-data {test}"), 2, "--data FILE"),
        ("grid_search", format!("--target species --test-data {test}"), 2, "--data FILE"),
        ("baseline", "--data - --target x --test-data -".into(), 2, "standard input twice"),
        ("baseline", format!("{both} {}", at("nothing.csv")), 1, "cannot read"),
        ("baseline", format!("{both} {}", at("empty.csv")), 1, "empty.csv: "),
        (
            "baseline",
            format!("{both} {}", at("few.csv")),
            1,
            "few.csv: expected 6 columns more, bill_",
        ),
        ("baseline", format!("{both} {}", at("unlabelled.csv")), 1, "unlabelled.csv: "),
        (
            "baseline",
            format!("{both} {}", at("unknown.csv")),
            1,
            "unknown.csv, line 2, column species: expected a class of Adelie, Chinstrap, Gentoo, \
             received \"Emperor\"",
        ),
        (
            "baseline",
            format!("{both} {}", at("text.csv")),
            1,
            "text.csv, line 2, column body_mass_g",
        ),
        (
            "baseline",
            format!("{both} {test} --train-size 230"),
            2,
            "at most 229 of the 229 training rows",
        ),
        // A fold has at least 183 training rows; early stopping takes 37.
        ("baseline", format!("{one} --train-size 184"), 2, "at most 183 of the 183 training rows"),
        (
            "baseline",
            format!("{one} --train-size 147 --early-stopping 2"),
            2,
            "at most 146 of the 183 training rows of a split, of which 37 are for validation",
        ),
        ("grid_search", format!("{one} --train-size 9,184"), 2, "received 184"),
        (
            "grid_search",
            format!("{one} --validation-size 183"),
            2,
            "fewer than the 183 training rows",
        ),
    ] {
        let out = tempfile::tempdir().unwrap();
        let mut command = program(name);
        command.args(flags.split_whitespace()).args(["-q", "--epochs", "1", "--out"]);
        let output = command.arg(out.path()).stdin(Stdio::null()).output().unwrap();
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{flags}: {error}");
        assert!(error.contains(expected) && error.lines().count() == 1, "{flags}: {error}");
        assert!(files(out.path()).is_empty(), "{flags}: {:?}", files(out.path()));
    }
}

/// Flags that would say nothing are refused, and the message names both.
#[test]
fn flags_of_other_data_are_refused() {
    for (flags, named) in [
        ("--data x.csv --target y --task digits", ["--task", "--target"]),
        ("--data x.csv --target y --task=circles", ["--task", "--target"]),
        ("--data x.csv --target y --shape 2x3", ["--shape", "--target"]),
        ("--data x.csv --target y --samples 9", ["--samples", "--data"]),
        ("--data x.csv --target y --data-noise 0.1", ["--data-noise", "--data"]),
        ("--data x.csv --task digits --samples 9", ["--samples", "--data"]),
        ("--data x.csv --task vowels --data-noise 0.1", ["--data-noise", "--data"]),
        ("--data x.csv y.csv --target y", ["--data", "--target"]),
        ("--data x.csv", ["--task digits", "--target"]),
        ("--data x.csv --task moons", ["--task digits", "--target"]),
        ("--report x --weight-decay 0.1", ["--report", "--weight-decay"]),
        ("--report x --label-smoothing 0.1", ["--report", "--label-smoothing"]),
        ("--report x --clip-norm 1", ["--report", "--clip-norm"]),
        ("--report x --lr-schedule cosine", ["--report", "--lr-schedule"]),
    ] {
        let out = tempfile::tempdir().unwrap();
        let mut command = program("grid_search");
        command.args(flags.split_whitespace()).arg("--out").arg(out.path());
        if flags.contains("--report") {
            command = program("grid_search");
            command.args(flags.split_whitespace());
        }
        let output = command.output().unwrap();
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{flags}: {error}");
        assert!(named.iter().all(|flag| error.contains(flag)), "{flags}: {error}");
        assert!(error.lines().count() == 1, "{flags}: {error}");
    }
}
