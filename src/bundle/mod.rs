//! Bundles: `model.safetensors`, trained networks with everything that predicting from a file needs.
//!
//! The tensors are the weights by name, each with an axis for the networks first. The metadata have one
//! entry, `candle_noise`: what the file is about, as JSON ([`About`]). `docs/predict.md` shows how to
//! read it with other tools.

mod about;
pub(crate) mod column_stds;
mod forecast;
mod hashes;
mod inputs;
mod networks;
pub(crate) mod replicas;
mod rows;

use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use candle_core::{Device, Tensor};
use safetensors::SafeTensors;

pub use about::{About, Training};
pub use forecast::Forecast;
pub use hashes::row_hashes;
pub use inputs::Inputs;
pub use networks::Networks;
pub use rows::Rows;

use self::networks::outputs;
use self::replicas::finite;
use crate::data::Samples;
use crate::metric::Predicted;
use crate::noise::{NoiseSpec, Per};
use crate::train::{Diagnosis, Predictor, diagnose, sample};

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

    /// Returns the file of the bundle of a folder of results, or the file itself.
    pub(crate) fn path(path: &Path) -> PathBuf {
        if path.is_dir() { path.join(Self::FILE) } else { path.to_path_buf() }
    }

    /// Reads the bundle of a folder of results, or of a file.
    ///
    /// # Errors
    /// If the file cannot be read, is no bundle, or was written by another version.
    pub fn read(path: &Path) -> Result<Self> {
        let path = Self::path(path);
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
        let damaged = |error: &dyn Display| {
            anyhow!(
                "expected a trained model, a whole safetensors file, received {} bytes that are none ({error})",
                bytes.len()
            )
        };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(&error))?;
        let metadata = metadata.metadata().as_ref();
        let json = metadata.and_then(|metadata| metadata.get(About::KEY)).with_context(|| {
            format!(
                "expected a trained model of candle-noise, received weights without the entry {} in their metadata",
                About::KEY
            )
        })?;
        let about = About::parse(json)?;
        let weights = candle_core::safetensors::load_buffer(bytes, &Device::Cpu);
        let weights = weights.map_err(|error| damaged(&error))?;
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
        let networks = self.networks(usize::MAX, false, &Device::Cpu)?;
        let predictors = networks.into_iter().map(|own| Predictor::new(own.model));
        let outputs = predictors.map(|own| outputs(&own, &rows.samples));
        let outputs = Tensor::cat(&outputs.collect::<candle_core::Result<Vec<_>>>()?, 0)?;
        self.forecast(&outputs, 1, rows)
    }

    /// Returns what the networks predict with the noise on that they were trained with, in `draws` draws: a
    /// forecast over all networks and draws.
    ///
    /// # Errors
    /// If [`Bundle::predict`] would fail, the networks were trained without noise in their layers or weights, or
    /// noise on weights has a draw for each row.
    pub fn sample(&self, rows: &Rows, draws: usize, per: Per) -> Result<Forecast> {
        let noise = self.noise_of_predictions();
        ensure!(
            !noise.is_empty(),
            "expected a model that was trained with noise in its layers or weights, received one without"
        );
        let networks = self.networks(usize::MAX, true, &Device::Cpu)?;
        let outputs = networks.iter().map(|own| {
            let (xs, _) = own.rows(&rows.samples)?;
            Ok(sample(&own.model, &own.noise, &xs, draws, per)?.outputs().flatten(0, 1)?)
        });
        self.forecast(&Tensor::cat(&outputs.collect::<Result<Vec<_>>>()?, 0)?, draws, rows)
    }

    /// Returns what each noise of the training does to the predictions of rows with targets, in `draws` draws.
    /// The steps are those of the training: as many as its batches.
    ///
    /// # Errors
    /// If [`Bundle::predict`] would fail.
    pub fn diagnose(&self, samples: &Samples, draws: usize) -> Result<Vec<Diagnosis>> {
        self.diagnose_at(samples, draws, 1.)
    }

    /// Returns the [`diagnosis`](Self::diagnose) at a multiple of the strengths of the training.
    ///
    /// # Errors
    /// If [`Bundle::predict`] would fail, or a strength is then outside the range of its kind.
    pub fn diagnose_at(
        &self,
        samples: &Samples,
        draws: usize,
        factor: f64,
    ) -> Result<Vec<Diagnosis>> {
        let networks = self.networks(usize::MAX, true, &Device::Cpu)?;
        let steps = self.about.training_steps();
        let of = |own: &Networks| {
            let all = own.noise.steps().into_iter();
            own.noise
                .set_steps(&all.map(|(path, own)| (path, vec![steps; own.len()])).collect())?;
            for (path, strengths) in own.noise.strengths() {
                let strengths: Vec<f64> = strengths.iter().map(|own| own * factor).collect();
                own.noise.set_strengths(&path, &strengths)?;
            }
            let (xs, ys) = own.rows(samples)?;
            let objective = self.about.training.objective();
            Ok(diagnose(&own.model, &own.noise, [&xs, &ys], &*objective, draws)?)
        };
        networks.iter().map(of).collect()
    }

    /// Returns the noises of the training that predictions pass through.
    fn noise_of_predictions(&self) -> Vec<NoiseSpec> {
        self.about.training.noise.iter().filter(|own| own.is_in_model()).cloned().collect()
    }

    /// Returns the networks that did not diverge.
    fn finished(&self) -> Result<Vec<u32>> {
        let finished = finite(&self.weights)?;
        ensure!(
            !finished.is_empty(),
            "expected a network that did not diverge, received {} that did",
            self.about.training.seeds.len()
        );
        Ok(finished)
    }

    /// Returns the forecast of outputs (R, N, O) of networks in `draws` draws each, in the units of the data.
    fn forecast(&self, outputs: &Tensor, draws: usize, rows: &Rows) -> Result<Forecast> {
        let (_, targets) = rows.samples.range(0, rows.samples.rows())?;
        let each = Predicted::by_replica(outputs, &targets)?;
        let units = self.about.training.inputs.units();
        let each = each.into_iter().map(|own| units.iter().fold(own, Predicted::in_units));
        let classes = self.about.training.inputs.classes().map(<[String]>::len);
        Ok(Forecast::new(each.collect(), draws, classes))
    }

    /// Returns the networks that did not diverge, at most `most` in one model, on a device; with the noise that
    /// they were trained with, or without any, as faster models with constants.
    ///
    /// # Errors
    /// If all networks diverged, or the device cannot hold them.
    pub fn networks(&self, most: usize, noisy: bool, device: &Device) -> Result<Vec<Networks>> {
        let noise = if noisy { self.noise_of_predictions() } else { Vec::new() };
        self.built(&self.finished()?, &noise, most, device)
    }

    fn built(
        &self,
        replicas: &[u32],
        noise: &[NoiseSpec],
        most: usize,
        device: &Device,
    ) -> Result<Vec<Networks>> {
        let (training, stds) = (&self.about.training, self.about.column_stds.as_deref());
        let together = Networks::together(training.network.axis(), most);
        let build =
            |own: &[u32]| Ok(Networks::build(training, &self.weights, stds, own, noise, device)?);
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
        self.about.check()?;
        let first: Vec<u32> = (0..count.min(1) as u32).collect();
        self.built(&first, &[], 1, &Device::Cpu)
            .context("the weights are not those of the network")?;
        Ok(())
    }
}
