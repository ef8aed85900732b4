//! The folder of a program's results: what it holds, and which program may write to it.
//!
//! A folder holds one experiment, which `experiment.json` describes. A program replaces results only
//! if it trains all their runs again. Other results stay: those in the default folder are renamed,
//! and a folder given by `--out` is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::args::OutputArgs;
use super::results::RESULT;
use super::terminal::{tell, warn};
use crate::checkpoint::{Checkpoints, difference, settings_difference};
use crate::experiment::Store;
use crate::files::{self, Access, Lock};

/// The folder of the checkpoints inside a folder of results.
pub(super) const CHECKPOINTS: &str = "checkpoints";

/// The folder of the finished runs of a grid inside a folder of results.
pub(super) const STORE: &str = "store";

/// The file that describes what a folder holds.
const DESCRIPTION: &str = "experiment.json";

/// Version of that file, raised when its format changes.
const FORMAT: u64 = 1;

/// The experiment that a folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Contents {
    format: u64,
    /// The name of the program.
    experiment: String,
    /// What determines the results, but for the seeds of repeats.
    settings: Value,
    /// The first seed and the number of repeats, if the results are those of these seeds alone.
    repeats: Option<(u64, usize)>,
}

/// What becomes of an experiment that a folder already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// It is replaced, if all its runs are trained again.
    Over,
    /// It is continued, perhaps with more epochs.
    Resume,
}

impl Contents {
    pub fn new(experiment: &str, settings: Value, repeats: Option<(u64, usize)>) -> Self {
        Self { format: FORMAT, experiment: experiment.to_string(), settings, repeats }
    }

    /// Returns what a folder holds; `None` if it is not described, or by another version.
    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(DESCRIPTION)).ok()?).ok()
    }

    /// Describes what a folder holds.
    pub fn write(&self, folder: &Path) -> Result<()> {
        files::write(&folder.join(DESCRIPTION), &serde_json::to_vec_pretty(self)?)
    }

    /// Returns how results in the folder differ from those to come, if they do: what differs, here and
    /// there.
    fn difference(&self, held: &Self, begin: Begin, has_results: bool) -> Option<[String; 3]> {
        let own_experiment = &Value::from(self.experiment.as_str());
        let held_experiment = &Value::from(held.experiment.as_str());
        if let Some(found) = difference("experiment", own_experiment, held_experiment) {
            return Some(found);
        }
        let mut settings = self.settings.clone();
        if begin == Begin::Resume {
            settings["epochs"] = held.settings["epochs"].clone(); // checked with the checkpoint
        }
        if let Some(found) = settings_difference(&settings, &held.settings) {
            return Some(found);
        }
        let ((seed, repeats), (first, count)) = (self.repeats?, held.repeats?);
        let last =
            |seed: u64, repeats: usize| seed.saturating_add((repeats as u64).saturating_sub(1));
        let has_all = seed <= first && last(first, count) <= last(seed, repeats);
        let seeds = |seed: u64, repeats: usize| match repeats {
            1 => seed.to_string(),
            _ => format!("{seed} to {}", last(seed, repeats)),
        };
        let seeds = ["seeds".to_string(), seeds(seed, repeats), seeds(first, count)];
        (has_results && !has_all).then_some(seeds)
    }
}

impl OutputArgs {
    /// Locks the folder of a program's results, which the caller then describes. `own` are the names
    /// of the files that the program writes.
    ///
    /// Results of other settings in the default folder are renamed.
    ///
    /// # Errors
    /// If the folder cannot be used, another program uses it, or it holds other results and is not
    /// the default one.
    pub(super) fn claim(
        &self,
        contents: &Contents,
        own: &[&str],
        begin: Begin,
    ) -> Result<(PathBuf, Lock)> {
        let folder = self.folder(&contents.experiment);
        loop {
            files::create_folder(&folder, own).context("--out")?;
            let lock = lock(&folder, contents)?;
            if self.fresh {
                let _alone = alone(&folder)?;
                remove_results(&folder)?;
            }
            let other = match Contents::read(&folder) {
                Some(_) if !is_used(&folder)? => None,
                Some(held) => contents.difference(&held, begin, has(&folder, RESULT)),
                None if has_unknown_results(&folder, contents) => {
                    Some(["format", DESCRIPTION, "that of an earlier version"].map(str::to_string))
                }
                // Finished runs and checkpoints say themselves what they are.
                None => None,
            };
            let Some([setting, own, held]) = other else {
                return Ok((folder, lock));
            };
            let name = folder.display();
            if self.out.is_some() || begin == Begin::Resume {
                bail!(
                    "{name} holds other results: expected {setting} {own}, received {held}; choose \
                     another --out, or replace them with --fresh"
                )
            }
            let aside = set_aside(&folder)?;
            tell(&format!(
                "{name} held other results ({setting} {held}, not {own}): they are now in {}",
                aside.display()
            ));
        }
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
        match Contents::read(folder) {
            Some(held) if held.experiment == contents.experiment && held.repeats.is_none() => {
                return lock_results(folder);
            }
            // The other program has just begun, and describes the folder in a moment.
            None if begin.elapsed() < Duration::from_secs(5) => thread::sleep(POLL),
            _ => bail!(
                "another program writes its results to {}; expected another --out",
                folder.display()
            ),
        }
    }
}

/// Locks the results of a folder, after the programs that are writing them.
pub(super) fn lock_results(folder: &Path) -> Result<Lock> {
    let wait = || tell(&format!("waiting for another program to write to {}", folder.display()));
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
            "another program trains runs of {}; expected another --out, or that it has ended",
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

/// Removes everything that programs write to a folder, and nothing else.
fn remove_results(folder: &Path) -> Result<()> {
    files::remove(folder, &names())?;
    files::remove(folder, &[DESCRIPTION])?;
    Checkpoints::remove(&folder.join(CHECKPOINTS))?;
    let store = folder.join(STORE);
    files::remove(&store, &[super::run_grid::GRID, super::share::ARRAY])?;
    Store::remove(&store)
}

/// Returns whether the folder holds anything that a program has written.
fn is_used(folder: &Path) -> Result<bool> {
    let checkpoints = Checkpoints::paths(&folder.join(CHECKPOINTS))?;
    Ok(!checkpoints.is_empty() || has(folder, STORE) || holds_files(folder))
}

/// Returns whether a folder without a description holds results.
fn has_unknown_results(folder: &Path, contents: &Contents) -> bool {
    holds_files(folder) || (contents.repeats.is_some() && has(folder, STORE))
}

fn holds_files(folder: &Path) -> bool {
    names().into_iter().any(|name| has(folder, name))
}

fn has(folder: &Path, name: &str) -> bool {
    fs::symlink_metadata(folder.join(name)).is_ok()
}

/// The names of the files that programs write.
fn names() -> Vec<&'static str> {
    [super::run::FILES.as_slice(), &super::grid_report::FILES, &super::circles::FILES].concat()
}
