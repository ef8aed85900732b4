//! What a bundle tells of itself.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Inputs;
use super::column_stds::column_stds;
use super::hashes::{row_hashes, written};
use crate::data::Samples;
use crate::files::other_version;
use crate::model::Network;
use crate::noise::NoiseSpec;
use crate::objective::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError, Objective};

/// What a bundle tells of itself: the JSON under the key [`About::KEY`] of the metadata of
/// `model.safetensors`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct About {
    /// The version of this format.
    pub format: u64,
    /// The version of candle-noise.
    pub version: String,
    /// What was trained, and how.
    #[serde(flatten)]
    pub training: Training,
    /// The hash of each training row, sorted: 16 hexadecimal digits a row. Empty for more than 5 million
    /// rows.
    pub training_rows: String,
    /// The standard deviation of each column of the training rows, if a noise is relative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column_stds: Option<Vec<f32>>,
}

/// What was trained, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The name of the task.
    pub task: String,
    /// The name of the primary metric.
    pub metric: String,
    /// What turns files into inputs.
    pub inputs: Inputs,
    /// The network.
    pub network: Network,
    /// The noises that acted; none in the baseline.
    pub noise: Vec<NoiseSpec>,
    /// The seed of each network.
    pub seeds: Vec<u64>,
    /// The number of epochs, or the most if early stopping ended them.
    pub epochs: usize,
    /// What determined the training, as in `experiment.json`.
    pub settings: Value,
}

impl Training {
    /// Returns what the network was trained for.
    pub fn objective(&self) -> Arc<dyn Objective> {
        let outputs = self.network.outputs();
        match self.inputs.classes() {
            None => Arc::new(MeanSquaredError { outputs }),
            Some(_) if outputs == 1 => Arc::new(BinaryCrossEntropy),
            Some(classes) => Arc::new(CrossEntropy { classes: classes.len() }),
        }
    }

    /// Checks that the network takes these inputs, and has outputs for what is predicted.
    pub(super) fn check(&self) -> Result<()> {
        let (fits, outputs) = match (&self.network, &self.inputs) {
            (Network::Mlp(own), Inputs::Table { preparation }) => {
                (own.inputs == preparation.names().len(), own.outputs)
            }
            (Network::Cnn(own), Inputs::Images(format)) => {
                let [height, width] = format.shape;
                (own.image == [1, height, width], own.outputs)
            }
            (Network::Lstm(own), Inputs::Sequences(format)) => {
                (own.channels == format.channels, own.outputs)
            }
            _ => (false, 0),
        };
        ensure!(fits, "the inputs are not those of the network");
        let fits = match self.inputs.classes().map(<[String]>::len) {
            Some(2) => outputs == 1 || outputs == 2,
            Some(classes) => outputs == classes && classes > 2,
            None => outputs == 1,
        };
        ensure!(fits, "the classes are not those of the network of {outputs} outputs");
        Ok(())
    }
}

impl About {
    /// Returns the number of steps of the training, if early stopping did not end it; 0 if the number of its rows
    /// is not known.
    pub(super) fn training_steps(&self) -> u32 {
        let rows = self.training_rows.len() / 16;
        let batch = self.training.settings["batch_size"].as_u64().unwrap_or(1).max(1) as usize;
        u32::try_from(self.training.epochs.saturating_mul(rows.div_ceil(batch))).unwrap_or(u32::MAX)
    }

    /// Checks that the network takes the inputs, and has outputs for what is predicted.
    pub(super) fn check(&self) -> Result<()> {
        self.training.check()?;
        let Some(stds) = &self.column_stds else { return Ok(()) };
        let columns = match &self.training.network {
            Network::Mlp(own) => own.inputs,
            _ => 0,
        };
        ensure!(
            stds.len() == columns && stds.iter().all(|own| own.is_finite() && *own >= 0.),
            "expected the standard deviations of {columns} columns, received {stds:?}"
        );
        Ok(())
    }

    /// The key of the metadata.
    pub const KEY: &str = "candle_noise";

    pub(super) const FORMAT: u64 = 1;

    /// Describes the networks of a training on these rows.
    ///
    /// # Errors
    /// If the rows cannot be read.
    pub fn new(training: Training, rows: &Samples) -> Result<Self> {
        let stds = column_stds(&training.noise, rows)?;
        Ok(Self {
            format: Self::FORMAT,
            version: env!("CARGO_PKG_VERSION").to_string(),
            training,
            training_rows: written(row_hashes(rows)?),
            column_stds: stds.map(|own| own.flatten_all()?.to_vec1()).transpose()?,
        })
    }

    /// Returns whether networks of the same training are described, by whatever version.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        Self { version: other.version.clone(), ..self.clone() } == *other
    }

    /// Parses the JSON of a file's metadata.
    pub(super) fn parse(json: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(json).context("its description")?;
        let format = value["format"].as_u64().unwrap_or(0);
        ensure!(
            format == Self::FORMAT,
            "it was written by {}",
            other_version(Self::FORMAT, format)
        );
        serde_json::from_value(value).context("its description")
    }
}
