//! Programs that are killed without a warning, at moments spread over their whole time.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{CHECKPOINTED, Experiment, GRID, assert_whole};
use crate::cli::{program, stderr};

/// The same, but long enough to be killed on the way.
const LONG: [Experiment; 2] = [
    Experiment {
        args: "--epochs 600 --hidden 20 --repeats 4 --threads 2 --no-plots --checkpoint-every 5",
        ..CHECKPOINTED
    },
    Experiment {
        args: "--epochs 400 --hidden 8 --repeats 12 --stddev 0.1 --placement input --threads 2",
        ..GRID
    },
];

/// The moments, as fractions of the time: the multiples of the golden ratio without their whole parts
/// fill it evenly, however many they are.
fn moments() -> impl Iterator<Item = f64> {
    (1..).map(|k| (f64::from(k) * 0.618_033_988_749_895).fract())
}

/// Starts a program, kills it (SIGKILL) after a time, and returns whether it was still running.
fn killed(mut command: Command, after: Duration) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(after);
    let runs = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    runs
}

/// Kills an experiment several times, continuing each time from its files, and then lets it finish.
/// Repeats this, and returns how many kills hit a running program.
fn kills(experiment: Experiment, most: usize) -> usize {
    let begin = Instant::now();
    let expected = experiment.undisturbed();
    let time = begin.elapsed();
    let (mut met, mut moments) = (0, moments());
    while met < most {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..3 {
            let after = time.mul_f64(moments.next().unwrap());
            let command = experiment.command(experiment.again, folder.path());
            met += usize::from(killed(command, after));
            assert_whole(folder.path(), &expected);
        }
        experiment.assert_finishes(folder.path(), &expected);
    }
    met
}

/// Kills the writing of the report of a finished grid.
fn report_kills(most: usize) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let expected = GRID.undisturbed();
    GRID.assert_finishes(folder.path(), &expected);
    let report = || {
        let mut command = program("grid_search");
        command.arg("--report").arg(folder.path());
        command
    };
    let begin = Instant::now();
    assert!(report().output().unwrap().status.success());
    let time = begin.elapsed();
    let (mut met, mut moments) = (0, moments());
    while met < most {
        let after = time.mul_f64(moments.next().unwrap());
        met += usize::from(killed(report(), after));
        assert_whole(folder.path(), &expected);
    }
    let output = report().output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    GRID.assert_finishes(folder.path(), &expected);
    met
}

#[test]
fn killed_at_any_moment_and_started_again_the_bits_are_those_of_an_undisturbed_run() {
    for experiment in LONG {
        assert!(kills(experiment, 3) >= 3);
    }
    assert!(report_kills(4) >= 4);
}

#[test]
#[ignore = "takes minutes"]
fn two_hundred_kills_lose_nothing() {
    let [checkpointed, grid] = LONG.map(|experiment| kills(experiment, 70));
    let report = report_kills(60);
    println!("kills: {checkpointed} of checkpointed runs, {grid} of grids, {report} of reports");
    assert!(checkpointed + grid + report >= 200);
}
