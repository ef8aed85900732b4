//! The loop: for each epoch, for each batch, forward, loss, backward, step; then evaluate.

use candle_core::{Result, bail};
use candle_nn::{ModuleT, Optimizer};

use super::early_stopping::EarlyStopping;
use super::evaluate::Evaluation;
use super::history::History;
use super::measured::{Measured, Unread};
use super::observer::Observer;
use super::options::FitOptions;
use super::shuffle::orders;
use crate::data::Samples;
use crate::ops::{Orders, backward, enable_grad};

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
/// On a GPU the curves are read, and an [`Observer`] hears of the epochs, once in many of them, which
/// are as many as have 256 batches, those of the evaluations included: so no epoch waits for the host.
/// The curves are the same; training ends as much later where all replicas have stopped. With early
/// stopping each epoch is read.
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
    orders: Orders,
    evaluation: Evaluation<'a>,
    pub(super) early_stopping: Option<EarlyStopping>,
    pub(super) options: &'a FitOptions,
    pub(super) epoch: usize,
    pub(super) history: History,
    pub(super) unread: Unread,
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
        let (early_stopping, epoch) = (None, 0);
        let orders = orders(&options.seeds, train.rows(), train.device())?;
        let unread = Unread::new(train.device());
        Ok(Self {
            model,
            optimizer,
            train,
            orders,
            evaluation,
            early_stopping,
            options,
            epoch,
            history,
            unread,
        })
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
        self.unread.most = 1;
        Ok(self)
    }

    /// Number of finished epochs.
    pub fn epochs(&self) -> usize {
        self.epoch
    }

    /// The curves as far as they have been read.
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
        let [clean, val, test] = self.evaluation.measure(self.model, self.options.loss)?;
        self.unread.push([noisy, clean, val, test]);
        if self.unread.is_due() || self.epoch == self.options.epochs {
            self.read(observer)?;
        }
        Ok(())
    }

    /// Records the epochs that have not been read.
    fn read(&mut self, observer: &mut dyn Observer) -> Result<()> {
        for (epoch, scores) in self.unread.read(self.epoch)? {
            for stop in self.history.push(epoch, &self.options.seeds, scores.each_ref()) {
                observer.replica_stopped(&stop);
            }
            if let Some(early_stopping) = &mut self.early_stopping {
                early_stopping.epoch_end(epoch, &mut self.history)?;
            }
            observer.epoch_end(epoch, &self.history);
        }
        self.unread.clear();
        Ok(())
    }

    /// The curves to the last epoch.
    pub(super) fn whole_history(&self) -> Result<History> {
        let mut history = self.history.clone();
        for (epoch, scores) in self.unread.read(self.epoch)? {
            history.push(epoch, &self.options.seeds, scores.each_ref());
        }
        Ok(history)
    }

    /// The curves; the model has the weights that early stopping keeps for it.
    ///
    /// # Errors
    /// When a device fails.
    pub fn finish(mut self) -> Result<History> {
        self.read(&mut ())?;
        if let Some(early_stopping) = &self.early_stopping {
            early_stopping.finish(&mut self.history)?;
        }
        Ok(self.history)
    }

    fn train_epoch(&mut self) -> Result<Vec<Measured>> {
        let Self { model, optimizer, train, options, .. } = self;
        let (rows, replicas) = (train.rows(), options.seeds.len());
        let orders = self.orders.at(self.epoch as u32)?; // (R, N)
        let mut measured = Vec::new();
        for start in (0..rows).step_by(options.batch_size) {
            let end = rows.min(start + options.batch_size);
            let (xs, ys) = train.take(&orders.narrow(1, start, end - start)?)?;
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
        Ok(measured)
    }
}
