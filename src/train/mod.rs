//! The training loop, what it records and who may watch.

mod fit;
mod history;
mod observer;
mod shuffle;

pub use fit::{FitOptions, evaluate, fit};
pub use history::{History, ReplicaHistory, Scores, Stop};
pub use observer::Observer;
pub use shuffle::shuffled;
