//! The description of a folder: what it holds, in `experiment.json`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::checkpoint::{difference, settings_difference};
use crate::files::{self, other_version};

/// The file that describes what a folder holds.
pub(super) const DESCRIPTION: &str = "experiment.json";

/// Version of that file, raised when its format changes.
const FORMAT: u64 = 1;

/// The experiment that a folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    format: u64,
    /// The name of the program.
    pub experiment: String,
    /// What determines the results, but for the seeds of repeats.
    pub settings: Value,
    /// The first seed and the number of repeats, if the results are those of these seeds alone.
    pub repeats: Option<(u64, usize)>,
    /// Whether the results are those of the last program; `false` while one trains.
    pub finished: bool,
}

/// What a folder holds by its description.
#[derive(Debug)]
pub(super) enum Held {
    /// There is no description.
    Undescribed,
    Described(Contents),
    /// The description cannot be read, and the text says why.
    Unknown(String),
}

/// How to treat an experiment that a folder already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// It is replaced, if all its runs are trained again.
    Over,
    /// It is continued, perhaps with more epochs.
    Resume,
}

impl Held {
    /// Reads the description of a folder.
    pub fn read(folder: &Path) -> Self {
        let path = folder.join(DESCRIPTION);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::Undescribed,
            // A pipe would wait for a writer.
            Ok(about) if !about.is_file() && !path.is_file() => {
                return Self::Unknown("expected a file".to_string());
            }
            _ => {}
        }
        let described = fs::read(&path).map_err(anyhow::Error::from);
        let described = described.and_then(|bytes| Ok(serde_json::from_slice::<Value>(&bytes)?));
        match described {
            Ok(json) => match (json["format"].as_u64(), serde_json::from_value(json)) {
                (Some(FORMAT), Ok(contents)) => Self::Described(contents),
                (Some(FORMAT), Err(error)) => Self::Unknown(error.to_string()),
                (Some(format), _) => {
                    let version = other_version(FORMAT, format);
                    Self::Unknown(format!("it was written by {version}"))
                }
                (None, _) => Self::Unknown("expected the number of a format".to_string()),
            },
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}

impl Contents {
    pub fn new(experiment: &str, settings: Value, repeats: Option<(u64, usize)>) -> Self {
        let experiment = experiment.to_string();
        Self { format: FORMAT, experiment, settings, repeats, finished: true }
    }

    /// The same while a program trains.
    pub fn in_training(&self) -> Self {
        Self { finished: false, ..self.clone() }
    }

    /// Describes what a folder holds.
    pub fn write(&self, folder: &Path) -> Result<()> {
        files::write(&folder.join(DESCRIPTION), &serde_json::to_vec_pretty(self)?)
    }

    /// Returns whether programs that write such results share finished runs.
    pub fn is_shared(&self) -> bool {
        self.repeats.is_none()
    }

    /// Returns how the results in a folder differ from those to come, if they do: what differs, here and
    /// there. Seeds differ if some of `held` are not trained again.
    pub fn difference(&self, held: &Self, begin: Begin) -> Option<[String; 3]> {
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
        let (own, held) = (Seeds::of(self.repeats?), Seeds::of(held.repeats?));
        (!own.contains(held)).then(|| ["seeds".to_string(), own.to_string(), held.to_string()])
    }
}

/// The seeds from the first to the last.
#[derive(Clone, Copy)]
pub(super) struct Seeds(u64, u64);

impl Seeds {
    pub fn of((first, count): (u64, usize)) -> Self {
        Self(first, first.saturating_add((count as u64).saturating_sub(1)))
    }

    fn contains(self, other: Self) -> bool {
        self.0 <= other.0 && other.1 <= self.1
    }
}

impl std::fmt::Display for Seeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(first, last) if first == last => write!(f, "{first}"),
            Self(first, last) => write!(f, "{first} to {last}"),
        }
    }
}
