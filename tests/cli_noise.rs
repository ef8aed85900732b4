//! `--noise` on the programs: what it does, and what it refuses.

use std::fs;

use serde_json::{Value, json};

use crate::cli::{assert_refused, files, result, run, stderr, stdout};

const FAST: &str = "--epochs 10 --hidden 8 --repeats 2 --no-plots";

/// A program's own noise and its description in text are the same runs.
#[test]
fn text_and_flags_describe_the_same_noise() {
    let cases = [
        ("hidden_noise", "", "hidden_noise", "--noise before-activation:gaussian:0.1"),
        ("hidden_noise", "", "baseline", "--noise hidden:0.1"),
        ("input_noise", "--stddev 0.3", "baseline", "--noise input:0.3"),
        ("input_hidden_noise", "", "baseline", "--noise input:0.01 --noise hidden:0.1"),
        ("baseline", "", "input_noise", "--noise input:dropout:0"),
    ];
    for (program, args, other, noise) in cases {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let commands = [(program, args), (other, noise)];
        for (folder, (program, args)) in folders.iter().zip(commands) {
            let output = run(program, &format!("{FAST} {args}"), folder.path());
            assert!(output.status.success(), "{}", stderr(&output));
        }
        let weights =
            folders.each_ref().map(|f| fs::read(f.path().join("model.safetensors")).unwrap());
        assert!(weights[0] == weights[1], "{program} {args} and {other} {noise}");
        assert_eq!(result(folders[0].path())["runs"], result(folders[1].path())["runs"]);
    }
}

#[test]
fn every_program_takes_noise_and_says_so_in_its_results() {
    let small = "--epochs 1 --train-size 20 --no-plots";
    for (program, args) in [
        (
            "cnn_noise",
            "--noise input:salt-and-pepper:0.1 --noise after-pooling:spatial-dropout:0.2",
        ),
        ("lstm_noise", "--noise before-dense:dropout:0.5 --noise weights:0.01"),
        ("baseline", "--noise labels:flip:0.1 --noise gradients:gaussian:0.01"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = run(program, &format!("{small} {args}"), folder.path());
        assert!(output.status.success(), "{program}: {}", stderr(&output));
        let noise = result(folder.path())["settings"]["noise"].clone();
        let kinds: Vec<&str> =
            noise.as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds.len(), 2);
        assert!(args.contains(kinds[0]) || kinds[0] == "gaussian", "{kinds:?}");
    }
}

