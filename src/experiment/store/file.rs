//! A file of finished runs: a head with format and checksum, and the runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::experiment::basis::Basis;
use crate::experiment::record::{Record, Scores};
use crate::experiment::trial::{Network, TrialId};
use crate::files::{other_version, sha256};

/// Version of the files, raised when their form changes.
pub const FORMAT: u64 = 3;

#[derive(Serialize)]
struct Head {
    format: u64,
    sha256: String,
}

/// The runs of a file.
#[derive(Serialize, Deserialize)]
pub struct Body {
    /// What all runs of the store have in common.
    pub common: Value,
    /// The networks of the runs by width.
    pub networks: BTreeMap<usize, Network>,
    /// The names of the runs.
    pub trials: Vec<TrialId>,
    pub runs: Vec<Record>,
}

/// What a file of the store turned out to be.
pub enum Content {
    Whole(Body),
    Damaged(String),
    /// Written by another version: how it shows.
    Foreign(String),
    /// Another program has removed it.
    Gone,
}

/// Reads a file. Memory is proportional to its length.
///
/// # Errors
/// If it is there and cannot be read.
pub fn read(path: &Path) -> Result<Content> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Content::Gone),
        bytes => bytes.with_context(|| format!("cannot read {}", path.display()))?,
    };
    Ok(parse(&bytes).unwrap_or_else(|error| Content::Damaged(format!("{error:#}"))))
}

/// Parses the bytes of a file.
pub fn parse(bytes: &[u8]) -> Result<Content> {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let (head, body) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let head: Value = serde_json::from_slice(head).context("it does not begin with a head")?;
    let foreign = |how: String| Ok(Content::Foreign(how));
    match head["format"].as_u64() {
        Some(FORMAT) => {}
        None => return foreign("another version: its head has no format".to_string()),
        Some(format) => return foreign(other_version(FORMAT, format)),
    }
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let checksum = match head["sha256"].as_str() {
        Some(checksum) if head.as_object().is_some_and(|head| head.len() == 2) => checksum,
        _ => return foreign("another version: its head has other fields".to_string()),
    };
    ensure!(sha256(body) == checksum, "its checksum differs");
    match serde_json::from_slice::<Body>(body) {
        Ok(own) if own.is_written_as(body) => Ok(Content::Whole(own)),
        Ok(_) => foreign("another version: its fields are not those of this one".to_string()),
        Err(error) => foreign(format!("another version: {error}")),
    }
}

impl Body {
    pub fn new(basis: &Basis, runs: Vec<Record>) -> Result<Self> {
        let used = |hidden: &usize| runs.iter().any(|record| record.varying.hidden == *hidden);
        let networks = basis.networks.iter().filter(|(hidden, _)| used(hidden));
        let networks = networks.map(|(hidden, network)| (*hidden, network.clone())).collect();
        let mut own = Self { common: basis.common.clone(), networks, trials: Vec::new(), runs };
        let names = own.names().collect::<Option<_>>();
        own.trials = names.context("a run has other figures than its metrics give")?;
        Ok(own)
    }

    /// The names that follow from the content; `None` for a run whose network is missing, or that has other
    /// figures or seeds than it should have.
    pub fn names(&self) -> impl Iterator<Item = Option<TrialId>> {
        let metrics = self.common["metrics"].as_array().into_iter().flatten();
        let metrics: Vec<&str> = metrics.filter_map(Value::as_str).collect();
        let figures = Scores::names(&metrics, self.common["validation_size"] != 0);
        self.runs.iter().map(move |Record { varying, run, .. }| {
            let network = self.networks.get(&varying.hidden)?;
            let has_seeds = (run.seed, run.data_seed) == (varying.seed, varying.data_seed);
            let is_own = has_seeds && run.scores.iter().map(|(name, _)| name).eq(&figures);
            varying.id(&self.common, network).ok().filter(|_| is_own)
        })
    }

    /// The name of the file, which follows from the names of its runs.
    pub fn file_name(&self) -> String {
        let names: Vec<String> = self.trials.iter().map(TrialId::to_string).collect();
        format!("{:.32}.jsonl", sha256(names.join(" ").as_bytes()))
    }

    /// The file.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let line = serde_json::to_vec(self)?;
        let head = serde_json::to_vec(&Head { format: FORMAT, sha256: sha256(&line) })?;
        Ok([head, line, vec![]].join(&b'\n'))
    }

    /// Whether this version would write the same body with the same names of runs. Parsing alone does not
    /// tell, because serde ignores unknown fields.
    fn is_written_as(&self, line: &[u8]) -> bool {
        self.names().eq(self.trials.iter().cloned().map(Some))
            && serde_json::to_vec(self).is_ok_and(|written| written == line)
    }
}
