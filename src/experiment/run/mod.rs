//! Training what a plan asks for: chunks of replicas on threads and devices, with their state on the disk.

mod boundary;
mod checkpoints;
mod chunk;
mod classes;
mod field;
mod forecast;
mod memory;
mod once_more;
mod repeats;
mod robust;
mod schedule;
mod search;
mod shard;
mod tested;

pub use boundary::boundary;
pub use checkpoints::Checkpointing;
pub use chunk::Trained;
pub use classes::lacking_classes;
pub use field::Field;
pub use forecast::{forecast_repeats, forecast_search};
pub use once_more::train_once_more;
pub use repeats::{Ending, checkpoints_device, train_repeats, train_resumable};
pub use robust::attack_epochs;
pub use schedule::Schedule;
pub use search::{missing, search};
pub use shard::Shard;
pub use tested::TestNoise;

use crate::train::Stop;

/// What happens while runs train.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// This number of epochs of single runs has been trained, now or before they were interrupted.
    Epochs(usize),
    /// Networks have been attacked, which takes about as long as this number of epochs of single runs; see [`attack_epochs`].
    Attacked(usize),
    /// A run's loss became NaN or infinite; it trains no further.
    Stopped(Stop),
    /// This number of cells has become complete.
    Cells(usize),
    /// Something that does not end training, such as a checkpoint that cannot be written.
    Warning(String),
}

/// Callbacks that receive events on any thread and may end the training.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Receives an event.
    pub hear: &'a (dyn Fn(Event) + Sync),
    /// Says whether to begin another chunk, or another epoch of a training that can be resumed.
    pub goes_on: &'a (dyn Fn() -> bool + Sync),
}

impl Watch<'_> {
    /// Ignores all events and never ends the training.
    pub const NONE: Watch<'static> = Watch { hear: &|_| {}, goes_on: &|| true };
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}
