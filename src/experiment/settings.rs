//! What determines an experiment's results.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize, Serializer};

use super::task::Task;
use crate::data::{Dataset, circles};
use crate::model::Placement;

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
    /// What is learned.
    #[serde(default)]
    pub task: Task,
    /// Files of the data; empty for those that come with this crate.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "as_text")]
    pub files: Vec<PathBuf>,
    /// Number of points of the data set.
    pub samples: usize,
    /// Number of points at the end that are the test set; `None` for all behind those for training
    /// and validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_rows: Option<usize>,
    /// Standard deviation of the noise in the data themselves.
    pub data_noise: f64,
    /// Seed of the data set, or of the choice of training points from real data, where 0 takes the
    /// first ones.
    pub data_seed: u32,
    /// Number of training points.
    pub train_size: usize,
    /// Number of points behind them for choosing between settings; the others are the test set.
    #[serde(default)]
    pub validation_size: usize,
    /// Width of the hidden layer, or number of filters of a convolution.
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

/// Writes paths as text for people: what is no Unicode is replaced, since no result depends on it.
pub(super) fn as_text<S: Serializer>(files: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files.iter().map(|file| file.to_string_lossy()))
}

impl Default for Settings {
    /// The tutorial's baseline.
    fn default() -> Self {
        Self {
            task: Task::Circles,
            files: Vec::new(),
            samples: 100,
            test_rows: None,
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
        self.check_task()?;
        let counts = [("hidden", hidden), ("epochs", epochs), ("batch size", batch_size)];
        for (name, count) in counts {
            ensure!(count >= 1, "{name} must be at least 1, received 0");
        }
        ensure!(
            (0.0..f64::INFINITY).contains(&self.learning_rate),
            "learning rate must be finite and at least 0, received {}",
            self.learning_rate
        );
        let [activation, weight] = self.task.extents(hidden);
        let activations = batch_size.min(train_size).saturating_mul(activation);
        ensure!(
            activations <= Self::MOST_ACTIVATIONS,
            "batch size times the numbers of an activation must be at most {}, received \
             {activations}; expected a smaller batch size or hidden",
            Self::MOST_ACTIVATIONS
        );
        ensure!(
            weight <= Self::MOST_ACTIVATIONS,
            "the weights of a layer must be at most {} numbers, received {weight}; expected a \
             smaller hidden",
            Self::MOST_ACTIVATIONS
        );
        let curves = repeats.saturating_mul(epochs);
        ensure!(
            curves <= Self::MOST_EPOCHS,
            "repeats times epochs must be at most {}, received {curves}",
            Self::MOST_EPOCHS
        );
        let most = samples.saturating_sub(self.test_rows.unwrap_or(1));
        ensure!(
            (1..=most).contains(&train_size),
            "train size must leave test points: expected 1 to {most} of {samples} samples, received \
             {train_size}"
        );
        ensure!(
            validation_size <= most - train_size,
            "validation size must leave test points: expected at most {} beside {train_size} \
             training points of {samples} samples, received {validation_size}",
            most - train_size
        );
        if let Some(EarlyStop { patience, on_test, .. }) = self.early_stopping {
            ensure!(patience >= 1, "the patience of early stopping must be at least 1, received 0");
            ensure!(
                on_test || validation_size > 0,
                "early stopping needs validation points beside the {train_size} training points: \
                 expected a validation size of at least 1, received 0"
            );
        }
        ensure!(repeats >= 1, "repeats must be at least 1, received 0");
        ensure!(
            seed.checked_add(repeats as u64 - 1).is_some(),
            "seeds must stay below 2^64: expected at most {} with {repeats} repeats, received {seed}",
            u64::MAX - (repeats as u64 - 1)
        );
        for Noise { placement, .. } in &self.noise {
            let places = self.task.placements();
            ensure!(
                places.contains(placement),
                "the network for the {} has noise at {}, received {placement}",
                self.task,
                places.iter().map(Placement::to_string).collect::<Vec<_>>().join(", ")
            );
        }
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

    /// Checks what only some tasks can have.
    fn check_task(&self) -> Result<()> {
        let Self { task, files, samples, data_noise, .. } = self;
        ensure!(
            files.is_empty() || files.len() == task.files(),
            "the {task} take {} files, received {}",
            task.files(),
            files.len()
        );
        if *task == Task::Circles {
            return Ok(());
        }
        ensure!(
            *data_noise == 0.,
            "the {task} are real: expected data noise 0, received {data_noise}"
        );
        let rows = task.defaults().samples;
        ensure!(
            !files.is_empty() || *samples == rows,
            "the {task} have {rows} samples, received {samples}"
        );
        Ok(())
    }

    /// Number of test points.
    pub fn test_size(&self) -> usize {
        self.test_rows.unwrap_or(self.samples - self.train_size - self.validation_size)
    }

    /// The circles: training rows, validation rows, test rows.
    ///
    /// # Errors
    /// When the settings of the data are out of range.
    pub fn circles(&self) -> Result<Dataset> {
        Ok(circles(self.samples, Some(self.data_noise), Self::FACTOR, self.data_seed)?)
    }

    /// The seeds of the repeats.
    pub fn seeds(&self) -> Vec<u64> {
        (0..self.repeats as u64).map(|k| self.seed + k).collect()
    }
}
