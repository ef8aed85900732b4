//! What determines an experiment's results.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::data::{Dataset, circles};
use crate::model::{Mlp, Placement};

/// Gaussian noise at one place of the network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Where.
    pub placement: Placement,
    /// Standard deviation, in the units of the place.
    pub stddev: f64,
}

/// Data, network, training and noise. The same settings give the same results, bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Number of points of the data set.
    pub samples: usize,
    /// Standard deviation of the noise in the data themselves.
    pub data_noise: f64,
    /// Seed of the data set.
    pub data_seed: u32,
    /// Number of training points; the others are the test set.
    pub train_size: usize,
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Passes over the training points.
    pub epochs: usize,
    /// Points of a training step.
    pub batch_size: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Seed of the first repeat; repeat k has `seed + k`.
    pub seed: u64,
    /// Number of repeats.
    pub repeats: usize,
    /// The noise; empty for the baseline.
    pub noise: Vec<Noise>,
}

impl Default for Settings {
    /// The tutorial's baseline.
    fn default() -> Self {
        Self {
            samples: 100,
            data_noise: 0.1,
            data_seed: 1,
            train_size: 30,
            hidden: 500,
            epochs: 4000,
            batch_size: 32,
            learning_rate: 0.001,
            seed: 0,
            repeats: 1,
            noise: Vec::new(),
        }
    }
}

impl Settings {
    /// Ratio of the inner to the outer circle: scikit-learn's default, which the tutorial keeps.
    const FACTOR: f64 = 0.8;

    /// Checks what single values cannot show.
    ///
    /// # Errors
    /// When no test points are left, the seeds overflow, or a noise is out of range.
    pub fn check(&self) -> Result<()> {
        let Self { samples, train_size, seed, repeats, .. } = *self;
        ensure!(
            (1..samples).contains(&train_size),
            "train size must leave test points: expected 1 to {} of {samples} samples, received \
             {train_size}",
            samples.saturating_sub(1)
        );
        ensure!(repeats >= 1, "repeats must be at least 1, received 0");
        ensure!(
            seed.checked_add(repeats as u64 - 1).is_some(),
            "seeds must stay below 2^64: expected at most {} with {repeats} repeats, received {seed}",
            u64::MAX - (repeats as u64 - 1)
        );
        for Noise { placement, stddev } in &self.noise {
            ensure!(
                (0.0..f64::INFINITY).contains(stddev),
                "stddev of the {placement} noise must be finite and at least 0, received {stddev}"
            );
        }
        Ok(())
    }

    /// The data set, training rows first.
    ///
    /// # Errors
    /// When the settings of the data are out of range.
    pub fn dataset(&self) -> Result<Dataset> {
        circles(self.samples, Some(self.data_noise), Self::FACTOR, self.data_seed)
    }

    /// The network.
    pub fn network(&self) -> Mlp {
        Mlp { inputs: 2, hidden: vec![self.hidden], outputs: 1 }
    }

    /// The seeds of the repeats.
    pub fn seeds(&self) -> Vec<u64> {
        (0..self.repeats as u64).map(|k| self.seed + k).collect()
    }
}
