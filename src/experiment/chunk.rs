//! One chunk: replicas of one network on one data set, trained in one tensor program.

use anyhow::Result;
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{Optimizer, VarMap};

use super::settings::{EarlyStop, Settings};
use crate::data::{Dataset, Samples};
use crate::loss::Loss;
use crate::model::Placement;
use crate::nn::{SequentialT, replicated_vars, sorted_vars};
use crate::noise::NoiseMap;
use crate::optim::{Adam, AdamOptions};
use crate::train::{
    Checkpoint, EarlyStopping, Fit, FitOptions, History, Observer, ReplicaHistory, predict,
};

/// The trained replicas, in the order of the seeds.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The curves of each replica.
    pub histories: Vec<ReplicaHistory>,
    /// The weights by name, sorted: (R, …) on the CPU, NaN for replicas that stopped.
    pub weights: Vec<(String, Tensor)>,
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

/// Gives the state of a chunk between two epochs.
pub(super) type State<'a> = dyn Fn() -> Result<Checkpoint> + 'a;

/// Keeps the state of a chunk.
pub(super) trait Keeper {
    /// The state from which the chunk goes on, if it has been trained in part.
    fn start(&mut self) -> Option<Checkpoint> {
        None
    }

    /// Before each epoch, so many being finished: whether to train it.
    fn goes_on(&mut self, _epoch: usize, _state: &State) -> Result<bool> {
        Ok(true)
    }

    /// After the last epoch.
    fn finished(&mut self, _epoch: usize, _state: &State) -> Result<()> {
        Ok(())
    }
}

/// Nothing is kept.
impl Keeper for () {}

/// One tensor program from the initial weights to the last epoch: a replica for each seed, with
/// one spread a replica at each placement of `noise`. The settings' own noise, seed and repeats
/// play no part. `None` where the keeper has ended it.
pub(super) fn train_chunk(
    settings: &Settings,
    seeds: &[u64],
    noise: &[(Placement, Vec<f64>)],
    device: &Device,
    observer: &mut dyn Observer,
    keeper: &mut dyn Keeper,
) -> Result<Option<Trained>> {
    let (train, validation, test) = settings.split()?;
    let (train, test) = (samples(&train, device)?, samples(&test, device)?);
    let validation = validation.map(|data| samples(&data, device)).transpose()?;
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
    // Keras' tutorial calls the test points validation data, and so do the curves, where no points
    // are set apart for validation.
    let watched = validation.as_ref().unwrap_or(&test);
    let mut fit = Fit::new(&model, &mut optimizer, &train, Some(watched), &options)?;
    if validation.is_some() {
        fit = fit.with_test(&test)?;
    }
    if let Some(EarlyStop { patience, restore_best, .. }) = settings.early_stopping {
        fit = fit.with_early_stopping(EarlyStopping::new(&varmap, patience, restore_best)?)?;
    }
    if let Some(checkpoint) = keeper.start() {
        fit.resume(&checkpoint, &varmap, &noisemap)?;
        observer.resumed(fit.epochs(), fit.history());
    }
    while !fit.has_ended() {
        if !keeper.goes_on(fit.epochs(), &|| Ok(fit.checkpoint(&varmap, &noisemap)?))? {
            return Ok(None);
        }
        fit.epoch(observer)?;
    }
    keeper.finished(fit.epochs(), &|| Ok(fit.checkpoint(&varmap, &noisemap)?))?;
    let history = fit.finish()?;
    let test_right = rightly_predicted(&model, &test)?;
    let weights = vars.iter().map(|var| finished_weights(var, &history));
    let weights = names.into_iter().zip(weights).map(|(name, weights)| Ok((name, weights?)));
    let weights = weights.collect::<Result<_>>()?;
    Ok(Some(Trained { histories: history.replicas, weights, test_right }))
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
