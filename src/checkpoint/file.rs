//! A checkpoint as one safetensors file with a version and a checksum.
//!
//! Tensors: `weights.NAME`, `kept.NAME`, `moments.NAME`, `noise.PATH` (u32, steps),
//! `strengths.PATH` (f64) and the curves, `history.REPLICA.NAME`. The metadata hold the version as
//! `format`, the run as `run`, everything that is not a tensor as `state`, and as `sha256` the
//! checksum of the file with 64 zeros in its place.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::{other_version, sha256};
use crate::ops::read_tensors;
use crate::train::{Checkpoint, History, ReplicaHistory, Stop};

/// Version of the file, raised when its format changes. The checksum has the same place in all
/// versions.
const FORMAT: u64 = 3;

const CHECKSUM: &str = "\"sha256\":\"";
const ZEROS: [u8; 64] = [b'0'; 64];

/// The content of a file.
pub(crate) enum Content {
    /// A checkpoint and the run it belongs to.
    Whole(Box<Checkpoint>, Value),
    /// Written by another version; the text says how that shows.
    Foreign(String),
}

#[derive(Serialize, Deserialize)]
struct State {
    epoch: usize,
    seeds: Vec<u64>,
    optimizer_steps: u64,
    metric: String,
    ends: Vec<End>,
}

/// How a replica's curves end.
#[derive(Serialize, Deserialize)]
struct End {
    stopped: Option<Stop>,
    early_stopped: bool,
}

pub(crate) fn encode(checkpoint: &Checkpoint, run: &Value) -> Result<Vec<u8>> {
    let mut tensors: BTreeMap<String, Tensor> = BTreeMap::new();
    let mut put = |name: String, tensor: Tensor| tensors.insert(name, tensor);
    for (name, tensor) in &checkpoint.weights {
        put(format!("weights.{name}"), tensor.clone());
    }
    for (name, tensor) in &checkpoint.kept {
        put(format!("kept.{name}"), tensor.clone());
    }
    for (name, tensor) in &checkpoint.moments {
        put(format!("moments.{name}"), tensor.clone());
    }
    for (path, steps) in &checkpoint.noise_steps {
        put(format!("noise.{path}"), Tensor::new(steps.as_slice(), &Device::Cpu)?);
    }
    for (path, strengths) in &checkpoint.noise_strengths {
        put(format!("strengths.{path}"), Tensor::new(strengths.as_slice(), &Device::Cpu)?);
    }
    for (r, replica) in checkpoint.history.replicas.iter().enumerate() {
        for (prefix, curves) in ReplicaHistory::PREFIXES.into_iter().zip(replica.curves()) {
            let [loss, score] = names(r, prefix);
            put(loss, Tensor::new(curves.loss.as_slice(), &Device::Cpu)?);
            put(score, Tensor::new(curves.score.as_slice(), &Device::Cpu)?);
        }
    }
    let replicas = checkpoint.history.replicas.iter();
    let end =
        |r: &ReplicaHistory| End { stopped: r.stopped.clone(), early_stopped: r.early_stopped };
    let state = State {
        epoch: checkpoint.epoch,
        seeds: checkpoint.seeds.clone(),
        optimizer_steps: checkpoint.optimizer_steps,
        metric: checkpoint.history.metric.clone(),
        ends: replicas.map(end).collect(),
    };
    let metadata = HashMap::from([
        ("format".to_string(), FORMAT.to_string()),
        ("run".to_string(), run.to_string()),
        ("state".to_string(), serde_json::to_string(&state)?),
        ("sha256".to_string(), String::from_utf8(ZEROS.to_vec())?),
    ]);
    let mut bytes = safetensors::serialize(&tensors, Some(metadata))?;
    let sum = sha256(&bytes);
    let place = checksum_place(&bytes).context("the metadata have no checksum")?;
    bytes[place..place + 64].copy_from_slice(sum.as_bytes());
    Ok(bytes)
}

/// Returns the names of the curves of a replica.
fn names(replica: usize, prefix: &str) -> [String; 2] {
    ["loss", "score"].map(|name| format!("history.{replica}.{prefix}{name}"))
}

