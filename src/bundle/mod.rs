//! Bundles: `model.safetensors`, trained networks with everything that predicting from a file needs.
//!
//! The tensors are the weights by name, each with an axis for the networks first. The metadata have one
//! entry, `candle_noise`: what the file is about, as JSON ([`About`]). `docs/predict.md` shows how to
//! read it with other tools.

mod about;
mod forecast;
mod hashes;
mod inputs;
pub(crate) mod replicas;
mod rows;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use safetensors::SafeTensors;

pub use about::{About, Training};
pub use forecast::Forecast;
pub use hashes::row_hashes;
pub use inputs::Inputs;
pub use rows::Rows;

use self::replicas::{constants, finite};
use crate::data::Samples;
use crate::metric::Predicted;
use crate::noise::Slots;
use crate::ops::Axis;
use crate::train::Predictor;

/// Trained networks with everything that predicting from a file needs.
#[derive(Clone, Debug)]
pub struct Bundle {
    about: About,
    /// By name, with the axis of the networks first.
    weights: Vec<(String, Tensor)>,
}

impl Bundle {
    /// The name of the file in a folder of results.
    pub const FILE: &str = "model.safetensors";

    /// Bundles weights by name, each with an axis for the networks first.
    ///
    /// # Errors
    /// If the weights are not those of the network, or not of as many networks as there are seeds.
    pub fn new(about: About, weights: Vec<(String, Tensor)>) -> Result<Self> {
        let bundle = Self { about, weights };
        bundle.check()?;
        Ok(bundle)
    }

    /// Reads the bundle of a folder of results, or of a file.
    ///
    /// # Errors
    /// If the file cannot be read, is no bundle, or was written by another version.
    pub fn read(path: &Path) -> Result<Self> {
        let path = if path.is_dir() { path.join(Self::FILE) } else { path.to_path_buf() };
        let name = path.display().to_string();
        // A pipe would wait for a writer.
        ensure!(path.is_file(), "expected a trained model, received no file {name}");
        let bytes = fs::read(&path).with_context(|| format!("cannot read {name}"))?;
        Self::from_bytes(&bytes).with_context(|| name)
    }

    /// Reads a bundle from the bytes of its file.
    ///
    /// # Errors
    /// As [`Bundle::read`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (_, metadata) =
            SafeTensors::read_metadata(bytes).context("expected a trained model")?;
        let metadata = metadata.metadata().as_ref();
        let json = metadata.and_then(|metadata| metadata.get(About::KEY)).with_context(|| {
            format!(
                "expected a trained model of candle-noise, received weights without the entry {} in their metadata",
                About::KEY
            )
        })?;
        let about = About::parse(json)?;
        let weights = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
        let mut weights: Vec<(String, Tensor)> = weights.into_iter().collect();
        weights.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self::new(about, weights)
    }

    /// Returns the bytes of the file.
    ///
    /// # Errors
    /// None for weights of this crate.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        let about = serde_json::to_string(&self.about)?;
        let metadata = HashMap::from([(About::KEY.to_string(), about)]);
        let weights = self.weights.iter().map(|(name, weights)| (name, weights));
        Ok(safetensors::serialize(weights, Some(metadata))?)
    }

    /// Returns what it is about.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Returns the weights by name, with the axis of the networks first. Those of a network that diverged
    /// are NaN.
    pub fn weights(&self) -> &[(String, Tensor)] {
        &self.weights
    }

    /// Returns how many of the rows are among those that the networks were trained on.
    ///
    /// # Errors
    /// If the inputs cannot be read.
    pub fn trained_on(&self, rows: &Rows) -> Result<usize> {
        Ok(hashes::known(&self.about.training_rows, &row_hashes(&rows.samples)?))
    }

    /// Returns what the networks predict for some rows, in the units of the data. Those that diverged are
    /// left out.
    ///
    /// # Errors
    /// If all networks diverged, or the rows are not inputs of such a network.
    pub fn predict(&self, rows: &Rows) -> Result<Forecast> {
        let finished = finite(&self.weights)?;
        ensure!(
            !finished.is_empty(),
            "expected a network that did not diverge, received {} that did",
            self.about.training.seeds.len()
        );
        let predictors = self.predictors(&finished)?;
        let outputs = predictors.iter().map(|own| outputs(own, &rows.samples));
        let outputs = Tensor::cat(&outputs.collect::<Result<Vec<_>>>()?, 0)?;
        let (_, targets) = rows.samples.range(0, rows.samples.rows())?;
        let each = Predicted::by_replica(&outputs, &targets)?;
        let units = self.about.training.inputs.units();
        let each = each.into_iter().map(|own| units.iter().fold(own, Predicted::in_units));
        Ok(Forecast::new(each.collect(), self.about.training.inputs.classes().map(<[String]>::len)))
    }

    /// Builds some of the networks, together if they have a replica axis.
    fn predictors(&self, replicas: &[u32]) -> Result<Vec<Predictor>> {
        let network = &self.about.training.network;
        let together = match network.axis() {
            Axis::Replicas => replicas.len().max(1),
            Axis::Plain => 1,
        };
        let build = |replicas: &[u32]| -> Result<Predictor> {
            let (vb, map) = constants(&self.weights, replicas, network.axis())?;
            Ok(Predictor::new(network.build(&vb, &Slots::new(&map, &[])?)?))
        };
        replicas.chunks(together).map(build).collect()
    }

    /// Checks that the weights are those of as many networks as there are seeds.
    fn check(&self) -> Result<()> {
        let count = self.about.training.seeds.len();
        for (name, weights) in &self.weights {
            let received = weights.dims().first().copied().unwrap_or(0);
            ensure!(
                received == count && count > 0,
                "{name}: expected the weights of {count} networks, received those of {received}"
            );
        }
        self.about.training.check()?;
        let first: Vec<u32> = (0..count.min(1) as u32).collect();
        self.predictors(&first).context("the weights are not those of the network")?;
        Ok(())
    }
}

/// Returns the outputs for all rows, pieces of which run at the same time.
fn outputs(predictor: &Predictor, samples: &Samples) -> Result<Tensor> {
    const PIECE: usize = 8192;
    let all = samples.rows();
    let piece = |start: usize| -> Result<Tensor> {
        let (xs, ys) = samples.range(start, PIECE.min(all - start))?;
        let samples = match samples.replica_axis() {
            true => Samples::replicated(&xs, &ys)?,
            false => Samples::new(&xs, &ys.squeeze(0)?)?,
        };
        Ok(predictor.outputs(&samples)?)
    };
    let starts: Vec<usize> = (0..all).step_by(PIECE).collect();
    let pieces: Vec<Tensor> = starts.into_par_iter().map(piece).collect::<Result<_>>()?;
    Ok(Tensor::cat(&pieces, 1)?)
}
