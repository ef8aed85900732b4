//! What a folder holds, and which program may write to it.

use std::fs;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::cli::{FIGURES, command, files, program, result, run, stderr, stdout};

const SMALL: &str = "--epochs 5 --hidden 8 --no-plots";

/// Runs a program in a working folder, with the default folder for results.
fn run_in(folder: &Path, name: &str, args: &str) -> Output {
    let mut command = program(name);
    command.args(args.split_whitespace()).current_dir(folder).output().unwrap()
}

#[test]
fn other_results_in_the_default_folder_are_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let noises = |name: &str| -> Value {
        result(&runs.join(name))["settings"]["noise"][0]["stddev"].clone()
    };
    for (stddev, expected) in
        [("0.1", ""), ("0.2", "runs/hidden_noise.1"), ("0.3", "runs/hidden_noise.2")]
    {
        let output = run_in(folder.path(), "hidden_noise", &format!("{SMALL} --stddev {stddev}"));
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert!(
            said.trim_end().ends_with(expected) && said.is_empty() == expected.is_empty(),
            "{said}"
        );
        assert_eq!(noises("hidden_noise").to_string(), stddev);
    }
    let aside = ["hidden_noise.1", "hidden_noise.2"].map(noises);
    assert_eq!(aside, [Value::from(0.1), Value::from(0.2)]);
    // The same again, and more repeats, replace what they train again. Fewer do not.
    for (repeats, said) in [(1, ""), (2, ""), (1, "expected seeds 0, received 0 to 1")] {
        let args = format!("{SMALL} --stddev 0.3 --repeats {repeats}");
        let output = run_in(folder.path(), "hidden_noise", &args);
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
        assert_eq!(stderr(&output).is_empty(), said.is_empty(), "{}", stderr(&output));
    }
    assert_eq!(
        files(&runs),
        ["hidden_noise", "hidden_noise.1", "hidden_noise.2", "hidden_noise.3"]
    );
    assert_eq!(result(&runs.join("hidden_noise.3"))["runs"].as_array().unwrap().len(), 2);
    assert_eq!(files(&runs.join("hidden_noise.3")), FIGURES);
}

#[test]
fn other_results_in_a_named_folder_are_kept_unless_they_are_to_be_replaced() {
    const GRID: &str = "--epochs 5 --hidden 8 --repeats 2 --stddev 0.1 --no-plots";
    let others = [
        ("hidden_noise", SMALL, "--stddev 0.2", "expected noise"),
        ("hidden_noise", SMALL, "--seed 9", "expected seeds 9, received 0"),
        ("baseline", SMALL, "", "expected experiment \"baseline\", received \"hidden_noise\""),
        ("cnn_noise", SMALL, "--train-size 20", "expected experiment \"cnn_noise\""),
        (
            "lstm_noise",
            SMALL,
            "--train-size 20 --data-seed 1",
            "expected experiment \"lstm_noise\"",
        ),
        ("grid_search", GRID, "", "expected experiment \"grid_search\""),
        ("circles", "", "", "expected experiment \"circles\""),
    ];
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    assert!(run("hidden_noise", SMALL, out).status.success());
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let before = fs::read(out.join("result.json")).unwrap();
    for (name, args, more, expected) in others {
        let output = run(name, &format!("{args} {more}"), out);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains("holds other results: ") && said.contains(expected), "{said}");
        assert!(said.contains("--fresh") && said.lines().count() == 1, "{said}");
        assert!(fs::read(out.join("result.json")).unwrap() == before, "{name}");
    }
    for (name, args, more, _) in others {
        let output = run(name, &format!("{args} {more} --fresh"), out);
        assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
        assert_eq!(fs::read_to_string(out.join("notes.txt")).unwrap(), "mine");
    }
    let all = ["dataset.csv", "dataset.png", "experiment.json", "notes.txt"];
    let there = files(out);
    assert!(there.iter().all(|name| name == "store" || all.contains(&&name[..])), "{there:?}");
    assert!(files(&out.join("store")).is_empty(), "the runs of the grid are removed");
}

