//! The folder of a program's results: which program may write to it, and what becomes of other
//! results.
//!
//! A folder holds one experiment, which `experiment.json` describes. A program replaces results only
//! if it trains all their runs again. Other results stay: those in the default folder are renamed,
//! and a folder given by `--out` is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::args::OutputArgs;
use super::contents::{Begin, Contents, DESCRIPTION, Held};
use super::terminal::{tell, warn};
use crate::checkpoint::Checkpoints;
use crate::experiment::Store;
use crate::files::{self, Access, Lock};

/// The folder of the checkpoints inside a folder of results.
pub(super) const CHECKPOINTS: &str = "checkpoints";

/// The folder of the finished runs of a grid inside a folder of results.
pub(super) const STORE: &str = "store";

/// A folder that this program has locked for its results.
pub(super) struct Claimed {
    pub folder: PathBuf,
    pub lock: Lock,
    /// What it holds and this program replaces or extends.
    pub held: Option<Contents>,
}

impl Claimed {
    /// Describes in the folder that a program trains. Results that are still there keep their seeds.
    pub fn begin(&self, contents: &Contents) -> Result<()> {
        self.held.as_ref().unwrap_or(contents).in_training().write(&self.folder)
    }
}

impl OutputArgs {
    /// Locks the folder of a program's results. `own` are the names of the files that the program
    /// writes.
    ///
    /// Results of other settings in the default folder are renamed.
    ///
    /// # Errors
    /// If the folder cannot be used, another program uses it, it has an unfinished run and none is to be
    /// resumed, or it holds other results and is not the default one.
    pub(super) fn claim(&self, contents: &Contents, own: &[&str], begin: Begin) -> Result<Claimed> {
        let folder = self.folder(&contents.experiment);
        let place = if self.out.is_some() { "--out" } else { "the default folder" };
        loop {
            files::create_folder(&folder, own).context(place)?;
            let lock = lock(&folder, contents)?;
            if self.fresh {
                let _alone = alone(&folder)?;
                remove_results(&folder, own)?;
            }
            let (held, other) = match Held::read(&folder) {
                Held::Described(held) if !is_used(&folder, &held)? => (None, None),
                Held::Described(held) => {
                    let other = contents.difference(&held, begin);
                    let other = match other {
                        None if begin == Begin::Over => replaced(&folder, contents, &held)?,
                        other => other,
                    };
                    let words = |[name, own, held]: [String; 3]| {
                        format!("expected {name} {own}, received {held}")
                    };
                    (Some(held), other.map(words))
                }
                Held::Unknown(why) => (None, Some(format!("{DESCRIPTION}: {why}"))),
                Held::Undescribed if has_results(&folder, contents, own)? => {
                    (None, Some(format!("there is no {DESCRIPTION} beside them")))
                }
                // Finished runs and checkpoints describe themselves.
                Held::Undescribed => (None, None),
            };
            let Some(how) = other else {
                for path in [&folder, &folder.join(CHECKPOINTS)] {
                    files::remove_abandoned(path)?;
                }
                return Ok(Claimed { folder, lock, held });
            };
            let name = folder.display();
            if self.out.is_some() || begin == Begin::Resume {
                bail!(
                    "{name} holds other results: {how}; choose another --out, or replace them with \
                     --fresh"
                )
            }
            let aside = set_aside(&folder)?;
            tell(&format!(
                "{name} held other results ({how}): they are now in {}",
                aside.display()
            ));
        }
    }
}

/// Returns how checkpoints differ from those of a run that starts over, if they have more epochs.
///
/// # Errors
/// If they are those of an unfinished run, whose work would be lost.
fn replaced(folder: &Path, contents: &Contents, held: &Contents) -> Result<Option<[String; 3]>> {
    let epochs = contents.settings["epochs"].as_u64().unwrap_or(0) as usize;
    let last = Checkpoints::last_epochs(&folder.join(CHECKPOINTS))?;
    if let Some(most) = last.iter().max().filter(|most| **most > epochs) {
        return Ok(Some(["epochs".to_string(), epochs.to_string(), most.to_string()]));
    }
    match last.iter().min() {
        Some(least) if !held.finished && *least < epochs => bail!(
            "{} holds an unfinished run, at epoch {least} of {epochs}: continue it with --resume, or \
             start over with --fresh",
            folder.display()
        ),
        _ => Ok(None),
    }
}

