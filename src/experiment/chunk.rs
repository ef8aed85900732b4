//! One chunk: replicas of one network on one data set, trained in one tensor program.

use anyhow::{Context, Result};
use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::Optimizer;

use super::network::Network;
use super::settings::{EarlyStop, Settings};
use super::source::{Source, Split};
use crate::data::Samples;
use crate::model::Placement;
use crate::nn::{SequentialT, sorted_vars};
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
    /// The class that each replica predicts for each test point in the end.
    pub test_predicted: Vec<Vec<u32>>,
    /// The class of each test point.
    pub test_labels: Vec<u32>,
}

impl Trained {
    /// Whether replica `r` predicts each test point rightly in the end.
    pub fn test_right(&self, r: usize) -> impl Iterator<Item = bool> {
        self.test_predicted[r].iter().zip(&self.test_labels).map(|(own, label)| own == label)
    }

    /// How many test points of each class were predicted as each, over the replicas that did not
    /// stop: `classes` numbers for class 0, then for class 1 and so on.
    pub fn confusion(&self, classes: usize) -> Vec<u64> {
        let mut counts = vec![0; classes * classes];
        let finished = self.histories.iter().zip(&self.test_predicted);
        for (_, predicted) in finished.filter(|(history, _)| history.stopped.is_none()) {
            for (label, own) in self.test_labels.iter().zip(predicted) {
                counts[*label as usize * classes + *own as usize] += 1;
            }
        }
        counts
    }

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

/// One tensor program from the initial weights to the last epoch.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Data, network and training; their own noise, seed and repeats play no part.
    pub settings: Settings,
    /// A replica for each seed.
    pub seeds: Vec<u64>,
    /// One spread a replica at each placement.
    pub noise: Vec<(Placement, Vec<f64>)>,
}

/// Trains a chunk. `None` where the keeper has ended it.
pub(super) fn train_chunk(
    source: &Source,
    Program { settings, seeds, noise }: &Program,
    device: &Device,
    (observer, keeper): (&mut dyn Observer, &mut dyn Keeper),
) -> Result<Option<Trained>> {
    let Split { train, validation, test, test_labels } = source.split(settings, device)?;
    let Network { model, varmap, noisemap } =
        Network::new(source, settings.hidden, seeds, noise, device)?;
    let vars = sorted_vars(&varmap);
    let adam = AdamOptions { learning_rate: settings.learning_rate, ..Default::default() };
    let mut optimizer = Adam::new(vars.iter().map(|(_, var)| var.clone()).collect(), adam)?;
    let options = FitOptions {
        epochs: settings.epochs,
        batch_size: settings.batch_size,
        loss: settings.task.loss(),
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
        let resumed = fit.resume(&checkpoint, &varmap, &noisemap);
        resumed.context("--resume: the checkpoint is not one of this network")?;
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
    let weights = |(name, var): (String, Var)| {
        Ok((name, finished_weights(&var, &history, train.replica_axis())?))
    };
    let weights = vars.into_iter().map(weights).collect::<Result<_>>()?;
    let test_predicted = predicted(&model, &test)?;
    Ok(Some(Trained { histories: history.replicas, weights, test_predicted, test_labels }))
}

/// The class that each replica predicts for each row.
fn predicted(model: &SequentialT, samples: &Samples) -> Result<Vec<Vec<u32>>> {
    let logits = predict(model, samples)?; // (R, N, O)
    let classes = match logits.dim(2)? {
        1 => logits.gt(0.)?.squeeze(2)?.to_dtype(DType::U32)?,
        _ => logits.argmax(D::Minus1)?,
    };
    Ok(classes.to_vec2()?)
}

/// The replicas' weights on the CPU, NaN for those that stopped: what they were when their chunk
/// ended depends on their company.
fn finished_weights(var: &Var, history: &History, replica_axis: bool) -> Result<Tensor> {
    let weights = var.as_detached_tensor().to_device(&Device::Cpu)?;
    let weights = if replica_axis { weights } else { weights.unsqueeze(0)? };
    let replica = |(r, history): (usize, &ReplicaHistory)| {
        let own = weights.narrow(0, r, 1)?;
        if history.stopped.is_none() { Ok(own) } else { own.affine(0., f64::NAN) }
    };
    let replicas = history.replicas.iter().enumerate().map(replica);
    Ok(Tensor::cat(&replicas.collect::<candle_core::Result<Vec<_>>>()?, 0)?)
}
