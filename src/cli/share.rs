//! The share of a grid that this program trains.

use std::path::Path;

use anyhow::Context;

use super::exit::Failure;
use super::scheduler::{Array, Launch};
use super::terminal::{tell, warn};
use crate::experiment::Shard;
use crate::files;

/// The file in the store that describes the Slurm job array whose tasks share the grid. A task that
/// runs again later finds its share there.
pub(super) const ARRAY: &str = "array.json";

/// What determines this program's share.
pub(super) enum Share {
    /// `--shard`.
    Given(Shard),
    /// The variables of schedulers.
    Launched(Launch),
}

impl Share {
    /// Returns whether this program is the only one.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Given(shard) => shard.is_whole(),
            Self::Launched(launch) => launch.is_alone(),
        }
    }

    /// Returns the shard of this program, and says on standard error which variables determine it.
    ///
    /// # Errors
    /// If the store has no record of a job array that the variables do not describe, or the record
    /// cannot be written.
    pub fn take(&self, store: &Path) -> Result<Shard, Failure> {
        let launch = match self {
            Self::Given(shard) => return Ok(*shard),
            Self::Launched(launch) => launch,
        };
        let path = store.join(ARRAY);
        let recorded: Option<Array> = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .inspect_err(|error| warn(&format!("{} is not read: {error}", path.display())))
                .ok(),
            Err(_) => None,
        };
        let (shard, array) = launch.shard(recorded.clone()).map_err(Failure::Usage)?;
        if array.is_some() && array != recorded {
            files::write(&path, &serde_json::to_vec(&array).context(ARRAY)?)?;
        }
        if !shard.is_whole() {
            let began = match array {
                Some(array) if !launch.is_of(&array) => {
                    format!(" in the array of {} tasks that began this folder", array.count())
                }
                _ => String::new(),
            };
            tell(&format!(
                "this program trains shard {shard} of the grid, by {}{began}; --shard 0/1 trains all of \
                 it",
                launch.variables().join(" and ")
            ));
        }
        Ok(shard)
    }
}
