//! The share of a grid that this program trains.

use std::path::Path;

use anyhow::Context;

use super::exit::Failure;
use super::scheduler::{Array, Launch};
use super::terminal::tell;
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
        // An unreadable record is like none.
        let read = || serde_json::from_slice::<Array>(&std::fs::read(&path).ok()?).ok();
        let recorded = read();
        let (shard, array) = launch.shard(recorded.clone()).map_err(Failure::Usage)?;
        if array.is_some() && array != recorded {
            files::write(&path, &serde_json::to_vec(&array).context(ARRAY)?)?;
        }
        if !shard.is_whole() {
            tell(&format!(
                "this program trains shard {shard} of the grid, by {}; --shard 0/1 trains all of it",
                launch.variables().join(" and ")
            ));
        }
        Ok(shard)
    }
}
