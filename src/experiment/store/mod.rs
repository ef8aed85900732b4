//! A folder of finished runs, so that nothing finished is lost or done again.
//!
//! Each finished chunk of runs is one file of two lines of JSON: a head with the format version and
//! the SHA-256 of the second line, and the runs with their names, which follow from everything that
//! determines a run's bits ([`Trial`](super::Trial)), and with the settings that all runs of the store share.
//! A file is written whole or not at all, never changed, and named by the runs it has; so two
//! programs may write to one store, and a run is there whole or not at all whenever a program ends.
//!
//! A file is damaged if its checksum is wrong or it has no head. One with fields that this version does
//! not write, or without some that it does, is another version's, and is left alone.

mod common;
mod file;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rayon::prelude::*;

pub use common::Common;
use file::{Body, Content};

use super::fingerprint::Fingerprint;
use super::record::{Record, RunId};
use super::trial::TrialId;
use crate::files;

/// The finished runs of one folder.
pub struct Store {
    folder: PathBuf,
    common: Common,
    runs: Mutex<HashMap<TrialId, Record>>,
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
        let read = |path: PathBuf| Ok((file::read(&path)?, path));
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
        let body = Body::new(self.common.clone(), runs);
        files::write(&self.folder.join(body.file_name()), &body.encode()?)?;
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
            if let Content::Whole(body) = file::read(&path)? {
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
