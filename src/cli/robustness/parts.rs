//! Finished parts of the work, so that an interrupted program continues.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::files::{self, sha256};

/// The folder of the parts inside a folder of results.
const FOLDER: &str = "parts";

/// Raised when a change gives other figures for the same settings.
const REVISION: u32 = 2;

/// The finished parts of a folder, each in a file that is named by all that determines its figures.
pub(in crate::cli) struct Parts(PathBuf);

impl Parts {
    /// Opens the parts of a folder of results.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn open(folder: &Path) -> Result<Self> {
        let own = folder.join(FOLDER);
        files::create_folder(&own, &[])?;
        files::remove_abandoned(&own)?;
        Ok(Self(own))
    }

    /// Returns a part that is there and whole: with the checksum in its first line.
    pub fn get<T: DeserializeOwned>(&self, settings: &Value) -> Option<T> {
        let held = fs::read_to_string(self.path(settings)).ok()?;
        let (checksum, part) = held.split_once('\n')?;
        let is_whole = checksum == Self::checksum(settings, part);
        is_whole.then(|| serde_json::from_str(part).ok()).flatten()
    }

    /// Keeps a part.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, settings: &Value, part: &impl Serialize) -> Result<()> {
        let part = serde_json::to_string(part)?;
        let checksum = Self::checksum(settings, &part);
        files::write(&self.path(settings), format!("{checksum}\n{part}").as_bytes())
    }

    fn checksum(settings: &Value, part: &str) -> String {
        sha256(format!("{settings}\n{part}").as_bytes())
    }

    fn path(&self, settings: &Value) -> PathBuf {
        let name = sha256(format!("{REVISION} {settings}").as_bytes());
        self.0.join(format!("{name:.32}.part"))
    }

    /// Removes the parts of a folder of results.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn remove(folder: &Path) -> Result<()> {
        let own = folder.join(FOLDER);
        for path in files::entries(&own)? {
            if path.extension().is_some_and(|own| own == "part") {
                files::remove_file(&path)?;
            }
        }
        // It stays if something else is in it.
        let _ = fs::remove_dir(own);
        Ok(())
    }
}
