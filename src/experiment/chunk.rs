//! One chunk: replicas of one network on one data set, trained in one tensor program.

use anyhow::Result;
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{Optimizer, VarMap};

use super::settings::Settings;
use crate::data::{Dataset, Samples};
use crate::loss::Loss;
use crate::model::Placement;
use crate::nn::{SequentialT, replicated_vars, sorted_vars};
use crate::noise::NoiseMap;
use crate::optim::{Adam, AdamOptions};
use crate::train::{FitOptions, History, Observer, ReplicaHistory, evaluate, fit, predict};

/// The trained replicas, in the order of the seeds.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The curves of each replica.
    pub histories: Vec<ReplicaHistory>,
    /// The weights by name, sorted: (R, …) on the CPU, NaN for replicas that stopped.
    pub weights: Vec<(String, Tensor)>,
    /// Share of the validation points that each replica predicts rightly in the end; empty without
    /// such points.
    pub validation_accuracy: Vec<f32>,
    /// Whether each replica predicts each test point rightly in the end.
    pub test_right: Vec<Vec<bool>>,
}

impl Trained {
    /// `model.safetensors`: the weights by name, each with the replica axis first.
    ///
    /// # Errors
    /// Never for weights of this crate.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        Ok(safetensors::serialize(self.weights.iter().map(|(name, w)| (name, w)), None)?)
    }
}

/// One tensor program from the initial weights to the last epoch: a replica for each seed, with
/// one spread a replica at each placement of `noise`. The settings' own noise, seed and repeats
/// play no part.
pub(super) fn train_chunk(
    settings: &Settings,
    seeds: &[u64],
    noise: &[(Placement, Vec<f64>)],
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Trained> {
    let (train, validation, test) = settings.split()?;
    let (train, test) = (samples(&train, device)?, samples(&test, device)?);
    let (varmap, noisemap) = (VarMap::new(), NoiseMap::replicated(seeds));
    let vb = replicated_vars(&varmap, seeds, DType::F32, device);
    let model = settings.network().build(&vb, &noisemap.builder(), noise)?;
    let (names, vars): (Vec<_>, Vec<_>) = sorted_vars(&varmap).into_iter().unzip();
    let adam = AdamOptions { learning_rate: settings.learning_rate, ..Default::default() };
    let mut optimizer = Adam::new(vars.clone(), adam)?;
    let options = FitOptions {
        epochs: settings.epochs,
        batch_size: settings.batch_size,
        loss: Loss::BinaryCrossEntropy,
        seeds: seeds.to_vec(),
    };
    let history = fit(&model, &mut optimizer, &train, Some(&test), &options, observer)?;
    let validation_accuracy = match validation {
        Some(data) => evaluate(&model, &samples(&data, device)?, options.loss)?.accuracy,
        None => Vec::new(),
    };
    let test_right = rightly_predicted(&model, &test)?;
    let weights = vars.iter().map(|var| finished_weights(var, &history));
    let weights = names.into_iter().zip(weights).map(|(name, weights)| Ok((name, weights?)));
    let weights = weights.collect::<Result<_>>()?;
    Ok(Trained { histories: history.replicas, weights, validation_accuracy, test_right })
}

fn samples(data: &Dataset, device: &Device) -> Result<Samples> {
    let (xs, ys) = data.to_tensors(device)?;
    Ok(Samples::replicated(&xs.unsqueeze(0)?, &ys.unsqueeze(0)?)?)
}

/// Whether the logit of each row has the sign of its class, for each replica.
fn rightly_predicted(model: &SequentialT, samples: &Samples) -> Result<Vec<Vec<bool>>> {
    let logits = predict(model, samples)?.squeeze(2)?; // (R, N)
    let (_, ys) = samples.range(0, samples.rows())?;
    let classes = ys.gt(0.5)?.broadcast_as(logits.shape())?;
    let right = logits.gt(0.)?.eq(&classes)?.to_vec2::<u8>()?;
    Ok(right.into_iter().map(|row| row.into_iter().map(|right| right == 1).collect()).collect())
}

/// The replicas' weights on the CPU, NaN for those that stopped: what they were when their chunk
/// ended depends on their company.
fn finished_weights(var: &Var, history: &History) -> Result<Tensor> {
    let weights = var.as_detached_tensor().to_device(&Device::Cpu)?;
    let replica = |(r, history): (usize, &ReplicaHistory)| {
        let own = weights.narrow(0, r, 1)?;
        if history.stopped.is_none() { Ok(own) } else { own.affine(0., f64::NAN) }
    };
    let replicas = history.replicas.iter().enumerate().map(replica);
    Ok(Tensor::cat(&replicas.collect::<candle_core::Result<Vec<_>>>()?, 0)?)
}
