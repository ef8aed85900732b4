//! The networks of a bundle, built to predict.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{VarBuilder, VarMap};
use rayon::prelude::*;

use super::replicas::{constants, noise_map, variables};
use super::{Inputs, Training};
use crate::data::Samples;
use crate::nn::Model;
use crate::noise::{NoiseMap, NoiseSpec, Slots, WeightNoise};
use crate::ops::Axis;
use crate::train::Predictor;

/// Some networks of a bundle in one model, with a replica for each, or one without a replica axis.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Networks {
    /// The model.
    pub model: Model,
    /// Its noise, which acts only if the map is asked for it.
    pub noise: NoiseMap,
    /// The seed of each network.
    pub seeds: Vec<u64>,
}

impl Networks {
    /// Builds networks from weights by name, with the axis of all networks first. Without noise the weights are
    /// constants.
    pub(super) fn build(
        training: &Training,
        weights: &[(String, Tensor)],
        column_stds: Option<&[f32]>,
        replicas: &[u32],
        noise: &[NoiseSpec],
        device: &Device,
    ) -> Result<Self> {
        let network = &training.network;
        let seeds: Vec<u64> = replicas.iter().map(|own| training.seeds[*own as usize]).collect();
        let map = noise_map(&seeds, network.axis());
        let varmap = match noise.is_empty() {
            true => VarMap::new(),
            false => variables(weights, replicas, network.axis(), device)?,
        };
        let vb = match noise.is_empty() {
            true => constants(weights, replicas, network.axis(), device)?,
            false => VarBuilder::from_varmap(&varmap, DType::F32, device),
        };
        let in_layers: Vec<NoiseSpec> =
            noise.iter().filter(|own| own.has_layer()).cloned().collect();
        let mut slots = Slots::new(&map, &in_layers)?.with_vars(vb.clone());
        if let Inputs::Table { preparation } = &training.inputs {
            slots = slots.with_columns("input", preparation.sources());
        }
        if let Some(stds) = column_stds {
            slots = slots.with_stds("input", Tensor::new(stds, device)?);
        }
        let mut model = network.build(&vb, &slots)?;
        slots.finish()?;
        if let Some(spec) = noise.iter().find(|own| !own.has_layer()) {
            let nb = map.builder().pp(NoiseSpec::WEIGHTS);
            let weights = WeightNoise::new(&varmap, spec.strength(), nb)?;
            let weights = match spec.schedule() {
                Some(schedule) => weights.scheduled(schedule)?,
                None => weights,
            };
            model = Model::new(weights.model(model));
        }
        // Scheduled strengths are those of the end of the training.
        map.begin_epoch(training.epochs, training.epochs)?;
        Ok(Self { model, noise: map, seeds })
    }

    /// Returns the inputs of each network, and their targets with a replica axis.
    pub(super) fn rows(&self, samples: &Samples) -> Result<(Tensor, Tensor)> {
        let (xs, ys) = samples.range(0, samples.rows())?;
        let xs = match samples.replica_axis() {
            true => {
                xs.broadcast_as([&[self.seeds.len()], &xs.dims()[1..]].concat())?.contiguous()?
            }
            false => xs,
        };
        Ok((xs, ys))
    }

    /// Returns how many networks one model may have.
    pub(super) fn together(axis: Axis, most: usize) -> usize {
        match axis {
            Axis::Replicas => most.max(1),
            Axis::Plain => 1,
        }
    }
}

/// Returns the outputs for all rows, pieces of which run at the same time.
pub(super) fn outputs(predictor: &Predictor, samples: &Samples) -> Result<Tensor> {
    const PIECE: usize = 8192;
    let all = samples.rows();
    let piece = |start: usize| -> Result<Tensor> {
        let (xs, ys) = samples.range(start, PIECE.min(all - start))?;
        let samples = match samples.replica_axis() {
            true => Samples::replicated(&xs, &ys)?,
            false => Samples::new(&xs, &ys.squeeze(0)?)?,
        };
        predictor.outputs(&samples)
    };
    let starts: Vec<usize> = (0..all).step_by(PIECE).collect();
    let pieces: Vec<Tensor> = starts.into_par_iter().map(piece).collect::<Result<_>>()?;
    Tensor::cat(&pieces, 1)
}
