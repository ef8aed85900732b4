//! Several devices: a real driver has those that it has, that of the tests as many as it is told.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::device;
use crate::cli::{command, stderr, stdout};

const GRID: &str = "--epochs 20 --hidden 20 --repeats 3 --stddev 0.1,1 --no-plots";

/// The training loss of every run, in the order of the grid, and the device in the results.
fn losses(device: &str, out: &Path) -> (Vec<f64>, Value) {
    let mut command = command("grid_search", &format!("{GRID} --device {device}"), out);
    let output = command.env("TEST_CUDA_DEVICES", "3").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let result = fs::read(out.join("result.json")).unwrap();
    let result: Value = serde_json::from_slice(&result).unwrap();
    let cells = result["cells"].as_array().unwrap().clone();
    let runs = cells.into_iter().flat_map(|cell| cell["runs"].as_array().unwrap().clone());
    let losses = runs.map(|run| run["train_loss"].as_f64().unwrap()).collect();
    (losses, result["device"].clone())
}

/// Products may be summed in another order in another company: a thousandth.
#[test]
fn devices_share_a_grid_out() {
    let [one, all] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let Some(_) = device() else { return };
    let ((alone, first), (together, name)) =
        (losses("cuda:0", one.path()), losses("cuda", all.path()));
    assert_eq!((first, name), ("cuda:0".into(), "cuda".into()));
    assert_eq!((alone.len(), together.len()), (7 * 3, 7 * 3));
    for (a, b) in alone.iter().zip(&together) {
        assert!((a - b).abs() < 1e-3, "{alone:?} {together:?}");
    }
}

#[test]
fn a_device_that_is_not_there_is_named() {
    let Some(_) = device() else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut command = command("hidden_noise", "--device cuda:99", &out);
    let output = command.env("TEST_CUDA_DEVICES", "3").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stderr(&output).contains("cannot open CUDA device 99 of "), "{}", stderr(&output));
    assert!(!out.exists(), "nothing is half-written");
}
