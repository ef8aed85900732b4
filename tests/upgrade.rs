//! Results of version 0.1 continue in this version: finished runs are not trained again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{files, result, run, stderr};

/// Makes a folder look as if version 0.1 had written it: the formats are the same, the number is not.
fn age(folder: &Path) {
    let (own, old) = (env!("CARGO_PKG_VERSION"), "0.1.0");
    assert!(own.len() == old.len() && own != old);
    for name in ["result.json", "model.safetensors"] {
        let path = folder.join(name);
        let mut bytes = fs::read(&path).unwrap();
        let at = |bytes: &[u8]| bytes.windows(own.len()).position(|part| part == own.as_bytes());
        let place = at(&bytes).unwrap_or_else(|| panic!("{name} names no version"));
        bytes[place..place + own.len()].copy_from_slice(old.as_bytes());
        assert_eq!(at(&bytes), None, "{name}");
        fs::write(path, bytes).unwrap();
    }
}

fn succeeds(program: &str, args: &str, out: &Path) {
    let output = run(program, &format!("{args} --hidden 10 --no-plots -q"), out);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_training_of_0_1_continues_with_the_same_bits() {
    let parent = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| parent.path().join(name));
    succeeds("hidden_noise", "--epochs 3 --repeats 2", &old);
    age(&old);
    succeeds("hidden_noise", "--epochs 6 --repeats 2 --resume", &old);
    succeeds("hidden_noise", "--epochs 6 --repeats 2", &new);
    for name in ["history.csv", "model.safetensors"] {
        assert!(fs::read(old.join(name)).unwrap() == fs::read(new.join(name)).unwrap(), "{name}");
    }
    assert_eq!(result(&old)["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_grid_of_0_1_keeps_its_runs_and_its_model() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("grid");
    let grid = "--epochs 2 --stddev 0.1 --placement input";
    succeeds("grid_search", &format!("{grid} --repeats 1"), &out);
    age(&out);
    let runs = || -> Vec<PathBuf> {
        let store = out.join("store");
        let names = files(&store).into_iter().filter(|name| name.ends_with(".jsonl"));
        names.map(|name| store.join(name)).collect()
    };
    let contents = |paths: &[PathBuf]| -> Vec<Vec<u8>> {
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    };
    let first = runs();
    let (model, before) = (out.join("model.safetensors"), contents(&first));
    let about = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    succeeds("grid_search", &format!("{grid} --repeats 1"), &out);
    // The networks are those that 0.1 trained, and say so.
    assert!(about(&model).contains("0.1.0"), "they were trained again");
    assert_eq!((runs(), contents(&first)), (first.clone(), before.clone()));

    succeeds("grid_search", &format!("{grid} --repeats 2"), &out);
    assert!(first.iter().all(|path| runs().contains(path)) && runs().len() > first.len());
    assert_eq!(contents(&first), before);
}
