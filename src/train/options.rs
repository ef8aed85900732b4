//! Options of training.

use std::sync::Arc;

use candle_core::{Result, bail};

use crate::data::Samples;
use crate::objective::{BinaryCrossEntropy, Objective};

/// The options of training.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrainOptions {
    /// Number of passes over the training rows, at least 1.
    pub epochs: usize,
    /// Number of rows per step, at least 1. The last batch of an epoch may be shorter.
    pub batch_size: usize,
    /// The loss and its metrics.
    pub objective: Arc<dyn Objective>,
    /// One seed per replica, which determines the order of the rows.
    pub seeds: Vec<u64>,
}

impl TrainOptions {
    /// Creates options for `epochs` epochs with batches of 32, binary cross-entropy and seed 0.
    pub fn new(epochs: usize) -> Self {
        let objective = Arc::new(BinaryCrossEntropy);
        Self { epochs, batch_size: 32, objective, seeds: vec![0] }
    }

    /// Sets the number of rows per batch.
    pub fn batch_size(self, batch_size: usize) -> Self {
        Self { batch_size, ..self }
    }

    /// Sets the objective.
    pub fn objective(self, objective: impl Objective + 'static) -> Self {
        Self { objective: Arc::new(objective), ..self }
    }

    /// Sets one seed per replica.
    pub fn seeds(self, seeds: &[u64]) -> Self {
        Self { seeds: seeds.to_vec(), ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        let Self { epochs, batch_size, .. } = self;
        if !(1..=u32::MAX as usize).contains(epochs) {
            bail!("epochs must lie in 1 to 2^32 - 1, received {epochs}")
        }
        if *batch_size == 0 {
            bail!("batch_size must be at least 1, received 0")
        }
        Ok(())
    }

    /// Checks that there is one seed for each replica of some samples.
    pub(super) fn check_replicas(&self, samples: &Samples) -> Result<()> {
        let (seeds, replicas) = (&self.seeds, samples.replicas());
        if seeds.is_empty() || (replicas != 1 && replicas != seeds.len()) {
            bail!("expected one seed for each of {replicas} replicas, received {}", seeds.len())
        }
        if !samples.replica_axis() && seeds.len() != 1 {
            bail!("a model without a replica axis takes one seed, received {}", seeds.len())
        }
        Ok(())
    }
}
