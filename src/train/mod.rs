//! The training loop, what it records and who may watch.

mod checkpoint;
mod early_stopping;
mod evaluate;
mod fit;
mod history;
mod measured;
mod observer;
mod options;
mod shuffle;

pub use checkpoint::{Checkpoint, Checkpoints};
pub use early_stopping::EarlyStopping;
pub use evaluate::{evaluate, predict};
pub use fit::{Fit, fit};
pub use history::{History, ReplicaHistory, Scores, Stop};
pub use observer::Observer;
pub use options::FitOptions;
pub use shuffle::shuffled;
