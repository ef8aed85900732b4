//! The programs as a user meets them: output, files, errors and exit codes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// A program without flags.
pub fn program(name: &str) -> Command {
    Command::new(match name {
        "baseline" => env!("CARGO_BIN_EXE_baseline"),
        "circles" => env!("CARGO_BIN_EXE_circles"),
        "cnn_noise" => env!("CARGO_BIN_EXE_cnn_noise"),
        "grid_search" => env!("CARGO_BIN_EXE_grid_search"),
        "hidden_noise" => env!("CARGO_BIN_EXE_hidden_noise"),
        "input_hidden_noise" => env!("CARGO_BIN_EXE_input_hidden_noise"),
        "input_noise" => env!("CARGO_BIN_EXE_input_noise"),
        "lstm_noise" => env!("CARGO_BIN_EXE_lstm_noise"),
        _ => panic!("no program {name}"),
    })
}

pub fn command(name: &str, args: &str, out: &Path) -> Command {
    let mut command = program(name);
    command.args(args.split_whitespace()).arg("--out").arg(out);
    command
}

pub fn run(program: &str, args: &str, out: &Path) -> Output {
    command(program, args, out).output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The names in a folder, sorted, but for that of the lock.
pub fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != ".lock").collect();
    names.sort();
    names
}

/// What `result.json` in a folder says.
pub fn result(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("result.json")).unwrap()).unwrap()
}

const FAST: &str = "--epochs 5 --hidden 20";

/// What stands in a folder of results without pictures.
pub const FIGURES: [&str; 5] =
    ["checkpoints", "experiment.json", "history.csv", "model.safetensors", "result.json"];

#[test]
fn an_experiment_prints_the_tutorials_line_and_writes_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("hidden_noise", FAST, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let line = stdout(&output);
    assert!(line.starts_with("Train: 0.") && line.contains(", Test: 0."), "{line}");
    assert_eq!(line.len(), "Train: 0.967, Test: 0.814\n".len(), "{line}");
    let expected = [
        "accuracy.png",
        "boundary.png",
        "checkpoints",
        "confusion.png",
        "dataset.png",
        "experiment.json",
        "history.csv",
        "loss.png",
        "model.safetensors",
        "reliability.png",
        "result.json",
        "roc.png",
    ];
    assert_eq!(files(folder.path()), expected);
    let result = result(folder.path());
    assert_eq!(result["experiment"], "hidden_noise");
    assert_eq!(result["device"], "cpu");
    assert_eq!(result["settings"]["noise"][0]["placement"], "before-activation");
    assert_eq!(result["settings"]["noise"][0]["stddev"], 0.1);
    assert_eq!(result["runs"][0]["seed"], 0);
    assert_eq!(result["summary"]["test_accuracy"]["std"], Value::Null);
    for figure in ["train_nll", "test_nll", "test_brier", "test_ece"] {
        assert!(result["runs"][0][figure].is_f64(), "{figure}: {result}");
    }
    // Of 70 test points 34 are of the class that 16 of the 30 training points have.
    let reference = result["reference"].as_object().unwrap();
    assert_eq!(reference.keys().collect::<Vec<_>>(), ["no_model"]);
    assert_eq!(reference["no_model"]["name"], "majority class");
    assert_eq!(reference["no_model"]["mean"], 34. / 70.);
    let history = fs::read_to_string(folder.path().join("history.csv")).unwrap();
    assert_eq!(history.lines().count(), 1 + 5);
    let model = candle_core::safetensors::load(
        folder.path().join("model.safetensors"),
        &candle_core::Device::Cpu,
    );
    assert_eq!(model.unwrap()["fc1.weight"].dims(), [1, 2, 20]);
}

