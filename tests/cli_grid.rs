//! `grid_search` as a user meets it: output, files, continuing after an interruption, errors.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

use crate::cli::{assert_refused, files, result, run, stderr, stdout};

pub const FAST: &str = "--epochs 20 --hidden 16 --repeats 4 --stddev 0,0.1,1";
/// As [`FAST`], but long enough to be killed on the way.
pub const SLOW: &str =
    "--epochs 600 --hidden 16 --repeats 12 --stddev 0,0.1,1 --threads 2 --no-plots";

/// Cells, conclusion, `cells.csv` and `runs.csv`.
type Findings = (Value, Value, Vec<u8>, Vec<u8>);

/// What an undisturbed run of [`SLOW`] finds; trained once for all tests.
pub fn undisturbed() -> &'static Findings {
    static FINDINGS: LazyLock<Findings> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let output = run("grid_search", SLOW, folder.path());
        assert!(output.status.success(), "{}", stderr(&output));
        findings(folder.path())
    });
    &FINDINGS
}

/// What the results say, without times and the command's own words.
pub fn findings(folder: &Path) -> Findings {
    let result = result(folder);
    let csv = |name: &str| fs::read(folder.join(name)).unwrap();
    (result["cells"].clone(), result["conclusion"].clone(), csv("cells.csv"), csv("runs.csv"))
}

/// Text in one line, with single spaces.
pub fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_grid_prints_a_table_and_a_conclusion_and_writes_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("grid_search", FAST, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    // A table of scores and one of further figures.
    assert_eq!(text.lines().filter(|line| line.contains("-activation  ")).count(), 8, "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("* ")).count(), 3, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let text = joined(&text);
    assert!(text.contains("on this split") && text.contains("4 repeats"), "{text}");
    assert!(text.contains("chosen by the test rows that judge it"), "{text}");
    let expected = [
        "accuracy_by_stddev.png",
        "cells.csv",
        "experiment.json",
        "heatmap.png",
        "learning_curves.png",
        "model.safetensors",
        "report.html",
        "result.json",
        "runs.csv",
        "runs.png",
        "store",
    ];
    assert_eq!(files(folder.path()), expected);
    let result = result(folder.path());
    assert_eq!(result["experiment"], "grid_search");
    let cells = result["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 7);
    assert_eq!((&cells[0]["placement"], &cells[0]["difference"]), (&Value::Null, &Value::Null));
    assert_eq!(cells[1]["placement"], "input");
    assert_eq!(cells[1]["runs"].as_array().unwrap().len(), 4);
    for key in ["mean", "low", "high", "p", "p_holm", "p_adjusted", "margin"] {
        assert!(cells[2]["difference"][key].is_f64(), "{key}");
    }
    assert_eq!(cells[1]["difference"]["n"], 4);
    let csv = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!((csv("cells.csv").lines().count(), csv("runs.csv").lines().count()), (8, 29));
    let page = csv("report.html");
    assert_eq!(page.matches("<svg ").count(), 4);
    let links = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    assert!(!links.contains("http"), "the page needs no network");
    let scrolls = page.split("<div class=\"scroll\"").skip(1);
    let in_box = scrolls.filter(|rest| rest.split("</div>").next().unwrap().contains("<table>"));
    assert_eq!(in_box.count(), page.matches("<table>").count(), "no table is wider than a screen");
}

#[test]
fn a_second_command_adds_and_several_data_seeds_are_nested() {
    let folder = tempfile::tempdir().unwrap();
    let grid = |args: &str| run("grid_search", &format!("{FAST} --no-plots {args}"), folder.path());
    grid("");
    let store = files(&folder.path().join("store"));
    let output = grid("--data-seeds 1..3 --placement input");
    let text = joined(&stdout(&output));
    assert!(text.contains("noise helps: noise chosen by the earlier data sets"), "{text}");
    assert!(text.contains("2 data sets; margin 0.01") && text.contains("p (Nadeau"), "{text}");
    let grown = files(&folder.path().join("store"));
    assert!(store.iter().all(|name| grown.contains(name)) && grown.len() > store.len());
    let json = stdout(&grid("--format json --data-seeds 1..3 --placement input"));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["cells"][2]["difference"]["units"], 3);
    assert_eq!(json["conclusion"]["choice"]["by"], "earlier-data-seeds");
    assert_eq!(files(&folder.path().join("store")), grown, "nothing is trained again");
    assert!(!files(folder.path()).contains(&"runs.png".to_string()), "no stale pictures");
}

#[test]
fn a_list_for_each_part_of_the_network_makes_variants_with_their_own_baselines() {
    let folder = tempfile::tempdir().unwrap();
    let args = "--epochs 5 --repeats 2 --stddev 0.1 --placement input --hidden 8,16 \
                --learning-rate 0.01,0.001 --train-size 20,30 --validation-size 10";
    let output = run("grid_search", args, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert_eq!(text.matches("baseline  ").count(), 2 * 8, "{text}");
    let group = |line: &&str| line.ends_with(" training points");
    let groups: Vec<&str> = text.lines().filter(group).collect();
    assert_eq!(groups.len(), 2 * 8, "{text}");
    assert_eq!(groups[1], "8 hidden, learning rate 0.001, 20 training points");
    assert!(joined(&text).contains("All validation rows together choose"), "{text}");
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(groups.iter().all(|group| page.contains(group)), "{page}");
    for column in ["validation", "train", "std", "p (Nadeau-Bengio)"] {
        let head = format!("<th scope=\"col\">{column}</th>");
        assert_eq!(page.contains(&head), column != "p (Nadeau-Bengio)", "{column}: {page}");
    }
}

#[test]
fn a_damaged_file_is_named_and_its_runs_are_done_again() {
    let folder = tempfile::tempdir().unwrap();
    run("grid_search", FAST, folder.path());
    let expected = findings(folder.path());
    let store = folder.path().join("store");
    let name = files(&store).into_iter().find(|name| name.ends_with("jsonl")).unwrap();
    let bytes = fs::read(store.join(&name)).unwrap();
    fs::write(store.join(&name), &bytes[..bytes.len() - 9]).unwrap();
    let output = run("grid_search", FAST, folder.path());
    let error = stderr(&output);
    assert!(output.status.success(), "{error}");
    assert!(error.starts_with("warning: ") && error.contains(&name), "{error}");
    assert!(error.contains("its checksum differs") && error.lines().count() == 1, "{error}");
    assert_eq!(findings(folder.path()), expected);
    assert!(files(&store).contains(&name.replace("jsonl", "damaged")));
    run("grid_search", &format!("{FAST} --fresh"), folder.path());
    assert!(!files(&store).iter().any(|name| name.ends_with("damaged")), "--fresh starts over");
    assert_eq!(findings(folder.path()), expected);
}

#[test]
fn another_experiment_in_the_folder_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    run("grid_search", FAST, folder.path());
    let expected = findings(folder.path());
    let output = run("grid_search", "--epochs 21 --hidden 16 --repeats 4", folder.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("holds other results: expected epochs 21, received 20"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(findings(folder.path()), expected);
}

#[test]
fn a_store_that_cannot_be_written_to_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("store"), "kept").unwrap();
    let output = run("grid_search", FAST, folder.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("store: expected a folder, received a file"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("store")).unwrap(), "kept");
}

#[test]
fn grids_where_every_run_diverges_fail_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let args = "--epochs 10 --hidden 8 --repeats 2 --stddev 0.1 --learning-rate 1e38";
    let output = run("grid_search", args, folder.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.lines().last().unwrap().contains("the runs diverged"), "{error}");
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    let left_out = "Runs that diverged are left out: 6 of 6 with noise, 2 of 2 without.";
    assert!(page.contains(left_out), "{page}");
}