/// Locks a folder. Programs that share finished runs wait for each other; others are refused.
fn lock(folder: &Path, contents: &Contents) -> Result<Lock> {
    const POLL: Duration = Duration::from_millis(10);
    let begin = Instant::now();
    loop {
        if let Some(lock) = Lock::try_new(folder, Access::Exclusive, &mut |line| warn(&line))? {
            return Ok(lock);
        }
        match Held::read(folder) {
            Held::Described(held) if held.experiment == contents.experiment && held.is_shared() => {
                return lock_results(folder);
            }
            // The other program has just begun, and describes the folder in a moment.
            Held::Undescribed if begin.elapsed() < Duration::from_secs(5) => thread::sleep(POLL),
            _ => bail!(
                "another program writes its results to {}; expected another --out",
                folder.display()
            ),
        }
    }
}

/// Locks the results of a folder, after the programs that are writing them.
pub(super) fn lock_results(folder: &Path) -> Result<Lock> {
    let wait = || {
        tell(&format!("waiting for another program that writes to {}", folder.display()));
    };
    Lock::wait(folder, Access::Exclusive, &mut |line| warn(&line), wait)
}

/// Checks that no program trains runs of the folder, and lets none begin while the lock lives.
fn alone(folder: &Path) -> Result<Option<Lock>> {
    let store = folder.join(STORE);
    if !store.is_dir() {
        return Ok(None);
    }
    match Lock::try_new(&store, Access::Exclusive, &mut |line| warn(&line))? {
        Some(lock) => Ok(Some(lock)),
        None => bail!(
            "another program trains runs of {}: choose another --out, or wait until it has ended",
            folder.display()
        ),
    }
}

/// Renames a folder to the first free one of `FOLDER.1`, `FOLDER.2` and so on.
fn set_aside(folder: &Path) -> Result<PathBuf> {
    let _alone = alone(folder)?;
    let numbered = |number: usize| {
        let mut name = folder.as_os_str().to_os_string();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    let free = (1..).map(numbered).find(|path| fs::symlink_metadata(path).is_err());
    let free = free.context("there is no free name")?;
    fs::rename(folder, &free)
        .with_context(|| format!("cannot rename {} to {}", folder.display(), free.display()))?;
    Ok(free)
}

/// Removes only the results of the described program or, without a description, files with the names of this
/// program's results.
fn remove_results(folder: &Path, own: &[&str]) -> Result<()> {
    let names = match Held::read(folder) {
        Held::Described(held) => written_by(&held.experiment),
        _ => own,
    };
    files::remove(folder, names)?;
    Checkpoints::remove(&folder.join(CHECKPOINTS))?;
    super::robustness::parts::Parts::remove(folder)?;
    let store = folder.join(STORE);
    files::remove(&store, &[super::run_grid::GRID, super::share::ARRAY])?;
    Store::remove(&store)?;
    files::remove(folder, &[DESCRIPTION])
}

/// Returns whether a folder holds anything that a program of its description has written.
fn is_used(folder: &Path, held: &Contents) -> Result<bool> {
    let checkpoints = Checkpoints::paths(&folder.join(CHECKPOINTS))?;
    let has_results = written_by(&held.experiment).iter().any(|name| has(folder, name));
    Ok(!checkpoints.is_empty() || has_results || has_runs(folder)?)
}

/// Returns whether a folder without a description holds results of this program's names.
fn has_results(folder: &Path, contents: &Contents, own: &[&str]) -> Result<bool> {
    let has_others = !contents.is_shared() && has_runs(folder)?;
    Ok(has_others || own.iter().any(|name| has(folder, name)))
}

fn has_runs(folder: &Path) -> Result<bool> {
    let store = folder.join(STORE);
    Ok(has(&store, super::run_grid::GRID) || Store::device(&store)?.is_some())
}

fn has(folder: &Path, name: &str) -> bool {
    fs::symlink_metadata(folder.join(name)).is_ok()
}

/// Returns whether a program writes files of this name into its folder.
pub(super) fn is_result(name: &str) -> bool {
    let programs = [&super::grid_report::FILES[..], &super::run::FILES[..]];
    name == DESCRIPTION || programs.iter().any(|files| files.contains(&name))
}

/// Returns the names of the files that a program writes.
fn written_by(experiment: &str) -> &'static [&'static str] {
    match experiment {
        "grid_search" => &super::grid_report::FILES,
        "circles" => &super::circles::FILES,
        "compare" => &super::compare::FILES,
        "robustness" => &super::robustness::FILES,
        _ => &super::run::FILES,
    }
}
