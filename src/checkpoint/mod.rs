//! Checkpoints on disk: the last ones of a training run, in a folder.

pub(crate) mod file;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::files;
use crate::train::Checkpoint;
use file::{Content, decode, encode};

/// Number of checkpoints to keep: the last one, and the previous one in case the last is damaged.
const KEPT: usize = 2;

/// The checkpoints of one training run: the files `NAME.epoch-EPOCH.safetensors` of a folder. The
/// last two are kept.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    name: String,
    run: Value,
}

impl Checkpoints {
    /// Returns the checkpoints of the run called `name`. `run` is what determines its course;
    /// checkpoints of another run are rejected.
    pub fn new(folder: &Path, name: &str, run: Value) -> Self {
        Self { folder: folder.to_path_buf(), name: name.to_string(), run }
    }

    /// Returns the names of the runs with checkpoints in a folder, sorted; none if there is no
    /// folder.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn names(folder: &Path) -> Result<Vec<String>> {
        let mut names: Vec<String> = entries(folder)?.into_iter().map(|entry| entry.0).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Returns the files of all runs in a folder.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
        Ok(entries(folder)?.into_iter().map(|(.., path)| path).collect())
    }

    /// Returns the last epoch of each run in a folder.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn last_epochs(folder: &Path) -> Result<Vec<usize>> {
        let mut last = BTreeMap::new();
        for (name, epoch, _) in entries(folder)? {
            let own = last.entry(name).or_insert(epoch);
            *own = epoch.max(*own);
        }
        Ok(last.into_values().collect())
    }

    /// Removes the checkpoints of all runs in a folder, damaged ones included, and the folder if it is
    /// empty then.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn remove(folder: &Path) -> Result<()> {
        let damaged = |path: &PathBuf| path.extension().is_some_and(|own| own == "damaged");
        let all = files::entries(folder)?.into_iter().filter(damaged).chain(Self::paths(folder)?);
        all.into_iter().try_for_each(|path| files::remove_file(&path))?;
        // It stays if something else is in it.
        let _ = fs::remove_dir(folder);
        Ok(())
    }

    /// Returns what determines the course of the run in a folder; `None` if no checkpoint is whole.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn run_in(folder: &Path) -> Result<Option<Value>> {
        let run = |path: PathBuf| match decode(fs::read(path).ok()?).ok()? {
            Content::Whole(_, run) => Some(run),
            Content::Foreign(_) => None,
        };
        Ok(Self::paths(folder)?.into_iter().find_map(run))
    }

    /// Writes a checkpoint, whole or not at all. Keeps the last checkpoint of an earlier epoch.
    /// Removes checkpoints of later epochs, which belong to an earlier training.
    ///
    /// # Errors
    /// If it cannot be written. The existing checkpoints are kept then.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<PathBuf> {
        let name = format!("{}.epoch-{}.safetensors", self.name, checkpoint.epoch);
        let path = self.folder.join(name);
        files::write(&path, &encode(checkpoint, &self.run)?)?;
        let (later, others): (Vec<_>, Vec<_>) =
            self.files()?.into_iter().partition(|(epoch, _)| *epoch > checkpoint.epoch);
        let mut outdated = later.into_iter().chain(others.into_iter().skip(KEPT));
        outdated.try_for_each(|(_, path)| files::remove_file(&path))?;
        Ok(path)
    }

    /// Returns the last whole checkpoint, or `None` if there is none. Sets a damaged one aside,
    /// with a line to `warn`.
    ///
    /// # Errors
    /// If the checkpoint belongs to another run or was written by another version, or the folder
    /// cannot be read.
    pub fn latest(&self, warn: &mut dyn FnMut(String)) -> Result<Option<Checkpoint>> {
        for (epoch, path) in self.files()? {
            let name = path.display();
            let bytes = fs::read(&path).with_context(|| format!("cannot read {name}"))?;
            match decode(bytes) {
                Ok(Content::Whole(checkpoint, run)) => {
                    if let Some([setting, own, other]) = difference("run", &self.run, &run) {
                        let why = match setting.as_str() {
                            "epochs" => ", on which its learning rates depend",
                            _ => "",
                        };
                        bail!(
                            "{name} is a checkpoint of another experiment: expected {setting} \
                             {own}, received {other}{why}"
                        )
                    }
                    return Ok(Some(*checkpoint));
                }
                Ok(Content::Foreign(how)) => bail!("{name} was written by {how}"),
                Err(error) => {
                    let aside = path.with_extension("damaged");
                    fs::rename(&path, &aside)
                        .with_context(|| format!("cannot set the damaged {name} aside"))?;
                    warn(format!(
                        "{name} is damaged ({error:#}): set aside as {}; what is before epoch \
                         {epoch} is used",
                        aside.display()
                    ));
                }
            }
        }
        Ok(None)
    }

    /// Returns the files of this run, the last epoch first.
    fn files(&self) -> Result<Vec<(usize, PathBuf)>> {
        let own = entries(&self.folder)?.into_iter().filter(|(name, ..)| *name == self.name);
        let mut own: Vec<_> = own.map(|(_, epoch, path)| (epoch, path)).collect();
        own.sort_by(|a, b| b.cmp(a));
        Ok(own)
    }
}

/// Returns the checkpoints of a folder: run, epoch, path.
fn entries(folder: &Path) -> Result<Vec<(String, usize, PathBuf)>> {
    let parse = |path: PathBuf| {
        let stem = path.file_name()?.to_str()?.strip_suffix(".safetensors")?;
        let (name, epoch) = stem.split_once(".epoch-")?;
        Some((name.to_string(), epoch.parse().ok()?, path))
    };
    Ok(files::entries(folder)?.into_iter().filter_map(parse).collect())
}

/// Returns the first setting that differs, as (name, own, other): what a reader knows first, the task
/// and its data in words, then everything else.
pub(crate) fn settings_difference(own: &Value, other: &Value) -> Option<[String; 3]> {
    let first = ["task", "data"].into_iter();
    let mut first = first.filter_map(|name| difference(name, &own[name], &other[name]));
    first.next().or_else(|| difference("", own, other))
}

/// Returns the first setting that differs, as (name, own, other).
pub(crate) fn difference(name: &str, own: &Value, other: &Value) -> Option<[String; 3]> {
    match (own, other) {
        (Value::Object(own), Value::Object(other)) => {
            let names = own.keys().chain(other.keys());
            let of =
                |map: &Map<String, Value>, name: &str| map.get(name).cloned().unwrap_or_default();
            names.filter_map(|name| difference(name, &of(own, name), &of(other, name))).next()
        }
        _ if own == other => None,
        _ => Some(match (first_used(own), first_used(other)) {
            (Some((name, own)), _) if other.is_null() => words(name, own, other),
            (_, Some((name, other))) if own.is_null() => words(name, own, other),
            _ => words(name, own, other),
        }),
    }
}

/// Returns the first setting of an object, such as a recipe, that is switched on, or else the first.
fn first_used(settings: &Value) -> Option<(&String, &Value)> {
    let settings = settings.as_object()?;
    let used = settings.iter().find(|(_, value)| **value != Value::Bool(false));
    used.or_else(|| settings.iter().next())
}

/// Returns a setting and its two values in words.
fn words(name: &str, own: &Value, other: &Value) -> [String; 3] {
    let text = |value: &Value| match value {
        Value::Null => "none".to_string(),
        value => value.to_string(),
    };
    [name.replace('_', " "), text(own), text(other)]
}