/// Adding before subtracting would overflow.
#[test]
fn the_last_seed_of_all_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let args = "--epochs 5 --hidden 8 --repeats 2 --stddev 0.1 --no-plots";
    let output = run("grid_search", &format!("{args} --seed 18446744073709551614"), folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("seeds 18446744073709551614 to 18446744073709551615"));
}

#[test]
fn lists_that_make_no_grid_are_named_in_one_line() {
    let cases = [
        (
            "--stddev 0.1,0.1",
            "noise: expected each value once, received [input:gaussian:0.1] twice",
        ),
        ("--stddev 0", "received 0 alone"),
        ("--stddev 0.1,,1", "received ''"),
        ("--stddev 0.1,x", "'x' for '--stddev <X,…>'"),
        ("--stddev -0.1", "received '-0.1'"),
        ("--stddev NaN", "received 'NaN'"),
        (
            "--placement nowhere",
            "noise at input, before-activation, after-activation, weights, gradients, labels, \
             received nowhere",
        ),
        ("--placement input,input", "noise: expected each value once"),
        ("--data-seeds 3..1", "received '3..1'"),
        ("--data-seeds 1..4,2", "data seed: expected each value once, received 2 twice"),
        ("--data-seeds -1", "received '-1'"),
        ("--hidden 0", "received '0'"),
        ("--hidden 8,8", "hidden: expected each value once"),
        ("--learning-rate 0", "received '0'"),
        ("--train-size 30,100", "train size must leave test points"),
        ("--validation-size 70", "validation size must leave test points: expected at most 69"),
        ("--repeats 0", "received '0'"),
        ("--repeats 10000 --data-seeds 1..100", "at most 1000000 runs"),
    ];
    let cases = cases.map(|(args, expected)| ("grid_search", args, expected));
    assert_refused(&cases);
}
