//! `grid_search` with an end: signals, deadlines, shards of a cluster, reports on what is there.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::cli::{command, files, run, stderr, stdout};
use crate::cli_grid::{FAST, SLOW, findings, joined, undisturbed};

/// Waits until the first finished chunk is stored.
fn wait_for_a_chunk(store: &Path) {
    for _ in 0..2000 {
        if files(store).iter().any(|name| name.ends_with("jsonl")) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A search that gets a signal after its first chunk.
#[cfg(unix)]
fn ended_by(signal: &str, folder: &Path) -> Output {
    let args = "--epochs 600 --hidden 16 --repeats 40 --no-plots --threads 1";
    let child = command("grid_search", args, folder).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_a_chunk(&folder.join("store"));
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn an_interrupt_finishes_the_current_chunk_and_says_how_to_continue() {
    let folder = tempfile::tempdir().unwrap();
    let output = ended_by("-INT", folder.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(error.contains("of 640 runs are finished; continue: "), "{error}");
    let whole = |name: &String| name.ends_with(".jsonl") || name == "grid.json";
    assert!(files(&folder.path().join("store")).iter().all(whole), "nothing half-written");
    assert_eq!(files(folder.path()), ["experiment.json", "store"]);
}

#[cfg(unix)]
#[test]
fn sigterm_ends_like_an_interrupt_with_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let output = ended_by("-TERM", folder.path());
    assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
    assert!(start.elapsed() < Duration::from_secs(15), "one chunk, and five seconds at most");
    assert!(stderr(&output).contains("grid_search --epochs 600"), "{}", stderr(&output));
}

#[test]
fn a_time_limit_ends_between_chunks_and_the_same_command_continues() {
    let limited = tempfile::tempdir().unwrap();
    let output = run("grid_search", &format!("{SLOW} --time-limit 1ms"), limited.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(124), "{error}");
    assert!(error.contains("time limit reached") && error.contains("of 84 runs"), "{error}");
    let output = run("grid_search", &format!("{SLOW} --time-limit 1h30m"), limited.path());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(&findings(limited.path()), undisturbed());
}

/// Four programs as Open MPI starts them, one of them killed and started again.
#[cfg(unix)]
#[test]
fn shards_share_a_grid_and_a_killed_one_is_started_again() {
    let shared = tempfile::tempdir().unwrap();
    let start = |rank: usize| {
        command("grid_search", SLOW, shared.path())
            .env("OMPI_COMM_WORLD_RANK", rank.to_string())
            .env("OMPI_COMM_WORLD_SIZE", "4")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut children: Vec<_> = (0..4).map(start).collect();
    std::thread::sleep(Duration::from_millis(20));
    children[2].kill().unwrap(); // SIGKILL
    let ended: Vec<_> = children.into_iter().map(|c| c.wait_with_output().unwrap()).collect();
    assert!(!shared.path().join("result.json").exists(), "not all runs are finished");
    assert!(stdout(&ended[0]).contains("shard 0/4 is finished"), "{}", stdout(&ended[0]));
    let output = start(2).wait_with_output().unwrap();
    assert!(joined(&stdout(&output)).contains("12 repeats"), "the last one reports");
    assert_eq!(&findings(shared.path()), undisturbed());
}

/// With a real `mpirun`, where Open MPI's is there.
#[cfg(unix)]
#[test]
fn mpirun_starts_two_shards_of_one_grid() {
    let version = Command::new("mpirun").arg("--version").output();
    if !version.is_ok_and(|version| stdout(&version).contains("Open MPI")) {
        println!("skipped: there is no mpirun of Open MPI");
        return;
    }
    let shared = tempfile::tempdir().unwrap();
    let output = Command::new("mpirun")
        .args(["-np", "2", "--oversubscribe", env!("CARGO_BIN_EXE_grid_search")])
        .args(SLOW.split_whitespace())
        .arg("--out")
        .arg(shared.path())
        .envs([("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(&findings(shared.path()), undisturbed());
}

#[test]
fn a_report_can_be_made_from_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    for shard in ["0/3", "1/3"] {
        run("grid_search", &format!("{FAST} --shard {shard} --no-plots"), folder.path());
    }
    let report = || {
        let program = env!("CARGO_BIN_EXE_grid_search");
        let folder = folder.path().to_str().unwrap();
        Command::new(program).args(["--report", folder]).output().unwrap()
    };
    let output = report();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = joined(&stdout(&output));
    assert!(text.contains("Of 28 runs 19 are finished: the others may change this"), "{text}");
    run("grid_search", FAST, folder.path());
    let complete = findings(folder.path());
    assert!(!joined(&stdout(&report())).contains("are finished"));
    assert_eq!(findings(folder.path()), complete);
}

#[test]
fn shares_that_do_not_fit_are_named_in_one_line() {
    let cases = [
        ("--shard 3/2", vec![], "received '3/2'"),
        ("--shard 0/0", vec![], "received '0/0'"),
        ("--shard -1/2", vec![], "received '-1/2'"),
        ("--shard 0/2 --fresh", vec![], "--fresh cannot be used by one of several shards"),
        ("--shards 2", vec![], "expected JOB_COMPLETION_INDEX to be set"),
        ("", vec![("OMPI_COMM_WORLD_RANK", "0")], "OMPI_COMM_WORLD_SIZE is not"),
        ("", vec![("SLURM_ARRAY_TASK_ID", "1")], "SLURM_ARRAY_TASK_COUNT is not"),
        ("", vec![("JOB_COMPLETION_INDEX", "1")], "expected --shards N"),
        ("--time-limit soon", vec![], "expected a time as 55m or 1h30m, received 'soon'"),
    ];
    for (args, variables, expected) in cases {
        let parent = tempfile::tempdir().unwrap();
        let out = parent.path().join("out");
        let output = command("grid_search", args, &out).envs(variables).output().unwrap();
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args}: {error}");
        assert!(error.contains(expected) && error.lines().count() == 1, "{args}: {error}");
        assert_eq!(files(parent.path()), Vec::<String>::new(), "{args}");
    }
    let nowhere = Command::new(env!("CARGO_BIN_EXE_grid_search"))
        .args(["--report", "nowhere/at/all"])
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).contains("expected a folder of grid_search"), "{}", stderr(&nowhere));
}