/// Reads a file. Memory is proportional to its length.
///
/// # Errors
/// If the file is damaged, that is, its checksum is wrong. A whole file with fewer or more entries
/// than this version writes belongs to another version.
pub(crate) fn decode(mut bytes: Vec<u8>) -> Result<Content> {
    let place = checksum_place(&bytes).context("it has no checksum")?;
    let sum = bytes[place..place + 64].to_vec();
    bytes[place..place + 64].copy_from_slice(&ZEROS);
    ensure!(sha256(&bytes).as_bytes() == sum, "its checksum differs");
    Ok(match read(&bytes) {
        Ok((checkpoint, run)) => Content::Whole(Box::new(checkpoint), run),
        Err(how) => Content::Foreign(format!("{how:#}")),
    })
}

/// Returns the checkpoint of a whole file, and the run it belongs to.
///
/// # Errors
/// If another version wrote it. The error says which version, and how that shows.
fn read(bytes: &[u8]) -> Result<(Checkpoint, Value)> {
    let another = "another version";
    let (_, metadata) = SafeTensors::read_metadata(bytes).context(another)?;
    let metadata = metadata.metadata().as_ref().context("another version: it has no metadata")?;
    match metadata.get("format").and_then(|format| format.parse().ok()) {
        Some(FORMAT) => parts(bytes, metadata).context(another),
        Some(format) => bail!(other_version(FORMAT, format)),
        None => bail!("{another}: it has no format"),
    }
}

fn parts(bytes: &[u8], metadata: &HashMap<String, String>) -> Result<(Checkpoint, Value)> {
    let text = |name: &str| metadata.get(name).with_context(|| format!("it has no {name}"));
    let run = serde_json::from_str(text("run")?)?;
    let state: State = serde_json::from_str(text("state")?)?;
    // Serde ignores unknown fields.
    ensure!(
        metadata.len() == 4 && serde_json::to_string(&state)? == *text("state")?,
        "its fields are not those of this version"
    );
    let mut checkpoint = Checkpoint {
        epoch: state.epoch,
        seeds: state.seeds,
        history: History { metric: state.metric, replicas: Vec::new() },
        weights: BTreeMap::new(),
        kept: BTreeMap::new(),
        optimizer_steps: state.optimizer_steps,
        moments: BTreeMap::new(),
        noise_steps: BTreeMap::new(),
        noise_strengths: BTreeMap::new(),
    };
    let mut tensors = read_tensors(bytes)?;
    for (r, End { stopped, early_stopped }) in state.ends.into_iter().enumerate() {
        let mut replica = ReplicaHistory { stopped, early_stopped, ..Default::default() };
        for (prefix, curves) in ReplicaHistory::PREFIXES.into_iter().zip(replica.curves_mut()) {
            let mut take =
                |name: String| tensors.remove(&name).with_context(|| format!("it has no {name}"));
            let [loss, score] = names(r, prefix);
            curves.loss = take(loss)?.to_vec1()?;
            curves.score = take(score)?.to_vec1()?;
        }
        checkpoint.history.replicas.push(replica);
    }
    for (name, tensor) in tensors {
        match name.split_once('.') {
            Some(("weights", name)) => {
                checkpoint.weights.insert(name.to_string(), tensor);
            }
            Some(("kept", name)) => {
                checkpoint.kept.insert(name.to_string(), tensor);
            }
            Some(("moments", name)) => {
                checkpoint.moments.insert(name.to_string(), tensor);
            }
            Some(("strengths", path)) => {
                checkpoint.noise_strengths.insert(path.to_string(), tensor.to_vec1()?);
            }
            Some(("noise", path)) => {
                checkpoint.noise_steps.insert(path.to_string(), tensor.to_vec1()?);
            }
            _ => bail!("it has an unknown tensor {name}"),
        }
    }
    Ok((checkpoint, run))
}

/// Returns the place of the checksum's digits in the header; the first eight bytes give the length
/// of the header. Quotes inside the texts of the metadata are escaped, so the name occurs only
/// there.
pub(crate) fn checksum_place(bytes: &[u8]) -> Option<usize> {
    let len = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    let header = bytes.get(8..)?.get(..usize::try_from(len).ok()?)?;
    let found = header.windows(CHECKSUM.len()).position(|part| part == CHECKSUM.as_bytes())?;
    let place = 8 + found + CHECKSUM.len();
    (place + 64 <= 8 + header.len()).then_some(place)
}
