//! Several programs at once, file systems without locks, and clocks that jump.

use std::fs::File;
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

use super::{CHECKPOINTED, GRID, RUN, content, with_fault};
use crate::cli::{command, files, run, stderr};
use crate::cli_grid::{SLOW, findings, undisturbed};

#[test]
fn two_four_and_eight_programs_share_a_store() {
    for programs in [2, 4, 8] {
        let shared = tempfile::tempdir().unwrap();
        let start = |_| {
            let mut command = command("grid_search", SLOW, shared.path());
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<Child> = (0..programs).map(start).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
        }
        assert_eq!(&findings(shared.path()), undisturbed());
    }
}

#[test]
fn a_file_system_without_locks_is_a_warning() {
    for experiment in [RUN, GRID] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = experiment.command("", folder.path());
        let output = with_fault(&mut command, "locks", 0).output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("warning: cannot lock"), "{said}");
        assert!(said.contains("run one program at a time in this folder"), "{said}");
        assert!(content(folder.path()) == experiment.undisturbed());
    }
}

/// Which checkpoint is the last one is in its name, and no result depends on the time of day.
#[test]
fn a_clock_that_jumps_changes_nothing() {
    for experiment in [RUN, GRID] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = experiment.command("", folder.path());
        let output = with_fault(&mut command, "clock", 0).output().unwrap();
        assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
        assert!(content(folder.path()) == experiment.undisturbed());
    }
    let folder = tempfile::tempdir().unwrap();
    let fewer = CHECKPOINTED.args.replace("--epochs 40", "--epochs 20");
    assert!(run("hidden_noise", &fewer, folder.path()).status.success());
    let checkpoints = folder.path().join("checkpoints");
    for (name, age) in files(&checkpoints).into_iter().zip(0u32..) {
        let modified = SystemTime::now() - Duration::from_secs(86_400) * age;
        File::options()
            .write(true)
            .open(checkpoints.join(name))
            .unwrap()
            .set_modified(modified)
            .unwrap();
    }
    CHECKPOINTED.assert_finishes(folder.path(), &CHECKPOINTED.undisturbed());
}
