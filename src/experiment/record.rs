//! One trained run of a grid as plain data: what the store keeps.

use serde::{Deserialize, Serialize};

use super::chunk::Trained;
use super::grid::{Cell, Grid};
use super::outcome::Run;
use crate::train::ReplicaHistory;

/// A run of a grid: the cell, the seed and the seed of the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunId {
    /// The cell.
    pub cell: Cell,
    /// Seed of weights, batches and noise.
    pub seed: u64,
    /// Seed of the data set.
    pub data_seed: u32,
}

/// A run and what its comparison with others and its pictures need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which run it is.
    pub id: RunId,
    /// Its figures.
    pub run: Run,
    /// A digit for each test point: 1 where it is predicted rightly in the end.
    pub test_right: String,
    /// Its curves at some epochs.
    pub curves: Curves,
}

/// The curves of a run at the epochs of [`sampled_epochs`], shorter where it stopped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// Training accuracy, noise off.
    pub train_accuracy: Vec<f32>,
    /// Test accuracy.
    pub test_accuracy: Vec<f32>,
    /// Training loss, noise off.
    pub train_loss: Vec<f32>,
    /// Test loss.
    pub test_loss: Vec<f32>,
}

/// The epochs, from 1, that stored curves have: all, or some hundred evenly from the first to the
/// last.
pub fn sampled_epochs(epochs: usize) -> Vec<usize> {
    const MOST: usize = 101;
    let count = epochs.min(MOST);
    let last = count.saturating_sub(1).max(1);
    (0..count).map(|k| 1 + (k * (epochs - 1) + last / 2) / last).collect()
}

impl Record {
    /// The run of replica `r` of a chunk.
    pub(super) fn new(grid: &Grid, id: RunId, trained: &Trained, r: usize) -> Self {
        let settings = grid.settings(&id.cell, id.data_seed);
        let mut run = Run::new(&settings, id.seed, trained, r);
        if let Some(stop) = &mut run.stopped {
            // Its number in the chunk says nothing about the run.
            stop.replica = (id.seed - grid.seed) as usize;
        }
        let finished = run.stopped.is_none();
        let digits = trained.test_right(r).filter(|_| finished);
        Self {
            id,
            run,
            test_right: digits.map(|right| if right { '1' } else { '0' }).collect(),
            curves: Curves::new(&trained.histories[r], grid.epochs),
        }
    }
}

impl Curves {
    fn new(history: &ReplicaHistory, epochs: usize) -> Self {
        let epochs = sampled_epochs(epochs);
        let (test_loss, test_accuracy) = history.test_curves();
        let sample =
            |curve: &[f32]| epochs.iter().map_while(|e| curve.get(e - 1).copied()).collect();
        Self {
            train_accuracy: sample(&history.clean_accuracy),
            test_accuracy: sample(test_accuracy),
            train_loss: sample(&history.clean_loss),
            test_loss: sample(test_loss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampled_epochs_run_evenly_from_the_first_to_the_last() {
        assert_eq!(sampled_epochs(1), [1]);
        assert_eq!(sampled_epochs(3), [1, 2, 3]);
        assert_eq!(sampled_epochs(101), (1..=101).collect::<Vec<_>>());
        let epochs = sampled_epochs(4000);
        assert_eq!((epochs.len(), epochs[0], epochs[50], epochs[100]), (101, 1, 2001, 4000));
        assert!(epochs.windows(2).all(|pair| (39..=41).contains(&(pair[1] - pair[0]))));
    }
}
