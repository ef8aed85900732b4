//! The loop: for each epoch, for each batch, forward, loss, backward, step; then evaluate.

use candle_core::{Result, bail};
use candle_nn::{ModuleT, Optimizer};

use super::evaluate::{Evaluation, Measured, mean};
use super::history::{History, Scores};
use super::observer::Observer;
use super::shuffle::shuffled;
use crate::data::Samples;
use crate::loss::Loss;
use crate::ops::{backward, enable_grad};

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// Number of passes over the training rows, at least 1.
    pub epochs: usize,
    /// Rows of a step, at least 1; the last batch of an epoch may be shorter.
    pub batch_size: usize,
    /// What is made small.
    pub loss: Loss,
    /// One seed a replica: it determines the order of the rows.
    pub seeds: Vec<u64>,
}

impl Default for FitOptions {
    /// One epoch of batches of 32 with binary cross-entropy and seed 0.
    fn default() -> Self {
        Self { epochs: 1, batch_size: 32, loss: Loss::BinaryCrossEntropy, seeds: vec![0] }
    }
}

/// Trains a model and records its curves.
///
/// Rows are shuffled anew each epoch, for each replica by its own seed. A replica whose loss
/// becomes NaN or infinite is recorded as stopped; the others go on.
///
/// # Shapes
/// The model takes (R, B, …) and gives (R, B, O) when the samples have a replica axis, and (B, …)
/// and (B, O) when they have none.
///
/// # Errors
/// When an option is out of range, the samples have other replicas than there are seeds, or the
/// model, the loss or the optimizer fails.
pub fn fit<M: ModuleT, O: Optimizer>(
    model: &M,
    optimizer: &mut O,
    train: &Samples,
    validation: Option<&Samples>,
    options: &FitOptions,
    observer: &mut dyn Observer,
) -> Result<History> {
    options.check(train, validation)?;
    let mut history = History::new(options.seeds.len());
    let evaluation = Evaluation::new(train, validation)?;
    for epoch in 1..=options.epochs {
        let noisy = train_epoch(model, optimizer, train, options, epoch)?;
        let (clean, val) = evaluation.scores(model, options.loss)?;
        for stop in history.push(epoch, &options.seeds, [&noisy, &clean, &val]) {
            observer.replica_stopped(&stop);
        }
        observer.epoch_end(epoch, &history);
        if history.all_stopped() {
            break;
        }
    }
    Ok(history)
}

fn train_epoch<M: ModuleT, O: Optimizer>(
    model: &M,
    optimizer: &mut O,
    train: &Samples,
    options: &FitOptions,
    epoch: usize,
) -> Result<Scores> {
    let (rows, replicas) = (train.rows(), options.seeds.len());
    let order = |&seed: &u64| shuffled(seed, epoch as u32, rows);
    let orders: Vec<Vec<u32>> = options.seeds.iter().map(order).collect();
    let mut measured = Vec::new();
    for start in (0..rows).step_by(options.batch_size) {
        let end = rows.min(start + options.batch_size);
        let ids: Vec<u32> = orders.iter().flat_map(|order| &order[start..end]).copied().collect();
        let (xs, ys) = train.batch(&ids, replicas)?;
        let logits = train.with_replica_axis(enable_grad(|| model.forward_t(&xs, true))?)?;
        let loss = options.loss.forward(&logits, &ys)?; // (R,)
        if loss.elem_count() != replicas {
            bail!(
                "the model has {} replicas, expected one for each of {replicas} seeds",
                loss.elem_count()
            )
        }
        // Backward from the vector starts with ones: the sum of the replicas' losses.
        optimizer.step(&backward(&loss)?)?;
        measured.push(Measured::new(loss, options.loss, &logits, &ys)?);
    }
    mean(&measured)
}

impl FitOptions {
    fn check(&self, train: &Samples, validation: Option<&Samples>) -> Result<()> {
        let Self { epochs, batch_size, seeds, .. } = self;
        if !(1..=u32::MAX as usize).contains(epochs) {
            bail!("epochs must lie in 1 to 2^32 - 1, received {epochs}")
        }
        if *batch_size == 0 {
            bail!("batch_size must be at least 1, received 0")
        }
        for samples in [Some(train), validation].into_iter().flatten() {
            let replicas = samples.replicas();
            if seeds.is_empty() || (replicas != 1 && replicas != seeds.len()) {
                bail!("expected one seed for each of {replicas} replicas, received {}", seeds.len())
            }
            if !samples.replica_axis() && seeds.len() != 1 {
                bail!("a model without a replica axis takes one seed, received {}", seeds.len())
            }
        }
        Ok(())
    }
}
