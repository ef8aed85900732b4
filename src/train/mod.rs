//! The training loop, what it records and who may watch.

mod evaluate;
mod fit;
mod history;
mod observer;
mod shuffle;

pub use evaluate::{evaluate, predict};
pub use fit::{FitOptions, fit};
pub use history::{History, ReplicaHistory, Scores, Stop};
pub use observer::Observer;
pub use shuffle::shuffled;
