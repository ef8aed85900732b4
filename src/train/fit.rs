//! The loop: for each epoch, for each batch, forward, loss, backward, step; then evaluate.

use candle_core::{Result, bail};
use candle_nn::{ModuleT, Optimizer};

use super::early_stopping::EarlyStopping;
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

/// Trains a model and records its curves: a [`Fit`] to its end.
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
    let mut fit = Fit::new(model, optimizer, train, validation, options)?;
    while !fit.has_ended() {
        fit.epoch(observer)?;
    }
    fit.finish()
}

/// Training epoch by epoch, for those who do something between the epochs.
///
/// Rows are shuffled anew each epoch, for each replica by its own seed. A replica whose loss
/// becomes NaN or infinite is recorded as stopped; the others go on.
///
/// ```
/// # use candle_core::{DType, Device, Result, Tensor};
/// # use candle_nn::{Optimizer, VarMap};
/// # use candle_noise::{data::Samples, nn, optim::{Adam, AdamOptions}};
/// use candle_noise::train::{EarlyStopping, Fit, FitOptions};
///
/// # fn main() -> Result<()> {
/// # let (xs, ys) = (Tensor::ones((9, 2), DType::F32, &Device::Cpu)?, Tensor::ones(9, DType::F32, &Device::Cpu)?);
/// # let (train, validation) = (Samples::new(&xs, &ys)?, Samples::new(&xs, &ys)?);
/// # let varmap = VarMap::new();
/// # let model = candle_nn::linear(2, 1, nn::seeded_vars(&varmap, 0, DType::F32, &Device::Cpu))?;
/// # let mut adam = Adam::new(varmap.all_vars(), AdamOptions::default())?;
/// let options = FitOptions { epochs: 100, ..Default::default() };
/// let early_stopping = EarlyStopping::new(&varmap, 5, true)?;
/// let mut fit = Fit::new(&model, &mut adam, &train, Some(&validation), &options)?
///     .with_early_stopping(early_stopping)?;
/// while !fit.has_ended() {
///     fit.epoch(&mut ())?;
/// }
/// let history = fit.finish()?;
/// # assert_eq!(history.replicas[0].loss.len(), 100);
/// # Ok(()) }
/// ```
pub struct Fit<'a, M, O> {
    model: &'a M,
    pub(super) optimizer: &'a mut O,
    train: &'a Samples,
    evaluation: Evaluation<'a>,
    pub(super) early_stopping: Option<EarlyStopping>,
    pub(super) options: &'a FitOptions,
    pub(super) epoch: usize,
    pub(super) history: History,
}

impl<'a, M: ModuleT, O: Optimizer> Fit<'a, M, O> {
    /// Training before its first epoch.
    ///
    /// # Errors
    /// When an option is out of range, or the samples have other replicas than there are seeds.
    pub fn new(
        model: &'a M,
        optimizer: &'a mut O,
        train: &'a Samples,
        validation: Option<&'a Samples>,
        options: &'a FitOptions,
    ) -> Result<Self> {
        options.check(train, validation)?;
        let evaluation = Evaluation::new(train, validation, None)?;
        let history = History::new(options.seeds.len());
        let early_stopping = None;
        Ok(Self { model, optimizer, train, evaluation, early_stopping, options, epoch: 0, history })
    }

    /// Evaluates a test set, too, after each epoch; it steers nothing.
    ///
    /// # Errors
    /// As [`Fit::new`].
    pub fn with_test(mut self, test: &'a Samples) -> Result<Self> {
        self.options.check(self.train, Some(test))?;
        self.evaluation = Evaluation::new(self.train, self.evaluation.validation(), Some(test))?;
        Ok(self)
    }

    /// Ends each replica when its validation loss has not fallen for some epochs.
    ///
    /// # Errors
    /// When there are no validation samples.
    pub fn with_early_stopping(mut self, early_stopping: EarlyStopping) -> Result<Self> {
        if self.evaluation.validation().is_none() {
            bail!("early stopping watches the validation loss: expected validation samples")
        }
        self.early_stopping = Some(early_stopping);
        Ok(self)
    }

    /// Number of finished epochs.
    pub fn epochs(&self) -> usize {
        self.epoch
    }

    /// The curves so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Whether no epoch is left, or no replica trains any more.
    pub fn has_ended(&self) -> bool {
        self.epoch >= self.options.epochs || self.history.all_ended()
    }

    /// Trains and evaluates one epoch.
    ///
    /// # Errors
    /// When the model, the loss or the optimizer fails.
    pub fn epoch(&mut self, observer: &mut dyn Observer) -> Result<()> {
        self.epoch += 1;
        let noisy = self.train_epoch()?;
        let [clean, val, test] = self.evaluation.scores(self.model, self.options.loss)?;
        let scores = [&noisy, &clean, &val, &test];
        for stop in self.history.push(self.epoch, &self.options.seeds, scores) {
            observer.replica_stopped(&stop);
        }
        if let Some(early_stopping) = &mut self.early_stopping {
            early_stopping.epoch_end(self.epoch, &mut self.history)?;
        }
        observer.epoch_end(self.epoch, &self.history);
        Ok(())
    }

    /// The curves; the model has the weights that early stopping keeps for it.
    ///
    /// # Errors
    /// When a device fails.
    pub fn finish(mut self) -> Result<History> {
        if let Some(early_stopping) = &self.early_stopping {
            early_stopping.finish(&mut self.history)?;
        }
        Ok(self.history)
    }

    fn train_epoch(&mut self) -> Result<Scores> {
        let Self { model, optimizer, train, options, .. } = self;
        let (rows, replicas) = (train.rows(), options.seeds.len());
        let order = |&seed: &u64| shuffled(seed, self.epoch as u32, rows);
        let orders: Vec<Vec<u32>> = options.seeds.iter().map(order).collect();
        let mut measured = Vec::new();
        for start in (0..rows).step_by(options.batch_size) {
            let end = rows.min(start + options.batch_size);
            let ids = orders.iter().flat_map(|order| &order[start..end]);
            let (xs, ys) = train.batch(&ids.copied().collect::<Vec<_>>(), replicas)?;
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
