//! A folder of finished runs, so that nothing finished is lost or done again.
//!
//! Each finished chunk of runs is one file of two lines of JSON: a head with the format version and
//! the SHA-256 of the second line, and the runs with their names, which follow from everything that
//! determines a run's bits ([`Trial`]), and with the settings that all runs of the store share.
//! A file is written whole or not at all, never changed, and named by the runs it has; so two
//! programs may write to one store, and a run is there whole or not at all whenever a program ends.
//!
//! A file is damaged if its checksum is wrong or it has no head. One with fields that this version does
//! not write, or without some that it does, is another version's, and is left alone.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fingerprint::Fingerprint;
use super::grid::Grid;
use super::record::{Record, RunId};
use super::settings::Settings;
use super::task::Task;
use super::trial::{Trial, TrialId};
use crate::files::{self, other_version, sha256};

/// Version of the files, raised when their form changes.
const FORMAT: u64 = 2;

/// What all runs of a store have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Common {
    task: Task,
    data: Option<Fingerprint>,
    samples: usize,
    data_noise: f64,
    validation_size: usize,
    epochs: usize,
    batch_size: usize,
    device: String,
}

impl Common {
    /// What the runs of a grid on some data have in common; the data are `None` where the settings
    /// determine them. `device` is `cpu` or `cuda`, whose bits may differ.
    pub fn new(grid: &Grid, data: Option<Fingerprint>, device: &str) -> Self {
        Self {
            task: grid.task,
            data,
            samples: grid.samples,
            data_noise: grid.data_noise + 0., // -0 is 0
            validation_size: grid.validation_size,
            epochs: grid.epochs,
            batch_size: grid.batch_size,
            device: device.to_string(),
        }
    }

    /// The name of a run.
    fn trial(&self, id: &RunId) -> TrialId {
        let shared = Settings {
            task: self.task,
            samples: self.samples,
            data_noise: self.data_noise,
            validation_size: self.validation_size,
            epochs: self.epochs,
            batch_size: self.batch_size,
            ..Settings::default()
        };
        let settings = id.cell.settings(shared, id.data_seed);
        Trial::new(&settings, self.data.as_ref(), &self.device, id.seed).id()
    }

    /// The first setting that differs, as (name, own, other).
    fn difference(&self, other: &Self) -> Option<[String; 3]> {
        let fields = |common: &Self| {
            let data = common.data.as_ref().map_or("none".to_string(), Fingerprint::to_string);
            [
                ("task", common.task.to_string()),
                ("content of the data", data),
                ("samples", common.samples.to_string()),
                ("data noise", common.data_noise.to_string()),
                ("validation size", common.validation_size.to_string()),
                ("epochs", common.epochs.to_string()),
                ("batch size", common.batch_size.to_string()),
                ("device", common.device.clone()),
            ]
        };
        let mut pairs = fields(self).into_iter().zip(fields(other));
        let ((name, own), (_, other)) = pairs.find(|(own, other)| own != other)?;
        Some([name.to_string(), own, other])
    }
}

#[derive(Serialize)]
struct Head {
    format: u64,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Body {
    common: Common,
    /// The names of the runs.
    trials: Vec<TrialId>,
    runs: Vec<Record>,
}

/// The finished runs of one folder.
pub struct Store {
    folder: PathBuf,
    common: Common,
    runs: Mutex<HashMap<TrialId, Record>>,
}

/// What a file of the store turned out to be.
enum Content {
    Whole(Body),
    Damaged(String),
    /// Written by another version: how it shows.
    Foreign(String),
    /// Another program has removed it.
    Gone,
}

impl Store {
    /// Opens the store of a folder and reads what is finished. Damaged files are set aside, each
    /// with a line to `warn`; their runs count as not done.
    ///
    /// # Errors
    /// When the folder cannot be read or written to, or holds runs of another experiment or of another
    /// version.
    pub fn open(folder: &Path, common: Common, warn: &mut dyn FnMut(String)) -> Result<Self> {
        files::create_folder(folder, &[])?;
        let mut paths = Vec::new();
        for path in entries(folder)? {
            match path.extension() {
                _ if is_run(&path) => paths.push(path),
                None => remove_abandoned(&path),
                _ => {}
            }
        }
        let read = |path: PathBuf| Ok((read_file(&path)?, path));
        let read: Vec<(Content, PathBuf)> =
            paths.into_par_iter().map(read).collect::<Result<_>>()?;
        let mut runs = HashMap::new();
        for (content, path) in read {
            let name = path.display();
            match content {
                Content::Whole(body) => {
                    if let Some([setting, own, other]) = common.difference(&body.common) {
                        bail!(
                            "{} holds runs of another experiment: expected {setting} {own}, \
                             received {other}; name another --out, or start over with --fresh",
                            folder.display()
                        )
                    }
                    runs.extend(body.trials.into_iter().zip(body.runs));
                }
                Content::Foreign(how) => bail!(
                    "{name} was written by {how}; name another --out, or start over with --fresh"
                ),
                Content::Damaged(why) => {
                    let aside = path.with_extension("damaged");
                    fs::rename(&path, &aside)
                        .with_context(|| format!("cannot set {name} aside"))?;
                    let aside = aside.display();
                    warn(format!("{name} is damaged ({why}): set aside as {aside}, to be redone"));
                }
                Content::Gone => {}
            }
        }
        Ok(Self { folder: folder.to_path_buf(), common, runs: Mutex::new(runs) })
    }