/// A program that trains until it is killed.
fn training(name: &str, args: &str, out: &Path) -> Child {
    let args = format!("--epochs 10000000 --hidden 20 --threads 1 --no-plots {args}");
    let mut command = command(name, &args, out);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !out.join("experiment.json").exists() {
        sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_folder_in_use_is_refused_and_free_again_when_its_program_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let mut child = training("hidden_noise", "", out);
    for (name, args) in [("hidden_noise", ""), ("baseline", "--fresh"), ("grid_search", "")] {
        let output = run(name, args, out);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("another program writes its results to"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert!(child.try_wait().unwrap().is_none(), "it is not disturbed");
    child.kill().unwrap();
    child.wait().unwrap();
    let output = run("hidden_noise", &format!("{SMALL} --fresh"), out);
    assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
    assert_eq!(files(out), FIGURES);
}

#[test]
fn runs_in_training_are_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let mut child = training("grid_search", "--repeats 2 --stddev 0.1", out);
    while !out.join("store").join("grid.json").exists() {
        sleep(Duration::from_millis(5));
    }
    let output = run("grid_search", "--epochs 5 --fresh", out);
    let said = stderr(&output);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("another program trains runs of"), "{said}");
}

#[test]
fn a_finished_run_continues_with_more_epochs_to_the_bit() {
    let [folder, undisturbed] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let args = |epochs: usize| format!("--epochs {epochs} --hidden 8 --repeats 3 --no-plots");
    let begun = run("hidden_noise", &args(40), folder.path());
    assert!(begun.status.success(), "{}", stderr(&begun));
    let more = run("hidden_noise", &format!("{} --resume", args(60)), folder.path());
    assert!(more.status.success() && stderr(&more).is_empty(), "{}", stderr(&more));
    let whole = run("hidden_noise", &args(60), undisturbed.path());
    assert_eq!(stdout(&more), stdout(&whole));
    for name in ["history.csv", "model.safetensors"] {
        let [own, other] = [&folder, &undisturbed].map(|f| fs::read(f.path().join(name)).unwrap());
        assert!(own == other, "{name}");
    }
    // Without an epoch to train, the results are written again.
    fs::remove_file(folder.path().join("history.csv")).unwrap();
    let again = run("hidden_noise", &format!("{} --resume", args(60)), folder.path());
    assert_eq!(stdout(&again), stdout(&whole));
    assert_eq!(files(folder.path()), FIGURES);
}

/// The report says how its runs were trained, not how it was written.
#[test]
fn a_report_keeps_the_command_and_the_times_of_its_training() {
    let folder = tempfile::tempdir().unwrap();
    let args = "--epochs 5 --hidden 8 --repeats 2 --no-plots";
    let mut command = command("grid_search", args, folder.path());
    let trained = command.args(["--noise", "input:0.1 & hidden:0.2"]).output().unwrap();
    assert!(trained.status.success(), "{}", stderr(&trained));
    let before = result(folder.path());
    let mut report = program("grid_search");
    let written = report.arg("--report").arg(folder.path()).output().unwrap();
    assert!(written.status.success(), "{}", stderr(&written));
    assert_eq!(stdout(&written), stdout(&trained));
    let after = result(folder.path());
    assert_eq!((&after["command"], &after["seconds"]), (&before["command"], &before["seconds"]));
    assert!(before["seconds"]["train"].as_f64().unwrap() > 0.);

    // A shell reads the command as it was given.
    #[cfg(unix)]
    {
        let programs =
            Path::new(program("grid_search").get_program()).parent().unwrap().to_path_buf();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let mut shell = std::process::Command::new("sh");
        let again = shell.arg("-c").arg(after["command"].as_str().unwrap()).env("PATH", path);
        let again = again.output().unwrap();
        assert!(again.status.success() && stderr(&again).is_empty(), "{}", stderr(&again));
        assert_eq!(stdout(&again), stdout(&trained));
    }
}

/// Only files that the description covers are removed, and only if needed.
#[test]
fn fresh_starts_over_in_a_folder_of_any_program_and_keeps_other_files() {
    let grid = "--epochs 5 --hidden 8 --repeats 2 --stddev 0.1 --no-plots";
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    assert!(run("grid_search", grid, out).status.success());
    let others = ["dataset.csv", ".tmp_notes", "store/mine.jsonl", "store/mine.damaged"];
    for name in others {
        fs::write(out.join(name), "mine").unwrap();
        let old = std::time::SystemTime::now() - Duration::from_secs(86_400);
        fs::File::options().write(true).open(out.join(name)).unwrap().set_modified(old).unwrap();
    }
    let refused = run("hidden_noise", SMALL, out);
    assert!(stderr(&refused).contains("expected experiment"), "{}", stderr(&refused));
    for (name, args) in [("hidden_noise", SMALL), ("grid_search", grid), ("baseline", SMALL)] {
        let output = run(name, &format!("{args} --fresh"), out);
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.contains("mine.jsonl is no file of finished runs"), name == "grid_search");
        for name in others {
            assert_eq!(fs::read_to_string(out.join(name)).unwrap(), "mine", "{name}");
        }
    }
    assert_eq!(files(&out.join("store")), ["mine.damaged", "mine.jsonl"]);
    for name in &others[2..] {
        fs::remove_file(out.join(name)).unwrap();
    }
    assert!(run("baseline", &format!("{SMALL} --fresh"), out).status.success());
    assert!(!out.join("store").exists(), "an empty store is removed");
}