#[test]
fn every_program_runs_with_repeats_and_json() {
    for program in ["baseline", "input_noise", "hidden_noise", "input_hidden_noise"] {
        let folder = tempfile::tempdir().unwrap();
        let args = format!("{FAST} --repeats 3 --format json --no-plots --quiet");
        let output = run(program, &args, folder.path());
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(result["experiment"], program);
        assert_eq!(result["runs"].as_array().unwrap().len(), 3);
        assert_eq!(result["runs"][2]["seed"], 2);
        assert_eq!(result["summary"]["test_accuracy"]["n"], 3);
        assert!(result["summary"]["test_accuracy"]["std"].is_f64());
        assert_eq!(stderr(&output), "");
        assert_eq!(files(folder.path()), FIGURES);
    }
}

#[test]
fn repeats_print_mean_spread_and_count() {
    let folder = tempfile::tempdir().unwrap();
    let line = stdout(&run("baseline", &format!("{FAST} --repeats 4 --no-plots"), folder.path()));
    assert!(line.ends_with(" (4 repeats)\n") && line.matches(" ± ").count() == 2, "{line}");
}

#[test]
fn the_same_command_gives_the_same_files_and_the_baseline_is_stddev_zero() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let args = format!("{FAST} --repeats 3");
    run("baseline", &format!("{args} --threads 1"), folders[0].path());
    run("baseline", &format!("{args} --threads 3"), folders[1].path());
    run("hidden_noise", &format!("{args} --stddev 0"), folders[2].path());
    for file in ["history.csv", "model.safetensors"] {
        let [first, again, zero] =
            [0, 1, 2].map(|i: usize| fs::read(folders[i].path().join(file)).unwrap());
        assert!(first == again && first == zero, "{file}");
    }
    for file in ["accuracy", "boundary", "confusion", "dataset", "loss", "reliability", "roc"] {
        let file = format!("{file}.png");
        let [first, again] =
            [0, 1].map(|i: usize| fs::read(folders[i].path().join(&file)).unwrap());
        assert!(first == again, "{file}");
    }
}

#[test]
fn circles_writes_the_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("circles", "", folder.path());
    assert!(stdout(&output).starts_with("100 points (50 outer, 50 inner)"), "{}", stdout(&output));
    assert_eq!(files(folder.path()), ["dataset.csv", "dataset.png", "experiment.json"]);
    let read = |text: &str| -> Vec<f64> {
        let fields = text.lines().skip(1).flat_map(|line| line.split(','));
        fields.map(|field| field.parse().unwrap()).collect()
    };
    let written = read(&fs::read_to_string(folder.path().join("dataset.csv")).unwrap());
    let expected = read(include_str!("fixtures/circles_n100_noise0.1_seed1.csv"));
    assert_eq!(written.len(), expected.len());
    assert!(written.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-15));
}

#[test]
fn flags_out_of_range_are_named_in_one_line() {
    let cases = [
        (
            "hidden_noise",
            "--stddev -1",
            "'-1' for '--stddev <X>': expected a finite number of at least 0",
        ),
        ("hidden_noise", "--stddev NaN", "received 'NaN'"),
        ("hidden_noise", "--stddev inf", "received 'inf'"),
        ("hidden_noise", "--stddev -inf", "received '-inf'"),
        (
            "hidden_noise",
            "--stddev 1e31",
            "before-activation: expected a strength of at most 1e30, received 1e31",
        ),
        ("baseline", "--data-noise 1e308", "data noise must lie in 0 to 1e30"),
        ("baseline", "--repeats 10000 --epochs 10000000", "repeats times epochs"),
        (
            "baseline",
            "--samples 1000000 --train-size 999999 --batch-size 1000000 --hidden 4096",
            "batch size times the numbers of an activation",
        ),
        ("hidden_noise", "--placement nowhere", "before-activation, after-activation"),
        ("input_hidden_noise", "--hidden-stddev x", "received 'x'"),
        ("input_noise", "--epochs 0", "from 1 to 10000000, received '0'"),
        ("input_noise", "--epochs 1.5", "received '1.5'"),
        ("baseline", "--batch-size 0", "received '0'"),
        ("baseline", "--hidden 0", "received '0'"),
        ("baseline", "--learning-rate 0", "above 0, received '0'"),
        ("baseline", "--repeats 0", "received '0'"),
        ("baseline", "--samples 1", "received '1'"),
        ("baseline", "--train-size 100", "1 to 99 of 100 samples, received 100"),
        ("baseline", "--seed -3", "received '-3'"),
        ("baseline", "--seed 18446744073709551615 --repeats 2", "at most 18446744073709551614"),
        ("baseline", "--data-seed 4294967296", "received '4294967296'"),
        ("baseline", "--data-noise -0.1", "received '-0.1'"),
        ("baseline", "--threads 0", "received '0'"),
        ("baseline", "--device gpu", "expected auto, cpu, cuda or cuda:N, received 'gpu'"),
        ("baseline", "--device cuda:x", "received 'cuda:x'"),
        ("baseline", "--format xml", "text, json"),
        ("baseline", "--stddev 0.1", "unexpected argument '--stddev'"),
        ("circles", "--train-size 200 --samples 50", "received 200"),
    ];
    assert_refused(&cases);
}

