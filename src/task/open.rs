//! The tasks of this crate by name.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Circles, Digits, Moons, Task, Vowels};

/// A data file: its content, and its name in messages.
type File = (Vec<u8>, String);

/// Opens a task on files, if there are any, or with a number of drawn points and the noise in them.
type Open = fn(&[File], (usize, f64)) -> candle_core::Result<Box<dyn Task>>;

/// Each task with the number of files that can replace its built-in data. A new task is one entry
/// here.
const TASKS: [(&str, usize, Open); 4] = [
    ("circles", 0, |_, (samples, noise)| Ok(Box::new(Circles::new(samples, noise)?))),
    ("moons", 0, |_, (samples, noise)| Ok(Box::new(Moons::new(samples, noise)?))),
    ("digits", 1, |files, _| match files {
        [(bytes, name)] => Ok(Box::new(Digits::read(bytes, name)?)),
        _ => Ok(Box::new(Digits::new()?)),
    }),
    ("vowels", 2, |files, _| match files {
        [train, test] => Ok(Box::new(Vowels::read([train, test].map(|(b, n)| (&b[..], &n[..])))?)),
        _ => Ok(Box::new(Vowels::new()?)),
    }),
];

/// The names of the tasks of this crate.
pub fn names() -> impl Iterator<Item = &'static str> {
    TASKS.iter().map(|(name, ..)| *name)
}

/// Returns the number of files that can replace the built-in data of a task; 0 if there is no such
/// task.
pub fn files(name: &str) -> usize {
    TASKS.iter().find(|(own, ..)| *own == name).map_or(0, |(_, files, _)| *files)
}

/// Opens a task of this crate. Files, if there are any, replace the built-in data. `drawn` sets the
/// number of points and the noise of drawn data.
///
/// # Errors
/// If there is no such task, the number of files is wrong, the settings are out of range, or a file
/// cannot be read or is of another kind.
pub fn open(name: &str, files: &[PathBuf], drawn: Option<(usize, f64)>) -> Result<Box<dyn Task>> {
    let task = TASKS.iter().find(|(own, ..)| *own == name);
    let (_, expected, open) = task.with_context(|| format!("there is no task {name}"))?;
    ensure!(
        files.is_empty() || files.len() == *expected,
        "the {name} take {expected} files, received {}",
        files.len()
    );
    let files = files.iter().map(|file| read(file)).collect::<Result<Vec<_>>>()?;
    Ok(open(&files, drawn.unwrap_or((100, 0.1)))?)
}

fn read(file: &Path) -> Result<File> {
    let name = file.display().to_string();
    let bytes = fs::read(file).with_context(|| format!("cannot read {name}"))?;
    Ok((bytes, name))
}
