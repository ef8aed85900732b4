//! A folder of finished runs, so that nothing finished is lost or done again.
//!
//! Each finished chunk of runs is one file of two lines of JSON: a head with the format version and
//! the SHA-256 of the second line, and the runs with their names, which follow from everything that
//! determines a run's bits ([`Basis::id`]), and with what all runs of the store share.
//! A file is written whole or not at all, never changed, and named by the runs it has; so two
//! programs may write to one store, and a run is there whole or not at all whenever a program ends.
//! Only runs without scores under attack, if these are asked for later, are trained and written again with them.
//!
//! A store is locked while it is open: several programs may train, and none can remove runs meanwhile.
//!
//! A file is damaged if its checksum is wrong or it has no head. One with fields that this version does
//! not write, or without some that it does, is another version's, and is left alone.

pub(crate) mod file;

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use rayon::prelude::*;

use file::{Body, Content};

use super::basis::Basis;
use super::plan::Plan;
use super::record::Record;
use super::trial::{Trial, TrialId};
use crate::files::{self, Access, Lock};

/// The finished runs of one folder.
#[derive(Debug)]
pub struct Store {
    /// `None` for a store in memory.
    folder: Option<PathBuf>,
    basis: Basis,
    runs: Mutex<HashMap<TrialId, Record>>,
    /// Keeps others from removing the runs.
    _lock: Option<Lock>,
}

impl Store {
    /// Opens the store of a folder and reads what is finished. Damaged files are set aside, each
    /// with a line to `warn`; their runs count as not done.
    ///
    /// # Errors
    /// If the folder cannot be read or written to, or holds runs of another experiment or of another
    /// version.
    pub fn open(folder: &Path, basis: Basis, warn: &mut dyn FnMut(String)) -> Result<Self> {
        files::create_folder(folder, &[])?;
        let Some(lock) = Lock::try_new(folder, Access::Shared, warn)? else {
            bail!("another program removes the runs of {}; try again", folder.display())
        };
        files::remove_abandoned(folder)?;
        let mut paths = files::entries(folder)?;
        paths.retain(|path| is_run(path));
        let read = |path: PathBuf| Ok((file::read(&path)?, path));
        let read: Vec<(Content, PathBuf)> =
            paths.into_par_iter().map(read).collect::<Result<_>>()?;
        let mut runs = HashMap::new();
        for (content, path) in read {
            let name = path.display();
            match content {
                Content::Whole(body) => {
                    if let Some(how) = basis.other_experiment(&body.common, &body.networks) {
                        bail!(
                            "{} holds runs of another experiment: {how}; name another --out, or \
                             start over with --fresh",
                            folder.display()
                        )
                    }
                    keep(&mut runs, body);
                }
                Content::Foreign(how) => bail!(
                    "{name} was written by {how}; name another --out, or start over with --fresh"
                ),
                Content::Damaged(why) if !is_named_as_run(&path) => {
                    warn(format!("{name} is no file of finished runs ({why}): it is not read"));
                }
                Content::Damaged(why) => {
                    let aside = path.with_extension("damaged");
                    match fs::rename(&path, &aside) {
                        // Another program has done so.
                        Err(error) if error.kind() == ErrorKind::NotFound => {}
                        renamed => renamed.with_context(|| format!("cannot set {name} aside"))?,
                    }
                    let aside = aside.display();
                    warn(format!("{name} is damaged ({why}): set aside as {aside}, to be redone"));
                }
                Content::Gone => {}
            }
        }
        let runs = Mutex::new(runs);
        Ok(Self { folder: Some(folder.to_path_buf()), basis, runs, _lock: Some(lock) })
    }

    /// A store that keeps nothing.
    pub fn in_memory(basis: Basis) -> Self {
        Self { folder: None, basis, runs: Mutex::default(), _lock: None }
    }

    /// What all its runs have in common.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// A finished run.
    ///
    /// # Errors
    /// If the run is of no width of the plan.
    pub fn get(&self, trial: &Trial) -> Result<Option<Record>> {
        Ok(self.lock().get(&self.basis.id(trial)?).cloned())
    }

    /// Whether a run is finished.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn contains(&self, trial: &Trial) -> Result<bool> {
        Ok(self.lock().contains_key(&self.basis.id(trial)?))
    }

    /// Whether a plan has everything that it asks for of a run: its figures, and scores under attack if it wants them.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn has_all(&self, plan: &Plan, trial: &Trial) -> Result<bool> {
        let (name, runs) = (self.basis.id(trial)?, self.lock());
        Ok(runs.get(&name).is_some_and(|own| !plan.robustness || own.is_attacked()))
    }

    /// The finished runs of each cell of a plan, data seed by data seed.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn records(&self, plan: &Plan) -> Result<Vec<Vec<Record>>> {
        let of = |cell| {
            let found = plan.trials_of(cell).map(|trial| self.get(&trial));
            let found = found.collect::<Result<Vec<_>>>()?;
            Ok(found.into_iter().flatten().collect())
        };
        plan.cells().into_iter().map(of).collect()
    }

    /// Writes finished runs to the disk as one file; they are finished when it is there.
    ///
    /// # Errors
    /// If the file cannot be written; what the store has already is kept.
    pub fn put(&self, runs: Vec<Record>) -> Result<()> {
        let body = Body::new(&self.basis, runs)?;
        if let Some(folder) = &self.folder {
            files::write(&folder.join(body.file_name()), &body.encode()?)?;
        }
        keep(&mut self.lock(), body);
        Ok(())
    }

    /// The kind of device, `cpu` or `cuda`, on which the runs in a folder were trained; `None` if
    /// there are none.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn device(folder: &Path) -> Result<Option<String>> {
        for path in files::entries(folder)?.into_iter().filter(|path| is_run(path)) {
            if let Content::Whole(body) = file::read(&path)? {
                return Ok(body.common["device"].as_str().map(str::to_string));
            }
        }
        Ok(None)
    }

    /// Removes the files of a folder's store, and the folder if it is empty then. Nobody else may use it.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn remove(folder: &Path) -> Result<()> {
        for path in files::entries(folder)? {
            let is_damaged = path.extension().is_some_and(|extension| extension == "damaged");
            let is_own = is_named_as_run(&path)
                || (is_run(&path) && !matches!(file::read(&path)?, Content::Damaged(_)));
            if is_own || (is_damaged && is_named_as_run(&path.with_extension("jsonl"))) {
                files::remove_file(&path)?;
            }
        }
        Lock::remove(folder);
        // It stays if something else is in it.
        let _ = fs::remove_dir(folder);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TrialId, Record>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the runs of a file. Of a run that two files have, the one with scores under attack is kept.
fn keep(known: &mut HashMap<TrialId, Record>, body: Body) {
    for (name, run) in body.trials.into_iter().zip(body.runs) {
        if !run.robust.is_empty() || !known.contains_key(&name) {
            known.insert(name, run);
        }
    }
}

/// Whether a file has the name that this version gives to finished runs, [`Body::file_name`].
fn is_named_as_run(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    is_run(path) && stem.len() == 32 && stem.bytes().all(is_digit)
}

/// Whether a file of the folder has finished runs, by its name.
fn is_run(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}
