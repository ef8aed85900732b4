//! Watching a training run.

use super::history::{History, Stop};

/// Is told what happens in [`fit`](super::fit()) and [`Fit`](super::Fit); it watches and does not steer.
pub trait Observer {
    /// Training goes on after this epoch.
    fn resumed(&mut self, _epoch: usize, _history: &History) {}

    /// An epoch (from 1) has been trained and evaluated.
    fn epoch_end(&mut self, _epoch: usize, _history: &History) {}

    /// A replica's loss became NaN or infinite; it trains no further.
    fn replica_stopped(&mut self, _stop: &Stop) {}
}

/// Nobody watches.
impl Observer for () {}