/// Checkpoints are results: a run that does not surpass them does not replace them.
#[test]
fn checkpoints_of_an_unfinished_run_are_not_replaced() {
    let long = "--epochs 10000000 --hidden 8 --no-plots --threads 1";
    let interrupted = |folder: &Path, args: &str| {
        let mut command = program("hidden_noise");
        command.args(args.split_whitespace()).current_dir(folder);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !folder.join("runs/hidden_noise/experiment.json").exists() {
            sleep(Duration::from_millis(5));
        }
        sleep(Duration::from_millis(200));
        crate::cli_signals::kill("-TERM", &child);
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(143));
    };
    let folder = tempfile::tempdir().unwrap();
    let (at, runs) = (folder.path(), folder.path().join("runs"));
    let checkpoints = || files(&runs.join("hidden_noise/checkpoints"));
    // Resumed with more epochs and interrupted: the results are still those of five.
    assert!(run_in(at, "hidden_noise", SMALL).status.success());
    interrupted(at, &format!("{long} --resume"));
    let kept = checkpoints();
    let output = run_in(at, "hidden_noise", SMALL);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("held other results (expected epochs 5, received "), "{said}");
    assert_eq!(files(&runs.join("hidden_noise.1/checkpoints")), kept);

    fs::remove_dir_all(&runs).unwrap();
    interrupted(at, long);
    let kept = checkpoints();
    let output = run_in(at, "hidden_noise", long);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("holds an unfinished run, at epoch "), "{said}");
    assert!(
        said.contains(" of 10000000: continue it with --resume, or start over with --fresh"),
        "{said}"
    );
    assert_eq!(checkpoints(), kept);
    // Other seeds are other results.
    let output = run_in(at, "hidden_noise", &format!("{SMALL} --seed 50"));
    assert!(stderr(&output).contains("runs/hidden_noise.1"), "{}", stderr(&output));
    assert_eq!(files(&runs.join("hidden_noise.1/checkpoints")), kept);
}

/// Results of two repeats stay those of two until those of four are there.
#[test]
fn an_interrupted_extension_leaves_the_results_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let args = |repeats: usize| format!("--epochs 5 --hidden 8 --no-plots --repeats {repeats}");
    assert!(run("hidden_noise", &args(2), out).status.success());
    let before = fs::read(out.join("result.json")).unwrap();
    let mut child = command("hidden_noise", &args(9000), out);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(Duration::from_millis(150));
    child.kill().unwrap();
    child.wait().unwrap();
    if fs::read(out.join("result.json")).unwrap() == before {
        let output = run("hidden_noise", &args(2), out);
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn a_description_that_cannot_be_read_is_named_and_left_alone() {
    let newer = |text: &str| text.replace("\"format\": 1", "\"format\": 2");
    let later = |text: &str| text.replacen('{', "{ \"later\": 1,", 1);
    type Edit<'a> = &'a dyn Fn(&str) -> String;
    let cases: [(Edit, &str); 5] = [
        (
            &newer,
            "experiment.json: it was written by a newer version: expected format 1, received 2",
        ),
        (&later, "experiment.json: unknown field `later`"),
        (&|_| String::new(), "experiment.json: EOF while parsing"),
        (&|_| "{\"mine\": 1}".to_string(), "experiment.json: expected the number of a format"),
        (&|_| "[1".to_string(), "experiment.json: EOF while parsing"),
    ];
    for (edit, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("experiment.json");
        assert!(run("hidden_noise", SMALL, folder.path()).status.success());
        let text = edit(&fs::read_to_string(&path).unwrap());
        fs::write(&path, &text).unwrap();
        for more in ["", "--resume"] {
            let output = run("hidden_noise", &format!("{SMALL} {more}"), folder.path());
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains(expected) && said.contains("--fresh"), "{said}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(run("hidden_noise", &format!("{SMALL} --fresh"), folder.path()).status.success());
    }
}
