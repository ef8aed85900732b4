//! `--device auto` where there is a device.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::device;
use crate::cli::{result, run, stderr};
use crate::cli_resume::ended;

const SMALL: &str = "--hidden 20 --no-plots";

/// Runs a program; gives what it says on standard error and on what it has trained.
fn trained(program: &str, args: &str, out: &Path) -> (String, Value) {
    let output = run(program, &format!("{SMALL} {args}"), out);
    assert!(output.status.success(), "{}", stderr(&output));
    (stderr(&output), result(out)["device"].clone())
}

#[test]
fn short_work_stays_on_the_cpu() {
    let (Some(_), folder) = (device(), tempfile::tempdir().unwrap()) else { return };
    let (said, device) = trained("hidden_noise", "--epochs 20", folder.path());
    assert!(said.starts_with("--device auto takes cpu: ") && said.contains("too short"), "{said}");
    assert_eq!((said.lines().count(), device), (1, "cpu".into()));
}

#[test]
fn training_on_a_gpu_continues_there() {
    let (Some(_), folder) = (device(), tempfile::tempdir().unwrap()) else { return };
    let out = &folder.path().join("run");
    let args = "--epochs 20 --checkpoint-every 10 --device cuda";
    assert_eq!(trained("hidden_noise", args, out).1, "cuda");
    let (said, device) = trained("hidden_noise", "--epochs 30 --resume", out);
    assert_eq!(said, "--device auto takes cuda: the checkpoints were trained there\n");
    assert_eq!(device, "cuda");

    let out = &folder.path().join("grid");
    let args = "--epochs 20 --placement input --stddev 0.1";
    trained("grid_search", &format!("{args} --repeats 2 --device cuda"), out);
    let (said, device) = trained("grid_search", &format!("{args} --repeats 3"), out);
    assert_eq!(said, "--device auto takes cuda: the finished runs were trained there\n");
    assert_eq!(device, "cuda");
    let report = Command::new(env!("CARGO_BIN_EXE_grid_search")).arg("--report").arg(out).output();
    let report = report.unwrap();
    assert!(report.status.success(), "{}", stderr(&report));
}

/// Years of work: the GPU is tried, and the faster device begins.
#[test]
fn long_work_takes_the_faster_device() {
    let (Some(_), folder) = (device(), tempfile::tempdir().unwrap()) else { return };
    let out = folder.path().join("out");
    let args = format!("{SMALL} --epochs 10000000 --repeats 3");
    // The folder is made when the device has been chosen.
    let said = stderr(&ended(&args, "-TERM", &out, || out.exists()));
    let first = said.lines().next().unwrap();
    let on_cpu = first.starts_with("--device auto takes cpu: about ") && first.contains(" on cuda");
    let on_gpu = first.starts_with("--device auto takes cuda: about ");
    assert!(on_cpu || (on_gpu && first.ends_with(" on the CPU")), "{said}");
}
