//! Several devices, and little memory. Environment variables set both in the tests' driver; a real
//! driver ignores them.

use std::path::Path;

use serde_json::Value;

use super::device;
use crate::cli::{command, result, stderr, stdout};

const GRID: &str = "--epochs 20 --hidden 20 --repeats 3 --stddev 0.1,1 --no-plots";

const THREE: [&str; 2] = ["TEST_CUDA_DEVICES", "3"];

/// For a chunk of three replicas, not for one of six.
const LITTLE: [&str; 2] = ["TEST_CUDA_BYTES", "50000"];

/// The training loss of every run, in the order of the grid, and the device in the results.
fn losses(device: &str, variable: [&str; 2], out: &Path) -> (Vec<f64>, Value) {
    let mut command = command("grid_search", &format!("{GRID} --device {device}"), out);
    let output = command.env(variable[0], variable[1]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let result = result(out);
    let cells = result["cells"].as_array().unwrap().clone();
    let runs = cells.into_iter().flat_map(|cell| cell["runs"].as_array().unwrap().clone());
    let losses = runs.map(|run| run["train_loss"].as_f64().unwrap()).collect();
    (losses, result["device"].clone())
}

#[test]
fn devices_share_a_grid_out() {
    let [one, all] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let Some(_) = device() else { return };
    let (alone, first) = losses("cuda:0", THREE, one.path());
    let (together, name) = losses("cuda", THREE, all.path());
    assert_eq!((first, name), ("cuda:0".into(), "cuda".into()));
    agree(&alone, &together);
}

/// The chunks of six replicas are halved.
#[test]
fn a_grid_fits_into_little_memory() {
    let [little, enough] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let Some(_) = device() else { return };
    let (alone, _) = losses("cuda", LITTLE, little.path());
    agree(&alone, &losses("cuda", THREE, enough.path()).0);

    for (program, args, bytes, expected) in [
        (
            "hidden_noise",
            "--hidden 20 --repeats 6",
            LITTLE[1],
            "a chunk of 6 replicas: expected fewer",
        ),
        ("grid_search", GRID, "5000", "one replica: expected a smaller hidden"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(program, &format!("{args} --device cuda"), folder.path());
        let output = command.env(LITTLE[0], bytes).env("RUST_BACKTRACE", "1").output().unwrap();
        if output.status.success() {
            println!("skipped: this driver has memory enough");
            return;
        }
        let said = stderr(&output);
        let expected = format!("error: the device's memory is too small for {expected}");
        assert!(said.starts_with(&expected), "{said}");
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(
            program == "hidden_noise" || said.contains("; 0 of 21 runs are finished"),
            "{said}"
        );
    }
}

/// Sums may have another order in chunks of another size: within a thousandth.
fn agree(a: &[f64], b: &[f64]) {
    assert_eq!((a.len(), b.len()), (7 * 3, 7 * 3));
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-3;
    assert!(a.iter().zip(b).all(near), "{a:?} {b:?}");
}

#[test]
fn a_device_that_is_not_there_is_named() {
    let Some(_) = device() else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut command = command("hidden_noise", "--device cuda:99", &out);
    let output = command.env(THREE[0], THREE[1]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stderr(&output).contains("cannot open CUDA device 99 of "), "{}", stderr(&output));
    assert!(!out.exists(), "nothing is half-written");
}
