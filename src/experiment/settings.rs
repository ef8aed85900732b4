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

/// When a run ends before its last epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyStop {
    /// Number of epochs in a row without a lower validation loss after which a run ends.
    pub patience: usize,
    /// Whether the run keeps the weights of the epoch with the lowest validation loss.
    pub restore_best: bool,
    /// Whether the loss of the test points is watched, for want of validation points: their
    /// accuracy flatters then.
    pub on_test: bool,
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
    /// Number of training points.
    pub train_size: usize,
    /// Number of points behind them for choosing between settings; the others are the test set.
    #[serde(default)]
    pub validation_size: usize,
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
    /// Early stopping, on the validation points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStop>,
}

impl Default for Settings {
    /// The tutorial's baseline.
    fn default() -> Self {
        Self {
            samples: 100,
            data_noise: 0.1,
            data_seed: 1,
            train_size: 30,
            validation_size: 0,
            hidden: 500,
            epochs: 4000,
            batch_size: 32,
            learning_rate: 0.001,
            seed: 0,
            repeats: 1,
            noise: Vec::new(),
            early_stopping: None,
        }
    }
}

impl Settings {
    /// Ratio of the inner to the outer circle: scikit-learn's default, which the tutorial keeps.
    const FACTOR: f64 = 0.8;

    /// An activation of 1 GiB: a step holds a few.
    const MOST_ACTIVATIONS: usize = 1 << 28;

    /// Curves of 2.4 GB.
    const MOST_EPOCHS: usize = 100_000_000;

    /// The largest spread of noise: far below what f32 holds.
    const MOST_SPREAD: f64 = 1e30;

    /// Checks every value and what they need together.
    ///
    /// # Errors
    /// When a value is out of range, no test points are left, the seeds overflow, or the run would
    /// need more memory than is sensible.
    pub fn check(&self) -> Result<()> {
        let Self { samples, train_size, validation_size, .. } = *self;
        let Self { hidden, epochs, batch_size, seed, repeats, .. } = *self;
        let counts = [("hidden", hidden), ("epochs", epochs), ("batch size", batch_size)];
        for (name, count) in counts {
            ensure!(count >= 1, "{name} must be at least 1, received 0");
        }
        ensure!(
            (0.0..f64::INFINITY).contains(&self.learning_rate),
            "learning rate must be finite and at least 0, received {}",
            self.learning_rate
        );
        let activations = batch_size.min(train_size).saturating_mul(hidden);
        ensure!(
            activations <= Self::MOST_ACTIVATIONS,
            "batch size times hidden units must be at most {}, received {activations}",
            Self::MOST_ACTIVATIONS
        );
        let curves = repeats.saturating_mul(epochs);
        ensure!(
            curves <= Self::MOST_EPOCHS,
            "repeats times epochs must be at most {}, received {curves}",
            Self::MOST_EPOCHS
        );
        ensure!(
            (1..samples).contains(&train_size),
            "train size must leave test points: expected 1 to {} of {samples} samples, received \
             {train_size}",
            samples.saturating_sub(1)
        );
        ensure!(
            validation_size < samples - train_size,
            "validation size must leave test points: expected at most {} beside {train_size} \
             training points of {samples} samples, received {validation_size}",
            samples - train_size - 1
        );
        if let Some(EarlyStop { patience, on_test, .. }) = self.early_stopping {
            ensure!(patience >= 1, "the patience of early stopping must be at least 1, received 0");
            ensure!(
                on_test || validation_size > 0,
                "early stopping needs validation points: expected a validation size of at least 1, \
                 received 0"
            );
        }
        ensure!(repeats >= 1, "repeats must be at least 1, received 0");
        ensure!(
            seed.checked_add(repeats as u64 - 1).is_some(),
            "seeds must stay below 2^64: expected at most {} with {repeats} repeats, received {seed}",
            u64::MAX - (repeats as u64 - 1)
        );
        let noises =
            self.noise.iter().map(|n| (format!("stddev of the {} noise", n.placement), n.stddev));
        for (name, spread) in noises.chain([("data noise".to_string(), self.data_noise)]) {
            ensure!(
                (0.0..=Self::MOST_SPREAD).contains(&spread),
                "{name} must lie in 0 to {:e}, received {spread}",
                Self::MOST_SPREAD
            );
        }
        Ok(())
    }

    /// Number of test points.
    pub fn test_size(&self) -> usize {
        self.samples - self.train_size - self.validation_size
    }

    /// The data set: training rows, validation rows, test rows.
    ///
    /// # Errors
    /// When the settings of the data are out of range.
    pub fn dataset(&self) -> Result<Dataset> {
        Ok(circles(self.samples, Some(self.data_noise), Self::FACTOR, self.data_seed)?)
    }

    /// The training rows, the validation rows where there are any, and the test rows.
    ///
    /// # Errors
    /// As [`Settings::dataset`], and when a part would be empty.
    pub fn split(&self) -> Result<(Dataset, Option<Dataset>, Dataset)> {
        let (train, others) = self.dataset()?.split_at(self.train_size)?;
        if self.validation_size == 0 {
            return Ok((train, None, others));
        }
        let (validation, test) = others.split_at(self.validation_size)?;
        Ok((train, Some(validation), test))
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