#[test]
fn a_grid_has_a_row_for_each_noise() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::cli::command("grid_search", FAST, folder.path());
    let rows = ["input:dropout:0.1,0.3", "input:0.1 & hidden:0.1,0.2", "weights:0.05"];
    command.args(rows.iter().flat_map(|row| ["--noise", row])).args(["--format", "json"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cells = json["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 6);
    assert_eq!(cells[0]["noise"], serde_json::json!([]));
    let both = serde_json::json!(["input:gaussian:0.1", "before-activation:gaussian:0.2"]);
    assert_eq!(
        (&cells[4]["noise"], &cells[4]["placement"]),
        (&both, &Value::from("input & before-activation"))
    );
    let csv = fs::read_to_string(folder.path().join("cells.csv")).unwrap();
    assert!(csv.contains("input dropout 0.3") && csv.contains("weights 0.05"), "{csv}");

    // The same grid again finds its runs; another row adds to them.
    let store = files(&folder.path().join("store"));
    let again = command.output().unwrap();
    assert!(again.status.success(), "{}", stderr(&again));
    assert_eq!(files(&folder.path().join("store")), store);
    let report = std::process::Command::new(env!("CARGO_BIN_EXE_grid_search"))
        .args(["--no-plots", "--report"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(report.status.success(), "{}", stderr(&report));
    assert!(stdout(&report).contains("input dropout"), "{}", stdout(&report));
}

#[test]
fn invalid_noise_is_named_in_one_line() {
    let offer = "noise at input, before-activation, after-activation, weights, gradients, labels";
    let cases = [
        ("baseline", "--noise nowhere:0.1", offer),
        ("cnn_noise", "--noise before-dense:0.1", "noise at input, after-pooling, weights"),
        ("baseline", "--noise input:pink:0.1", "expected a kind of noise (gaussian, uniform"),
        ("baseline", "--noise input", "expected place:kind:strength"),
        ("baseline", "--noise input:0.1,0.2", "expected one strength, received 2"),
        ("baseline", "--noise input:0.1:often", "there is no option 'often'"),
        ("baseline", "--noise input:gaussian:0.1:often", "there is no option 'often'"),
        ("baseline", "--noise input:-1", "finite and at least 0, received -1"),
        ("baseline", "--noise input:dropout:1", "below 1, received 1"),
        ("baseline", "--noise labels:flip:1.5", "below 1, received 1.5"),
        ("baseline", "--noise weights:dropout:0.5", "weights take the kind gaussian"),
        ("baseline", "--noise input:0.1 --noise input:0.2", "received gaussian twice"),
        ("hidden_noise", "--noise input:0.1 --stddev 0.2", "cannot be used with"),
        ("hidden_noise", "--noise input:0.1 --placement after-activation", "cannot be used with"),
        ("grid_search", "--noise input:0.1 --stddev 0.2", "cannot be used with"),
        (
            "grid_search",
            "--noise input:0.1 --noise input:0.1",
            "received [input:gaussian:0.1] twice",
        ),
        ("grid_search", "--noise input:0", "received 0 alone"),
        ("grid_search", "--noise nowhere:0.1", offer),
    ];
    assert_refused(&cases);
}

#[test]
fn a_grid_of_moons_is_a_grid_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let args = format!("--task moons --stddev 0.1 --placement input {FAST}");
    let output = run("grid_search", &args, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let result = result(folder.path());
    assert_eq!(
        (&result["settings"]["task"], &result["settings"]["data_noise"]),
        (&"moons".into(), &0.1.into())
    );
    let circles =
        run("grid_search", &format!("--stddev 0.1 --placement input {FAST}"), folder.path());
    assert_eq!(circles.status.code(), Some(1));
    let error = stderr(&circles);
    assert!(
        error.contains("holds other results: expected task \"circles\", received \"moons\""),
        "{error}"
    );
}

/// Every option trains, is told in the results, and is another run than plain noise.
#[test]
fn options_of_noise_train_and_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let noise = [
        "input:0.3..0.03:cosine:relative",
        "hidden:0.1:learned:paired",
        "weights:gaussian:0.02:paired",
        "gradients:gaussian:0.01:anticorrelated",
        "labels:flip:0.2:decay=0.5",
    ];
    let noise = noise.map(|own| format!("--noise {own}")).join(" ");
    let output = run("baseline", &format!("{FAST} --mixup 0.2 {noise}"), folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let settings = &result(folder.path())["settings"];
    let of = |key: &str| -> Vec<Value> {
        settings["noise"].as_array().unwrap().iter().map(|own| own[key].clone()).collect()
    };
    let expected = json!([
        ["cosine", "relative"],
        ["learned", "paired"],
        ["paired"],
        ["anticorrelated"],
        ["decay=0.5"]
    ]);
    assert_eq!(json!(of("options")), expected);
    assert_eq!(of("last_strength")[0], 0.03);
    assert_eq!(settings["recipe"]["mixup"], 0.2);
}

#[test]
fn a_grid_has_a_cell_for_each_option_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let noise = "--noise input:0.3,1:relative --noise input:0.3..0.03:linear --noise input:0.3";
    let output = run("grid_search", &format!("{FAST} {noise}"), folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("input relative") && text.contains("0.3..0.03"), "{text}");
    let scores = |cell: &Value| cell["runs"].to_string();
    let cells = result(folder.path())["cells"].as_array().unwrap().clone();
    assert_eq!(cells.len(), 5);
    let distinct: std::collections::BTreeSet<String> = cells.iter().map(scores).collect();
    assert_eq!(distinct.len(), 5, "{text}");
}

/// Noise in the test alone: none is the clean score, much of it is a guess.
#[test]
fn test_noise_stands_beside_the_clean_score() {
    let tested = |noise: &str| {
        let folder = tempfile::tempdir().unwrap();
        let args = format!("--epochs 300 --no-plots --test-noise {noise}");
        let output = run("baseline", &args, folder.path());
        assert!(output.status.success(), "{}", stderr(&output));
        (result(folder.path()), stdout(&output))
    };
    let (without, _) = tested("input:0");
    let run = &without["runs"][0];
    assert!(
        (run["noisy_test_accuracy"].as_f64().unwrap() - run["test_accuracy"].as_f64().unwrap())
            .abs()
            < 1e-12
    );
    let (much, text) = tested("input:30 --test-draws 50");
    let accuracy = much["runs"][0]["noisy_test_accuracy"].as_f64().unwrap();
    assert!((accuracy - 0.5).abs() < 0.06, "{accuracy}");
    assert!(
        text.starts_with("With noise input 30 in the test: accuracy 0.")
            && text.contains("(mean of 50 draws)"),
        "{text}"
    );
    assert!(text.lines().last().unwrap().starts_with("Train: "), "{text}");
    assert_eq!(much["settings"]["test_noise"]["draws"], 50);
    let (weights, _) = tested("weights:gaussian:0.01 --test-per device");
    assert!(weights["runs"][0]["noisy_test_accuracy"].as_f64().unwrap() > 0.6);
    assert_refused(&[
        (
            "baseline",
            "--test-noise labels:flip:0.1",
            "expected noise on what a test passes through",
        ),
        ("baseline", "--test-noise output:0.1", "the model offers noise at"),
        ("baseline", "--test-draws 3", "--test-noise"),
        (
            "baseline",
            "--test-noise weights:0.1",
            "expected batch or device for noise on weights, received row",
        ),
        ("baseline", "--test-noise input:crop:1", "input:crop:1"),
        // Before anything is trained.
        ("hidden_noise", "--noise input:crop:1", "crop: expected images"),
        ("cnn_noise", "--noise input:crop:8", "below the 8 x 8 pixels"),
        ("cnn_noise", "--noise input:crop:1..2:linear", "padding is a whole number"),
        (
            "lstm_noise",
            "--mixup 0.2",
            "--mixup: expected rows that the network takes when they are mixed",
        ),
        ("baseline", "--test-noise input:0.3:learned", "expected a strength"),
    ]);
}

/// Runs share the rows of an evaluation, and not the noise.
#[test]
fn noise_that_is_always_there_serves_several_runs() {
    let folder = tempfile::tempdir().unwrap();
    let noise = "--noise input:0.1:always --noise input:swap:0.1:always";
    let output = run("baseline", &format!("{FAST} {noise}"), folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
}

/// A trained model is where another begins: after one epoch it is still nearly as good as it was.
#[test]
fn training_begins_with_the_weights_of_a_model() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let long = run("baseline", "--epochs 2000 --no-plots", first.path());
    assert!(long.status.success(), "{}", stderr(&long));
    let init = format!("--init {} --no-plots", first.path().display());
    let short = run("hidden_noise", &format!("--epochs 1 --repeats 2 {init}"), second.path());
    assert!(short.status.success(), "{}", stderr(&short));
    let note =
        "start 2 repeats: the repeat with seed k starts from network k modulo 1, counted from 0";
    assert!(stderr(&short).contains(note), "{}", stderr(&short));
    let loss = |folder: &std::path::Path, run: usize| {
        result(folder)["runs"][run]["train_loss"].as_f64().unwrap()
    };
    let before = loss(first.path(), 0);
    assert!((0..2).all(|run| (loss(second.path(), run) - before).abs() < 0.1), "not near {before}");
    assert!(result(second.path())["runs"][0]["train_accuracy"].as_f64().unwrap() > 0.9);
    for (args, expected) in [
        (format!("--hidden 8 {init}"), "fc1.bias: expected trained weights of shape"),
        (
            "--init nowhere --no-plots".to_string(),
            "--init: expected a trained model, received no file",
        ),
    ] {
        let out = tempfile::tempdir().unwrap();
        let output = run("baseline", &args, out.path());
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

#[test]
fn images_are_cropped_and_their_contrast_varied() {
    let folder = tempfile::tempdir().unwrap();
    let args =
        "--epochs 2 --train-size 20 --no-plots --noise input:crop:1 --noise input:contrast:0.2";
    let output = run("cnn_noise", args, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_refused(&[
        ("cnn_noise", "--noise input:crop:0.5", "a whole number of at least 0, received 0.5"),
        (
            "baseline",
            "--noise input::0.1",
            "for '--noise <NOISE>': expected a kind between the colons",
        ),
        (
            "baseline",
            "--noise input:contrast:0.1",
            "contrast: expected images of a height and a width",
        ),
        ("lstm_noise", "--noise input:crop:1", "such as sequences"),
        ("lstm_noise", "--noise input:contrast:0.1", "such as sequences"),
        ("baseline", "--noise input:swap:0.1:relative", "only noise that is added can be relative"),
    ]);
}
