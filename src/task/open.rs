//! The tasks of this crate by name.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, anyhow};

use super::{Circles, Digits, Moons, Task, Vowels};
use crate::data::split::Size;

/// What the data of a task come from. By default they are those of this crate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// Files that replace the data shipped with this crate.
    pub files: Vec<PathBuf>,
    /// Height and width of the images in the file; if `None`, they are square.
    pub shape: Option<[usize; 2]>,
    /// The number of test rows in the files.
    pub test_size: Option<Size>,
    /// The number of points and the noise of drawn data.
    pub drawn: Option<(usize, f64)>,
}

/// Why a task cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// A setting is out of range, or the task does not have it.
    Setting(Error),
    /// A file cannot be read or is of another kind.
    File(Error),
}

/// A data file: its content, and its name in messages.
type File = (Vec<u8>, String);

type Open = fn(&Source, &[File]) -> Result<Box<dyn Task>, OpenError>;

/// Each task with the numbers of files that can replace its built-in data. A new task is one entry
/// here.
const TASKS: [(&str, RangeInclusive<usize>, Open); 4] = [
    ("circles", 0..=0, |source, _| {
        let (samples, noise) = source.points()?;
        Ok(Box::new(Circles::new(samples, noise).map_err(setting)?))
    }),
    ("moons", 0..=0, |source, _| {
        let (samples, noise) = source.points()?;
        Ok(Box::new(Moons::new(samples, noise).map_err(setting)?))
    }),
    ("digits", 1..=1, |source, files| {
        let digits = match files {
            [(bytes, name), ..] => Digits::read(bytes, name, source.shape),
            [] => Digits::new(),
        };
        let digits = digits.map_err(file)?;
        Ok(Box::new(match source.test_size {
            Some(size) => digits.test_size(size).map_err(setting)?,
            None => digits,
        }))
    }),
    ("vowels", 1..=2, |source, files| {
        if source.shape.is_some() {
            let error = "the vowels are sequences: expected no shape of images, received one";
            return Err(OpenError::Setting(anyhow!(error)));
        }
        let vowels = match files {
            [train, test, ..] => Vowels::read([train, test].map(|(b, n)| (&b[..], &n[..]))),
            [(bytes, name)] => Vowels::read_one(bytes, name),
            [] => Vowels::new(),
        };
        let vowels = vowels.map_err(file)?;
        Ok(Box::new(match source.test_size {
            Some(size) => vowels.test_size(size).map_err(setting)?,
            None => vowels,
        }))
    }),
];

/// The names of the tasks of this crate.
pub fn names() -> impl Iterator<Item = &'static str> {
    TASKS.iter().map(|(name, ..)| *name)
}

/// Returns the largest number of files that can replace the built-in data of a task; 0 if there is no
/// such task.
pub fn files(name: &str) -> usize {
    TASKS.iter().find(|(own, ..)| *own == name).map_or(0, |(_, files, _)| *files.end())
}

/// Opens a task of this crate.
///
/// # Errors
/// If there is no such task, a setting is out of range or of another task, the number of files is
/// wrong, or a file cannot be read or is of another kind.
pub fn open(name: &str, source: &Source) -> Result<Box<dyn Task>, OpenError> {
    let Some((_, expected, open)) = TASKS.iter().find(|(own, ..)| *own == name) else {
        return Err(OpenError::Setting(anyhow!("there is no task {name}")));
    };
    let count = source.files.len();
    if count > 0 && !expected.contains(&count) {
        let expected = match (expected.start(), expected.end()) {
            (1, 1) => "1 file".to_string(),
            (least, most) if least == most => format!("{most} files"),
            (least, most) => format!("{least} or {most} files"),
        };
        let error = anyhow!("the {name} take {expected}, received {count}");
        return Err(OpenError::Setting(error));
    }
    if count > 1 && source.test_size.is_some() {
        return Err(OpenError::Setting(anyhow!(
            "expected a test size with one file, received two, of which the second has the test rows"
        )));
    }
    let files = source.files.iter().map(|file| read(file)).collect::<anyhow::Result<Vec<_>>>();
    open(source, &files.map_err(OpenError::File)?)
}

impl Source {
    /// Returns the number of drawn points and their noise.
    fn points(&self) -> Result<(usize, f64), OpenError> {
        match self.test_size.is_some() || self.shape.is_some() {
            true => Err(OpenError::Setting(anyhow!(
                "drawn points have no test size and no shape of images: expected neither"
            ))),
            false => Ok(self.drawn.unwrap_or((100, 0.1))),
        }
    }
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Setting(error) | Self::File(error)) = self;
        error.fmt(f)
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let (Self::Setting(error) | Self::File(error)) = self;
        error.source()
    }
}

fn setting(error: candle_core::Error) -> OpenError {
    OpenError::Setting(error.into())
}

fn file(error: candle_core::Error) -> OpenError {
    OpenError::File(error.into())
}

fn read(file: &Path) -> anyhow::Result<File> {
    let name = file.display().to_string();
    let bytes = fs::read(file).with_context(|| format!("cannot read {name}"))?;
    Ok((bytes, name))
}
