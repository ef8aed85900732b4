//! The settings of a run.

use candle_core::{Result, bail};

use crate::data::Samples;
use crate::loss::Loss;

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// Number of passes over the training rows, at least 1.
    pub epochs: usize,
    /// Rows of a step, at least 1; the last batch of an epoch may be shorter.
    pub batch_size: usize,
    /// What is made small.
    pub loss: Loss,
    /// One seed a replica: it determines the order of the rows.
    pub seeds: Vec<u64>,
}

impl Default for FitOptions {
    /// One epoch of batches of 32 with binary cross-entropy and seed 0.
    fn default() -> Self {
        Self { epochs: 1, batch_size: 32, loss: Loss::BinaryCrossEntropy, seeds: vec![0] }
    }
}

impl FitOptions {
    pub(super) fn check(&self, train: &Samples, validation: Option<&Samples>) -> Result<()> {
        let Self { epochs, batch_size, seeds, .. } = self;
        if !(1..=u32::MAX as usize).contains(epochs) {
            bail!("epochs must lie in 1 to 2^32 - 1, received {epochs}")
        }
        if *batch_size == 0 {
            bail!("batch_size must be at least 1, received 0")
        }
        for samples in [Some(train), validation].into_iter().flatten() {
            let replicas = samples.replicas();
            if seeds.is_empty() || (replicas != 1 && replicas != seeds.len()) {
                bail!("expected one seed for each of {replicas} replicas, received {}", seeds.len())
            }
            if !samples.replica_axis() && seeds.len() != 1 {
                bail!("a model without a replica axis takes one seed, received {}", seeds.len())
            }
        }
        Ok(())
    }
}
