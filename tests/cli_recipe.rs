//! Flags for how training steps are made: weight decay, label smoothing, clipping, learning rates.

use std::fs;

use serde_json::json;

use crate::cli::{assert_refused, result, run, stderr, stdout};

const FAST: &str = "--epochs 12 --hidden 8 --repeats 3 --no-plots";

/// Each flag changes the weights, its neutral value does not, and `result.json` says so.
#[test]
fn each_flag_changes_the_training_and_is_told() {
    let weights = |args: &str, threads: &str| {
        let folder = tempfile::tempdir().unwrap();
        let output = run("hidden_noise", &format!("{FAST} {args} {threads}"), folder.path());
        assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
        let recipe = result(folder.path())["settings"]["recipe"].clone();
        let file = fs::read(folder.path().join("model.safetensors")).unwrap();
        // The header tells the recipe.
        let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        (file[8 + length..].to_vec(), recipe)
    };
    let plain = weights("", "--threads 1");
    assert!(plain.1.is_null());
    let neutral = "--weight-decay 0 --label-smoothing 0 --clip-norm 1e9 --lr-schedule constant";
    let (same, recipe) = weights(neutral, "--threads 1");
    assert!(same == plain.0, "a norm below the bound keeps its bits");
    assert_eq!(recipe, json!({ "clip_norm": 1e9 }));
    let cases = [
        ("--weight-decay 0.1", json!({ "weight_decay": 0.1 })),
        ("--label-smoothing 0.2", json!({ "label_smoothing": 0.2 })),
        ("--clip-norm 0.01", json!({ "clip_norm": 0.01 })),
        ("--lr-schedule warmup:3,cosine", json!({ "lr_schedule": "warmup:3,cosine:0" })),
        (
            "--lr-schedule plateau:1:0.5 --validation-size 20 --learning-rate 0.1",
            json!({ "lr_schedule": "plateau:1:0.5" }),
        ),
    ];
    for (args, expected) in cases {
        let (own, recipe) = weights(args, "--threads 1");
        assert!(own != plain.0, "{args}");
        assert_eq!(recipe, expected, "{args}");
        let (again, _) = weights(args, "--threads 3");
        assert!(again == own, "{args}: replicas do not depend on their company");
    }
}

#[test]
fn a_schedule_by_the_number_of_epochs_continues_with_this_number_only() {
    let folder = tempfile::tempdir().unwrap();
    let args = |epochs: usize, schedule: &str| {
        format!("--epochs {epochs} --hidden 8 --no-plots --lr-schedule {schedule}")
    };
    for (schedule, code) in [("step:5:0.5", 0), ("cosine", 1)] {
        let fresh = format!("{} --fresh", args(10, schedule));
        assert!(run("baseline", &fresh, folder.path()).status.success());
        let more = format!("{} --resume", args(20, schedule));
        let output = run("baseline", &more, folder.path());
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        let why = "expected epochs 20, received 10, on which its learning rates depend";
        assert!(code == 0 || stderr(&output).contains(why), "{}", stderr(&output));
    }
    let undisturbed = tempfile::tempdir().unwrap();
    let fresh = format!("{} --fresh", args(10, "step:5:0.5"));
    assert!(run("baseline", &fresh, folder.path()).status.success());
    let more = run("baseline", &format!("{} --resume", args(20, "step:5:0.5")), folder.path());
    let whole = run("baseline", &args(20, "step:5:0.5"), undisturbed.path());
    assert_eq!(stdout(&more), stdout(&whole));
}

#[test]
fn a_grid_has_one_recipe_and_other_recipes_are_other_experiments() {
    let folder = tempfile::tempdir().unwrap();
    let grid = "--epochs 8 --hidden 8 --repeats 2 --stddev 0.1 --placement input --no-plots";
    let args = format!("{grid} --weight-decay 0.1 --clip-norm 0.5");
    assert!(run("grid_search", &args, folder.path()).status.success());
    assert_eq!(result(folder.path())["settings"]["recipe"]["weight_decay"], 0.1);
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("weight decay 0.1, clip norm 0.5"));
    let output = run("grid_search", grid, folder.path());
    assert_eq!(output.status.code(), Some(1));
    let why = "holds other results: expected clip norm none, received 0.5";
    assert!(stderr(&output).contains(why), "{}", stderr(&output));
}

#[test]
fn flags_out_of_range_are_named() {
    assert_refused(&[
        ("baseline", "--weight-decay -1", "--weight-decay"),
        ("baseline", "--label-smoothing 1.5", "a number from 0 to 1, received '1.5'"),
        ("baseline", "--clip-norm 0", "--clip-norm"),
        ("baseline", "--clip-norm 1e-320", "above 0, also in single precision, received '1e-320'"),
        ("grid_search", "--lr-schedule linear", "expected constant, step:EVERY:FACTOR"),
        ("grid_search", "--lr-schedule plateau:0:2", "at least 1 epoch, received 0\n"),
        (
            "baseline",
            "--lr-schedule plateau:3:0.5",
            "validation size of at least 1 (--validation-size)",
        ),
    ]);
}