/// One line that names what was wrong, the exit code, and nothing written.
pub fn assert_refused(cases: &[(&str, &str, &str)]) {
    for (program, args, expected) in cases.iter().copied() {
        let parent = tempfile::tempdir().unwrap();
        let output = run(program, args, &parent.path().join("out"));
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{program} {args}: {error}");
        assert!(
            error.starts_with("error: ") && error.contains(expected),
            "{program} {args}: {error}"
        );
        assert_eq!(error.lines().count(), 1, "{program} {args}: {error}");
        assert_eq!(files(parent.path()), Vec::<String>::new(), "{program} {args}");
    }
}

#[test]
fn a_device_that_is_not_there_fails_before_anything_is_written() {
    let parent = tempfile::tempdir().unwrap();
    let output = run("baseline", "--device cuda:99", &parent.path().join("out"));
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output);
    assert!(error.contains("--device cuda") && error.lines().count() == 1, "{error}");
    assert_eq!(files(parent.path()), Vec::<String>::new());
}

#[test]
fn a_result_folder_that_cannot_be_used_fails_before_training() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "kept").unwrap();
    for out in [file.clone(), file.join("below")] {
        let output = run("baseline", "", &out);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("--out") && error.contains("file"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
}

#[test]
fn runs_that_diverge_are_reported_and_fail_when_all_do() {
    let folder = tempfile::tempdir().unwrap();
    let args = format!("{FAST} --repeats 2 --learning-rate 1e38");
    let output = run("baseline", &args, folder.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error.matches("warning: the run with seed").count(), 2, "{error}");
    assert!(error.lines().last().unwrap().starts_with("error: every run diverged"), "{error}");
    let result = result(folder.path());
    assert_eq!(result["runs"][1]["test_accuracy"], Value::Null);
    assert!(result["runs"][1]["stopped"]["epoch"].is_u64());
    assert_eq!(result["summary"]["test_accuracy"]["n"], 0);
    let model = candle_core::safetensors::load(
        folder.path().join("model.safetensors"),
        &candle_core::Device::Cpu,
    );
    let weights = model.unwrap()["fc1.weight"].flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(weights.iter().all(|w| w.is_nan()), "a stopped run has no weights");
    assert!(!files(folder.path()).contains(&"boundary.png".to_string()), "nor a boundary");
}

#[test]
fn pictures_of_an_earlier_run_do_not_stay_beside_new_results() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    run("baseline", FAST, folder.path());
    run("baseline", &format!("{FAST} --no-plots"), folder.path());
    let others = files(folder.path()).into_iter().filter(|name| name != "notes.txt");
    assert_eq!(others.collect::<Vec<_>>(), FIGURES);
}

#[test]
fn help_shows_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    for (program, default) in [("input_noise", "0.01"), ("hidden_noise", "before-activation")] {
        let help = stdout(&run(program, "--help", folder.path()));
        assert!(help.contains(&format!("[default: {default}]")), "{help}");
        assert!(help.contains("--epochs <N>") && help.contains("[default: 4000]"), "{help}");
    }
}
