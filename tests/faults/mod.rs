//! Faults around the programs: disks, kills, other programs, clocks. Nothing that was finished is lost,
//! and a program that is started again ends with the bits of an undisturbed one.
//!
//! Short versions run with the other tests; the long ones with
//! `cargo test --test tests faults -- --ignored --nocapture`, which prints how many faults there were.

mod disk;
mod kill;
mod programs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value;

use crate::cli::{command, stderr};

/// A program that the faults meet. Started again with `again`, it finishes what it has begun.
#[derive(Clone, Copy)]
struct Experiment {
    program: &'static str,
    args: &'static str,
    again: &'static str,
}

/// Two chunks, and all results.
const RUN: Experiment = Experiment {
    program: "hidden_noise",
    args: "--epochs 3 --hidden 2 --repeats 2 --threads 2",
    again: "--resume",
};

/// A checkpoint after every epoch.
const CHECKPOINTED: Experiment = Experiment {
    args: "--epochs 40 --hidden 2 --repeats 2 --threads 2 --no-plots --checkpoint-every 1",
    ..RUN
};

const GRID: Experiment = Experiment {
    program: "grid_search",
    args: "--epochs 3 --hidden 2,3 --repeats 2 --stddev 0.1 --placement input --threads 2",
    again: "",
};

impl Experiment {
    fn command(&self, more: &str, out: &Path) -> Command {
        command(self.program, &format!("{} {more}", self.args), out)
    }

    /// Returns the content of a folder after an undisturbed run.
    fn undisturbed(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let output = self.command("", folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        content(folder.path())
    }

    /// Starts the program again and checks that nothing tells its results from `expected`.
    fn assert_finishes(&self, folder: &Path, expected: &BTreeMap<String, Vec<u8>>) {
        let output = self.command(self.again, folder).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let found = content(folder);
        assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
        assert_whole(folder, expected);
    }
}

/// Checks that every file has its whole content, as that of an undisturbed run.
fn assert_whole(folder: &Path, expected: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in content(folder) {
        assert!(expected.get(&name) == Some(&bytes), "{name} is another one");
    }
}

/// The results in a folder, without what depends on the time, the command and the layout of the work.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut content = BTreeMap::new();
    for name in crate::cli::files(folder) {
        let path = folder.join(&name);
        let bytes = match &name[..] {
            "checkpoints" | "store" => continue,
            _ if name.starts_with(".candle-noise-") => continue,
            "result.json" | "experiment.json" => {
                let mut json: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
                let fields = json.as_object_mut().unwrap();
                fields.retain(|name, _| !["seconds", "command", "finished"].contains(&&name[..]));
                json.to_string().into_bytes()
            }
            // The page has the command and the time of training in its last lines.
            "report.html" => {
                let page = fs::read_to_string(path).unwrap();
                assert!(page.trim_end().ends_with("</html>"), "{page}");
                Vec::new()
            }
            _ => fs::read(path).unwrap(),
        };
        content.insert(name, bytes);
    }
    content
}

/// Makes the system calls of a program fail, as `shim.c` says.
fn with_fault<'a>(command: &'a mut Command, fault: &str, at: usize) -> &'a mut Command {
    static SHIM: LazyLock<PathBuf> = LazyLock::new(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (own, shim) =
            (folder.join(format!("shim-{}.so", std::process::id())), folder.join("shim.so"));
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&own).arg(source).arg("-ldl");
        assert!(compiler.status().unwrap().success());
        fs::rename(own, &shim).unwrap();
        shim
    });
    command.env("LD_PRELOAD", &*SHIM).env("FAULT", fault).env("FAULT_AT", at.to_string())
}

/// Checks that a program ended by itself, and with a message if it failed.
fn assert_ended(output: &Output) {
    let said = stderr(output);
    assert!(!said.contains("panicked"), "{said}");
    match output.status.code() {
        Some(0) => {}
        Some(1) => assert!(said.lines().last().unwrap().starts_with("error: "), "{said}"),
        code => panic!("{code:?}: {said}"),
    }
}
