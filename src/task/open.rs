//! The tasks of this crate by name.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{Circles, Digits, Moons, Task, Vowels};

/// The names of the tasks of this crate.
pub const NAMES: [&str; 4] = ["circles", "moons", "digits", "vowels"];

/// Number of files that can take the place of the data that come with a task.
pub fn files(name: &str) -> usize {
    match name {
        "digits" => 1,
        "vowels" => 2,
        _ => 0,
    }
}

/// Opens a task of this crate: on the files, if there are any, in place of the data that come with it; and,
/// if the data are drawn, with so many points and so much noise in them.
///
/// # Errors
/// If there is no such task, it takes another number of files, the settings are out of range, or a file
/// cannot be read or is of another kind.
pub fn open(name: &str, files: &[PathBuf], drawn: Option<(usize, f64)>) -> Result<Box<dyn Task>> {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let read = |i: usize| fs::read(&files[i]).with_context(|| format!("cannot read {}", names[i]));
    let (samples, noise) = drawn.unwrap_or((100, 0.1));
    Ok(match (name, files.len()) {
        ("circles", 0) => Box::new(Circles::new(samples, noise)?),
        ("moons", 0) => Box::new(Moons::new(samples, noise)?),
        ("digits", 0) => Box::new(Digits::new()?),
        ("digits", 1) => Box::new(Digits::read(&read(0)?, &names[0])?),
        ("vowels", 0) => Box::new(Vowels::new()?),
        ("vowels", 2) => {
            let (train, test) = (read(0)?, read(1)?);
            Box::new(Vowels::read([(&train, &names[0]), (&test, &names[1])])?)
        }
        _ => bail!("no task {name} on {} files", files.len()),
    })
}
