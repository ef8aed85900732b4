//! The answer of a grid from the terminal: its margin, runs until it is found, and what further looks cost.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{result, run, stderr, stdout};
use crate::cli_grid::joined;

const FAST: &str = "--epochs 40 --hidden 8 --placement input --stddev 3 --no-plots -q";

fn grid(args: &str, folder: &Path) -> (String, Value) {
    let output = run("grid_search", &format!("{FAST} {args}"), folder);
    assert!(output.status.success(), "{}", stderr(&output));
    (joined(&stdout(&output)), result(folder))
}

#[test]
fn repeats_are_added_until_the_most_if_nothing_is_decided() {
    let folder = tempfile::tempdir().unwrap();
    let args = "--repeats 5 --until-decided --max-repeats 12 --margin 0.000001";
    let (text, found) = grid(args, folder.path());
    assert_eq!(found["conclusion"]["answer"], "undecided", "{text}");
    // A quarter more each time: 5, 7, 9, 12.
    assert_eq!(
        (&found["settings"]["repeats"], &found["settings"]["until_decided"]),
        (&json!(12), &json!(true))
    );
    assert_eq!(found["cells"][1]["runs"].as_array().unwrap().len(), 12);
    assert!(text.contains("valid at every look"), "{text}");
    let interval = &found["conclusion"]["judged"]["interval"];
    let own = &found["cells"][1]["difference"];
    assert_eq!((&interval["low"], &own["p"]), (&own["low"], &own["p_adjusted"]), "the same rule");
    assert_eq!(own["test"], "anytime-t");
    assert!(
        own["p"].as_f64().unwrap() > own["paired_t"]["p"].as_f64().unwrap(),
        "it asks for more"
    );
    assert!(
        text.contains("No answer was found with 12 repeats, the most of --max-repeats."),
        "{text}"
    );
    let (again, same) = grid(args, folder.path());
    assert_eq!((again, &same["cells"]), (text, &found["cells"]), "the same looks");
}

#[test]
fn no_repeat_is_added_to_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (text, found) = grid("--repeats 6 --until-decided --margin 0.9", folder.path());
    assert_eq!(found["conclusion"]["answer"], "equivalent", "{text}");
    assert_eq!(found["settings"]["repeats"], 6);
}

#[test]
fn data_seeds_are_added_where_there_are_several() {
    let folder = tempfile::tempdir().unwrap();
    let args = "--data-seeds 3,8 --repeats 1 --until-decided --max-repeats 4 --margin 0.000001";
    let (_, found) = grid(args, folder.path());
    assert_eq!(found["settings"]["data_seeds"], json!([3, 8, 9, 10]));
}

#[test]
fn until_decided_rejects_plans_that_cannot_be_extended() {
    let folder = tempfile::tempdir().unwrap();
    for (args, expected) in [
        (
            "--data tests/fixtures/tables/penguins.csv --target species --until-decided",
            "received splits of one table",
        ),
        (
            "--repeats 5 --until-decided --max-repeats 4",
            "at least the 5 repeats to begin with, received 4",
        ),
        ("--max-repeats 4", "--until-decided"),
        ("--margin 0", "above 0"),
        ("--margin nan", "above 0"),
        (
            "--margin 5",
            "margin must be below 1, the largest difference of two scores of accuracy, received 5",
        ),
        ("--until-decided --shard 0/2", "--shard"),
    ] {
        let output = run("grid_search", &format!("{FAST} {args}"), folder.path());
        assert_eq!(output.status.code(), Some(2), "{args}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{args}: {}", stderr(&output));
    }
}

/// Two looks of which the second has twice the data: 8.3 % (Armitage, McPherson and Rowe 1969).
#[test]
fn a_further_look_by_hand_says_what_it_costs() {
    let folder = tempfile::tempdir().unwrap();
    let (first, _) = grid("--repeats 3", folder.path());
    assert!(!first.contains("This is look"), "{first}");
    let (second, _) = grid("--repeats 6", folder.path());
    let said = "This is look 2 at growing results (3 and 6 runs of each setting): some p < 0.05 among so \
                many looks happens in at least 8.3 % of experiments without an effect instead of 5 %; \
                --until-decided keeps 5 %.";
    assert!(second.contains(said), "{second}");
    assert!(grid("--repeats 6", folder.path()).0.contains(said), "no third look at the same runs");
}

#[test]
fn a_report_takes_another_margin() {
    let folder = tempfile::tempdir().unwrap();
    let (_, before) = grid("--repeats 4", folder.path());
    assert_eq!(before["conclusion"]["judged"]["margin"], 0.01);
    let asked = folder.path().join("store/grid.json");
    let kept = fs::read(&asked).unwrap();
    let report = |margin: &str| {
        let args = format!("--report {} --no-plots --margin {margin}", folder.path().display());
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_grid_search"));
        command.args(args.split(' ')).output().unwrap()
    };
    let (refused, output) = (report("5"), report("0.9"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("below 1, the largest"), "{}", stderr(&refused));
    assert!(output.status.success(), "{}", stderr(&output));
    let after = result(folder.path());
    assert_eq!(after["settings"]["margin"], 0.9);
    assert_eq!(after["conclusion"]["answer"], "equivalent");
    assert_eq!(fs::read(&asked).unwrap(), kept, "what was asked for stays");
}
