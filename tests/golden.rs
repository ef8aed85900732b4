//! Published bits: eleven short commands give what they always gave, with every instruction set.
//!
//! `fixtures/golden.json` was written by a release build on a CPU with AVX-512 on 2026-11-26. Its
//! weights are the SHA-256 of the tensors of `model.safetensors`: names in order, each followed by the
//! values as they stand in the file.

use std::fs;
use std::path::Path;
use std::process::Output;

use safetensors::SafeTensors;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::cli::{command, result, stderr, stdout};
use crate::cli_grid::joined;

/// The words of a command.
fn words(run: &Value) -> Vec<&str> {
    run["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

fn weights(folder: &Path) -> String {
    let bytes = fs::read(folder.join("model.safetensors")).unwrap();
    let mut tensors = SafeTensors::deserialize(&bytes).unwrap().tensors();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut hash = Sha256::new();
    for (name, tensor) in tensors {
        hash.update(name);
        hash.update(tensor.data());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every key of the expected runs and cells, and none of those that have been added since.
fn assert_same(expected: &Value, found: &Value, name: &str) {
    match (expected, found) {
        (Value::Array(expected), Value::Array(found)) => {
            assert_eq!(expected.len(), found.len(), "{name}");
            for (i, (expected, found)) in expected.iter().zip(found).enumerate() {
                assert_same(expected, found, &format!("{name}[{i}]"));
            }
        }
        (Value::Object(expected), Value::Object(_)) => {
            for (key, expected) in expected {
                assert_same(expected, &found[key], &format!("{name}.{key}"));
            }
        }
        _ => assert_eq!(expected, found, "{name}"),
    }
}

/// Runs a program with an instruction set; `None` where this CPU does not have it.
fn run_with(set: Option<&str>, program: &str, args: &str, out: &Path) -> Option<Output> {
    let mut command = command(program, args, out);
    command.arg("--no-plots").env_remove("CANDLE_NOISE_SIMD");
    let output = command.envs(set.map(|set| ("CANDLE_NOISE_SIMD", set))).output().unwrap();
    let error = stderr(&output);
    if error.contains("expected an instruction set of this CPU") {
        println!("skipped: {}", error.trim_end());
        return None;
    }
    assert!(output.status.success(), "{program} {args}: {error}");
    Some(output)
}

/// Checks the commands with an instruction set; `false` where this CPU does not have it.
fn check(set: Option<&str>) -> bool {
    let golden: Value = serde_json::from_str(include_str!("fixtures/golden.json")).unwrap();
    let golden = golden.as_array().unwrap();
    assert_eq!(golden.len(), 11);
    for expected in golden {
        let words = words(expected);
        let (name, folder) = (words.join(" "), tempfile::tempdir().unwrap());
        let Some(output) = run_with(set, words[0], &words[1..].join(" "), folder.path()) else {
            return false;
        };
        // A grid prints the sentence in lines, among others; other programs print one line.
        let (is_grid, text) = (words[0] == "grid_search", joined(&stdout(&output)));
        let line = expected["line"].as_str().unwrap();
        assert!(if is_grid { text.contains(line) } else { text == line }, "{name}: {text}");
        let result = result(folder.path());
        let runs = if is_grid { "cells" } else { "runs" };
        assert_same(&expected["runs"], &result[runs], &name);
        if let Some(sum) = expected["weights"].as_str() {
            assert_eq!(weights(folder.path()), sum, "{name}");
        }
    }
    true
}

#[test]
fn published_runs_keep_their_bits() {
    assert!(check(None));
}

/// Whatever instruction set the fixture was made with, and this CPU has.
#[test]
fn every_instruction_set_gives_the_published_bits() {
    let sets = ["avx2", "avx512"].map(|set| check(Some(set)));
    assert!(sets[0] || !sets[1], "AVX-512 includes AVX2");
}

/// Without vectors a multiply-add is a call of the C library, so a few epochs of each network and each
/// place of noise, against the widest instruction set.
#[test]
fn every_network_has_the_same_bits_with_every_instruction_set() {
    let commands = [
        "input_hidden_noise --epochs 8 --repeats 2",
        "hidden_noise --epochs 8 --placement after-activation",
        "hidden_noise --epochs 4 --hidden 37 --batch-size 7 --early-stopping 2 --restore-best",
        "cnn_noise --epochs 1 --train-size 40 --placement input",
        "cnn_noise --epochs 1 --train-size 40 --hidden 5",
        "lstm_noise --epochs 1 --train-size 40 --placement input",
        "lstm_noise --epochs 1 --train-size 40 --hidden 7",
    ];
    for words in commands {
        let (program, args) = words.split_once(' ').unwrap();
        let found = [None, Some("scalar"), Some("avx2")].map(|set| {
            let folder = tempfile::tempdir().unwrap();
            run_with(set, program, args, folder.path())?;
            let curves = fs::read_to_string(folder.path().join("history.csv")).unwrap();
            Some((weights(folder.path()), curves, result(folder.path())["runs"].clone()))
        });
        assert!(found[0].is_some());
        assert_eq!(found[0], found[1], "{words} in scalar code");
        if found[2].is_some() {
            assert_eq!(found[0], found[2], "{words} with AVX2");
        }
    }
}

#[test]
fn an_instruction_set_that_the_cpu_lacks_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command("baseline", "--epochs 1", folder.path());
    let output = command.env("CANDLE_NOISE_SIMD", "").output().unwrap();
    assert!(output.status.success(), "an empty name is none: {}", stderr(&output));
    let output = command.env("CANDLE_NOISE_SIMD", "mmx").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    assert!(error.contains("(scalar") && error.contains("received 'mmx'"), "{error}");
    assert_eq!(error.lines().count(), 1);
}