    /// A finished run.
    pub fn get(&self, id: &RunId) -> Option<Record> {
        self.lock().get(&self.common.trial(id)).cloned()
    }

    /// Whether a run is finished.
    pub fn contains(&self, id: &RunId) -> bool {
        self.lock().contains_key(&self.common.trial(id))
    }

    /// Writes finished runs to the disk as one file; they are finished when it is there.
    ///
    /// # Errors
    /// When the file cannot be written; what the store has already is kept.
    pub fn put(&self, runs: Vec<Record>) -> Result<()> {
        let trials: Vec<TrialId> =
            runs.iter().map(|record| self.common.trial(&record.id)).collect();
        let name = sha256(serde_json::to_string(&trials)?.as_bytes());
        let body = Body { common: self.common.clone(), trials, runs };
        let line = serde_json::to_vec(&body)?;
        let head = serde_json::to_vec(&Head { format: FORMAT, sha256: sha256(&line) })?;
        let path = self.folder.join(&name[..32]).with_extension("jsonl");
        files::write(&path, &[head, line, vec![]].join(&b'\n'))?;
        self.lock().extend(body.trials.into_iter().zip(body.runs));
        Ok(())
    }

    /// The content of the data that the runs are trained on; `None` where the settings determine it.
    pub fn data(&self) -> Option<&Fingerprint> {
        self.common.data.as_ref()
    }

    /// The kind of device, `cpu` or `cuda`, on which the runs in a folder were trained; `None` where
    /// there are none.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn device(folder: &Path) -> Result<Option<String>> {
        if !folder.exists() {
            return Ok(None);
        }
        for path in entries(folder)?.into_iter().filter(|path| is_run(path)) {
            if let Content::Whole(body) = read_file(&path)? {
                return Ok(Some(body.common.device));
            }
        }
        Ok(None)
    }

    /// Removes the files of a folder's store.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn remove(folder: &Path) -> Result<()> {
        if !folder.exists() {
            return Ok(());
        }
        let own = |path: &PathBuf| {
            is_run(path) || path.extension().is_some_and(|extension| extension == "damaged")
        };
        let names = entries(folder)?.into_iter().filter(own);
        let names: Vec<String> =
            names.filter_map(|path| Some(path.file_name()?.to_str()?.to_string())).collect();
        files::remove(folder, &names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TrialId, Record>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let paths = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let paths: std::io::Result<Vec<PathBuf>> = paths();
    paths.with_context(|| format!("cannot read the folder {}", folder.display()))
}

/// Whether a file of the folder has finished runs, by its name.
fn is_run(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

fn read_file(path: &Path) -> Result<Content> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Content::Gone),
        bytes => bytes.with_context(|| format!("cannot read {}", path.display()))?,
    };
    Ok(parse(&bytes).unwrap_or_else(|error| Content::Damaged(format!("{error:#}"))))
}

fn parse(bytes: &[u8]) -> Result<Content> {
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
    /// Whether this version writes the body like this and gives its runs these names: serde passes
    /// over fields that it does not know.
    fn is_written_as(&self, line: &[u8]) -> bool {
        let trials = self.runs.iter().map(|record| self.common.trial(&record.id));
        trials.eq(self.trials.iter().cloned())
            && serde_json::to_vec(self).is_ok_and(|written| written == line)
    }
}

/// A temporary file that a killed program has left. One of a program that still runs is younger.
fn remove_abandoned(path: &Path) {
    const OLD: Duration = Duration::from_secs(3600);
    let is_temporary =
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tmp"));
    let age = || path.metadata().ok()?.modified().ok()?.elapsed().ok();
    if is_temporary && age().is_some_and(|age| age > OLD) {
        // Left where it cannot be removed: it does no harm.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_a_grid_has_the_name_of_the_same_experiment_alone() {
        let grid = Grid {
            samples: 60,
            data_noise: 0.2,
            validation_size: 7,
            hidden: vec![5, 6],
            epochs: 12,
            batch_size: 8,
            learning_rates: vec![0.01],
            train_sizes: vec![20],
            stddevs: vec![0.1],
            data_seeds: vec![3, 4],
            seed: 9,
            repeats: 2,
            ..Grid::default()
        };
        let common = Common::new(&grid, None, "cpu");
        let mut names = Vec::new();
        for id in grid.runs() {
            let settings = grid.settings(&id.cell, id.data_seed);
            names.push(common.trial(&id));
            assert_eq!(names[names.len() - 1], Trial::new(&settings, None, "cpu", id.seed).id());
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), grid.runs().count());
    }
}
