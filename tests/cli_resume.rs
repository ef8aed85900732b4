//! Experiments that are ended on the way and continue later.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::{command, files, result, run, stderr, stdout};

/// Small, and so long that it is ended on the way.
const LONG: &str = "--hidden 20 --repeats 3 --threads 1 --no-plots --epochs 10000000";

/// Starts a program, waits for `ready` and sends it a signal.
pub fn ended(args: &str, signal: &str, out: &Path, ready: impl Fn() -> bool) -> Output {
    let child = command("hidden_noise", args, out).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while !ready() {
        assert!(begin.elapsed() < Duration::from_secs(60), "not ready after a minute");
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(100));
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    child.wait_with_output().unwrap()
}

/// The epochs of the checkpoints in a folder, from the first to the last.
fn epochs(out: &Path) -> Vec<usize> {
    let names = files(&out.join("checkpoints")).into_iter();
    let epoch =
        |name: String| name.strip_suffix(".safetensors")?.rsplit_once(".epoch-")?.1.parse().ok();
    let mut epochs: Vec<usize> = names.filter_map(epoch).collect();
    epochs.sort();
    epochs
}

/// The command with fewer epochs, and more than are trained already.
fn shortened(epochs: usize) -> String {
    LONG.replace("10000000", &(epochs + 300).to_string())
}

fn same_results(a: &Path, b: &Path) {
    for file in ["history.csv", "model.safetensors"] {
        assert!(fs::read(a.join(file)).unwrap() == fs::read(b.join(file)).unwrap(), "{file}");
    }
    assert_eq!(result(a)["runs"], result(b)["runs"]);
}

#[test]
fn a_signal_writes_a_checkpoint_from_which_the_run_continues_to_the_bit() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let [folder, undisturbed] = [(), ()].map(|()| tempfile::tempdir().unwrap());
        let out = folder.path();
        let output = ended(LONG, signal, out, || out.exists());
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stdout(&output).is_empty());
        let said = stderr(&output);
        assert!(said.contains("hidden_noise --hidden 20"), "{said}");
        assert!(said.trim_end().ends_with(" --resume"), "{said}");
        assert_eq!(files(out), ["checkpoints", "experiment.json"], "no results stand there");

        let args = shortened(*epochs(out).last().unwrap());
        let resumed = run("hidden_noise", &format!("{args} --resume"), out);
        assert!(resumed.status.success() && stderr(&resumed).is_empty(), "{}", stderr(&resumed));
        let whole = run("hidden_noise", &args, undisturbed.path());
        assert_eq!(stdout(&resumed), stdout(&whole));
        same_results(out, undisturbed.path());
    }
}

/// Killed without a warning, resumed on other threads, and the last checkpoint is damaged.
#[test]
fn a_killed_run_continues_from_the_last_whole_checkpoint() {
    let [folder, undisturbed] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let out = folder.path();
    let args = format!("{LONG} --checkpoint-every 10");
    ended(&args, "-KILL", out, || epochs(out).len() > 1);
    let saved = epochs(out);
    assert!(saved.iter().all(|epoch| epoch % 10 == 0), "{saved:?}");
    let last = saved[saved.len() - 1];
    let name =
        files(&out.join("checkpoints")).into_iter().find(|n| n.contains(&format!("-{last}.")));
    let path = out.join("checkpoints").join(name.unwrap());
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();

    let args = shortened(last).replace("--threads 1", "--threads 2");
    let resumed = run("hidden_noise", &format!("{args} --resume --checkpoint-every 100"), out);
    let said = stderr(&resumed);
    assert!(resumed.status.success() && said.lines().count() == 1, "{said}");
    assert!(said.contains(&format!("epoch-{last}.safetensors is damaged")), "{said}");
    run("hidden_noise", &args, undisturbed.path());
    same_results(out, undisturbed.path());

    // The last state is kept where it was asked for: training may continue with more epochs.
    assert_eq!(*epochs(out).last().unwrap(), last + 300);
    let more = args.replace(&(last + 300).to_string(), &(last + 400).to_string());
    assert!(run("hidden_noise", &format!("{more} --resume"), out).status.success());
    run("hidden_noise", &format!("{more} --fresh"), undisturbed.path());
    same_results(out, undisturbed.path());
}

