//! The files of checkpoints: how many are kept, and which are damaged, foreign or another run's.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::Result;
use candle_noise::checkpoint::Checkpoints;
use candle_noise::train::Checkpoint;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::run;

/// Saves a checkpoint and reads it again.
pub fn read_back(checkpoint: &Checkpoint) -> Result<Checkpoint> {
    let folder = tempfile::tempdir()?;
    let checkpoints = Checkpoints::new(folder.path(), "run", json!({}));
    checkpoints.save(checkpoint).unwrap();
    Ok(checkpoints.latest(&mut |line| panic!("{line}")).unwrap().unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn saved(folder: &Path, epochs: &[usize]) -> Result<(Checkpoints, Vec<PathBuf>)> {
    let checkpoints = Checkpoints::new(folder, "run", json!({ "batch_size": 8 }));
    for &epoch in epochs {
        checkpoints.save(&run(epoch, None)?.state).unwrap();
    }
    let path = |epoch| folder.join(format!("run.epoch-{epoch}.safetensors"));
    Ok((checkpoints, epochs.iter().map(path).collect()))
}

#[test]
fn the_last_two_checkpoints_are_kept() -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("notes.txt"), "mine")?;
    let (checkpoints, _) = saved(folder.path(), &[2, 9, 11])?;
    let kept = ["notes.txt", "run.epoch-11.safetensors", "run.epoch-9.safetensors"];
    assert_eq!(names(folder.path()), kept);
    assert_eq!(checkpoints.latest(&mut |line| panic!("{line}")).unwrap().unwrap().epoch, 11);
    assert_eq!(Checkpoints::names(folder.path()).unwrap(), ["run"]);

    // A training that starts over: what is later is of the one before.
    saved(folder.path(), &[10])?;
    let kept = ["notes.txt", "run.epoch-10.safetensors", "run.epoch-9.safetensors"];
    assert_eq!(names(folder.path()), kept);
    assert_eq!(Checkpoints::paths(folder.path()).unwrap().len(), 2);
    Ok(())
}

/// Any byte of the file may be wrong, and any part of it missing.
#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_used() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (checkpoints, paths) = saved(folder.path(), &[2, 3])?;
    let whole = fs::read(&paths[1])?;
    let header = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let flip = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    let places = [0, 8, 9, header / 2, header + 7, header + 8, whole.len() / 2, whole.len() - 1];
    let cut = [0, 7, 8, header, whole.len() - 1].map(|len| whole[..len].to_vec());
    for bytes in places.map(flip).into_iter().chain(cut) {
        fs::write(&paths[1], bytes)?;
        let mut lines = Vec::new();
        let found = checkpoints.latest(&mut |line| lines.push(line)).unwrap().unwrap();
        assert_eq!(found.epoch, 2);
        assert!(
            lines.len() == 1 && lines[0].contains("run.epoch-3.safetensors is damaged ("),
            "{lines:?}"
        );
        assert!(paths[1].with_extension("damaged").exists() && !paths[1].exists());
    }
    fs::write(&paths[0], "nonsense")?;
    assert!(checkpoints.latest(&mut |_| ()).unwrap().is_none());
    Ok(())
}

/// Any of its fields under another name, with a correct checksum.
#[test]
fn a_checkpoint_of_another_version_is_named_and_left_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (checkpoints, paths) = saved(folder.path(), &[2])?;
    let whole = fs::read(&paths[0])?;
    let sealed = |from: &str, to: &str| {
        let (mut bytes, find) = (whole.clone(), |bytes: &[u8], text: &str| {
            bytes.windows(text.len()).position(|part| part == text.as_bytes()).unwrap()
        });
        let place = find(&bytes, from);
        bytes[place..place + from.len()].copy_from_slice(to.as_bytes());
        let sum = find(&bytes, "\"sha256\":\"") + "\"sha256\":\"".len();
        bytes[sum..sum + 64].fill(b'0');
        let digits: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        bytes[sum..sum + 64].copy_from_slice(digits.as_bytes());
        bytes
    };
    for (from, to, expected) in [
        ("early_stopped", "early_halted!", "another version"),
        ("optimizer_steps", "optimizer_turns", "another version"),
        ("\"run\":", "\"ran\":", "another version: it has no run"),
        ("weights.", "veights.", "another version: it has an unknown tensor veights."),
        ("clean_loss", "clean_cost", "another version: it has no history.0.clean_loss"),
        ("clean_score", "clean_skore", "another version: it has no history.0.clean_score"),
        ("metric", "metrik", "another version"),
        (
            "\"format\":\"3\"",
            "\"format\":\"2\"",
            "an earlier version: expected format 3, received 2",
        ),
        ("\"format\":\"3\"", "\"format\":\"4\"", "a newer version: expected format 3, received 4"),
        ("\"format\":\"3\"", "\"farmat\":\"3\"", "another version: it has no format"),
    ] {
        fs::write(&paths[0], sealed(from, to))?;
        let error = checkpoints.latest(&mut |line| panic!("{line}")).unwrap_err().to_string();
        assert!(error.contains(&format!("was written by {expected}")), "{to}: {error}");
        assert_eq!(fs::read(&paths[0])?, sealed(from, to), "{to}");
    }
    fs::write(&paths[0], sealed("run", "run"))?;
    assert_eq!(checkpoints.latest(&mut |line| panic!("{line}")).unwrap().unwrap().epoch, 2);
    Ok(())
}

#[test]
fn checkpoints_of_another_run_or_model_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_, paths) = saved(folder.path(), &[2])?;
    let other = Checkpoints::new(folder.path(), "run", json!({ "batch_size": 9 }));
    let error = other.latest(&mut |line| panic!("{line}")).unwrap_err().to_string();
    assert!(error.contains("expected batch size 9, received 8"), "{error}");
    assert!(paths[0].exists(), "it is not harmed");

    let refused = |state: &Checkpoint| match run(4, Some(state)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it was not refused"),
    };
    assert!(
        refused(&run(5, None)?.state).contains("of epoch 4 or before, received one of epoch 5")
    );
    type Change = fn(&mut Checkpoint);
    let changes: [(Change, &str); 6] = [
        (|state| state.seeds = vec![1, 2], "[1, 2]"),
        (|state| state.kept.clear(), "kept"),
        (|state| state.moments.clear(), "moments"),
        (|state| state.noise_steps.clear(), "noise"),
        (|state| state.weights.clear(), "weights"),
        (|state| state.history.metric.clear(), "curves of accuracy, received "),
    ];
    let state = run(2, None)?.state;
    for (change, expected) in changes {
        let mut state = state.clone();
        change(&mut state);
        let error = refused(&state);
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}