#[test]
fn what_cannot_be_resumed_is_named_and_not_harmed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let args = "--hidden 20 --epochs 30 --no-plots --checkpoint-every 10";
    let fresh = run("hidden_noise", &format!("{args} --resume"), out);
    assert!(fresh.status.success(), "{}", stderr(&fresh));
    assert!(stderr(&fresh).contains("no checkpoint"), "{}", stderr(&fresh));
    let kept = files(&out.join("checkpoints"));
    let cases = [
        (
            "hidden_noise",
            "--epochs 40 --stddev 0.2",
            "expected noise [\"before-activation:gaussian:0.2\"], received",
        ),
        ("hidden_noise", "--epochs 40 --seed 1", "expected seeds 1, received 0"),
        ("baseline", "--epochs 40", "expected experiment \"baseline\", received \"hidden_noise\""),
        ("hidden_noise", "--epochs 20", "expected --epochs 30 or more"),
    ];
    for (program, other, expected) in cases {
        let output = run(program, &format!("--hidden 20 --no-plots --resume {other}"), out);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{said}");
    }
    assert_eq!(files(&out.join("checkpoints")), kept);

    // Without --resume a run starts over; nothing is lost, since the other one was finished.
    let output = run("hidden_noise", args, out);
    assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));

    fs::remove_dir_all(out.join("checkpoints")).unwrap();
    fs::write(out.join("checkpoints"), "a file").unwrap();
    let output = run("hidden_noise", args, out);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("expected a folder, received a file"), "{}", stderr(&output));
}

/// Noise of strength 0 changes no bit, but it has a site, whose steps are in the checkpoint.
#[test]
fn noise_of_strength_0_elsewhere_is_another_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let args = "--stddev 0 --hidden 4 --no-plots --checkpoint-every 1";
    let begun = run("hidden_noise", &format!("{args} --epochs 1"), folder.path());
    assert!(begun.status.success(), "{}", stderr(&begun));
    let other = format!("{args} --epochs 2 --placement after-activation --resume");
    let said = stderr(&run("hidden_noise", &other, folder.path()));
    assert!(said.contains("holds other results: expected noise"), "{said}");
}

#[test]
fn early_stopping_watches_validation_points_that_are_not_the_test_set() {
    let folder = tempfile::tempdir().unwrap();
    let result = |args: &str| -> Value {
        let args =
            format!("--no-plots --epochs 300 --early-stopping 40 {args} --format json --fresh");
        let output = run("baseline", &args, folder.path());
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let header = || {
        let text = fs::read_to_string(folder.path().join("history.csv")).unwrap();
        text.lines().next().unwrap().to_string()
    };
    let own = result("--restore-best");
    assert_eq!(own["settings"]["validation_size"], 30);
    assert!(header().ends_with("val_loss,val_accuracy,test_loss,test_accuracy"), "{}", header());
    let run_of = |result: &Value| result["runs"][0].clone();
    let (end, best) = (&run_of(&own)["early_stopped_epoch"], &run_of(&own)["restored_epoch"]);
    assert_eq!(end.as_u64().unwrap(), best.as_u64().unwrap() + 40);
    let of = |accuracy: &Value, rows: f64| (accuracy.as_f64().unwrap() * rows).fract();
    assert_eq!(of(&run_of(&own)["test_accuracy"], 40.), 0.);

    let on_test = result("--validate-on-test");
    assert_eq!(on_test["settings"]["validation_size"], 0);
    let row = fs::read_to_string(folder.path().join("history.csv")).unwrap();
    let fields: Vec<String> = row.lines().nth(1).unwrap().split(',').map(str::to_string).collect();
    assert!(
        fields[6..8].iter().all(String::is_empty),
        "no test figure stands under val_: {fields:?}"
    );
    assert!(fields[8..].iter().all(|field| !field.is_empty()), "{fields:?}");
    assert_eq!(run_of(&on_test)["restored_epoch"], Value::Null);

    for (args, code) in [
        ("--early-stopping 0", 2),
        ("--restore-best", 2),
        ("--validate-on-test", 2),
        ("--early-stopping 5 --validation-size 0", 2),
        ("--validation-size 70", 2),
        ("--checkpoint-every 0", 2),
    ] {
        let output = run("baseline", args, folder.path());
        assert_eq!(output.status.code(), Some(code), "{args}: {}", stderr(&output));
    }
}

/// A schedule that leads to the last epoch takes no other number of epochs. What was finished stays so.
#[test]
fn a_refused_continuation_leaves_a_finished_experiment_finished() {
    let folder = tempfile::tempdir().unwrap();
    let noise = "--noise input:0.3..0.1:linear --no-plots";
    let first = run("baseline", &format!("--epochs 9 {noise}"), folder.path());
    assert!(first.status.success(), "{}", stderr(&first));
    let description = || fs::read_to_string(folder.path().join("experiment.json")).unwrap();
    let before = description();
    let refused = run("baseline", &format!("--epochs 12 --resume {noise}"), folder.path());
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert_eq!(description(), before);
}
