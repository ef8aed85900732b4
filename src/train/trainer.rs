//! Training that owns its model, data, optimizer and history.

use std::fmt;

use candle_core::{Result, bail};
use candle_nn::{Optimizer, VarMap};

use super::checkpoint::Checkpoint;
use super::early_stopping::{EarlyStopping, Stopper};
use super::epochs::Epochs;
use super::history::History;
use super::options::TrainOptions;
use super::predictor::Predictor;
use crate::data::Samples;
use crate::nn::Model;
use crate::noise::{LabelNoise, NoiseMap};
use crate::optim::{AnyOptimizer, SaveState};

/// Training epoch by epoch; the loop is the caller's, who looks, saves and stops between two epochs.
///
/// Rows are shuffled anew each epoch, for each replica by its own seed. A replica whose loss becomes NaN or
/// infinite is recorded as stopped; the others continue.
///
/// On a GPU the curves are read once in many epochs, as many as have 256 batches, those of the evaluations
/// included: so no epoch waits for the host, and [`history`](Self::history) lags behind. The curves are the
/// same; training ends as much later if all replicas have stopped. With early stopping each epoch is read.
///
/// ```
/// # use candle_core::{DType, Device, Result, Tensor};
/// # use candle_nn::{Optimizer, VarMap};
/// # use candle_noise::{data::Samples, nn, optim::{Adam, AdamOptions}};
/// use candle_noise::train::{EarlyStopping, TrainOptions, Trainer};
///
/// # fn main() -> Result<()> {
/// # let (xs, ys) = (Tensor::ones((9, 2), DType::F32, &Device::Cpu)?, Tensor::ones(9, DType::F32, &Device::Cpu)?);
/// # let (train, validation) = (Samples::new(&xs, &ys)?, Samples::new(&xs, &ys)?);
/// # let varmap = VarMap::new();
/// let model = candle_nn::linear(2, 1, nn::seeded_vars(&varmap, 0, DType::F32, &Device::Cpu))?;
/// let adam = Adam::new(varmap.all_vars(), AdamOptions::default())?;
/// let mut trainer = Trainer::new(nn::Model::new(model), &varmap, adam, train, TrainOptions::new(100))?
///     .with_validation(validation)?
///     .with_early_stopping(EarlyStopping::new(5).restore_best())?;
/// while !trainer.has_ended() {
///     trainer.epoch()?;
/// }
/// trainer.finish()?;
/// # assert_eq!(trainer.history().replicas[0].epochs(), 100);
/// # Ok(()) }
/// ```
pub struct Trainer {
    pub(super) model: Model,
    pub(super) varmap: VarMap,
    pub(super) noise: Option<NoiseMap>,
    pub(super) optimizer: AnyOptimizer,
    pub(super) epochs: Epochs,
}

impl Trainer {
    /// Training before its first epoch. `varmap` has the model's variables, which checkpoints hold.
    ///
    /// # Shapes
    /// The model takes (R, B, …) and gives (R, B, O) if the samples have a replica axis, and (B, …)
    /// and (B, O) if they have none.
    ///
    /// # Errors
    /// If an option is out of range, or the samples have other replicas than there are seeds.
    pub fn new(
        model: Model,
        varmap: &VarMap,
        optimizer: impl Optimizer + SaveState + Send + 'static,
        train: Samples,
        options: TrainOptions,
    ) -> Result<Self> {
        let epochs = Epochs::new(train, [None, None], options)?;
        let optimizer = AnyOptimizer::from(optimizer);
        Ok(Self { model, varmap: varmap.clone(), noise: None, optimizer, epochs })
    }

    /// Saves the steps and strengths of this map in checkpoints.
    pub fn with_noise(self, noise: &NoiseMap) -> Self {
        Self { noise: Some(noise.clone()), ..self }
    }

    /// Trains on labels that are wrong now and then; evaluations see the right ones.
    pub fn with_label_noise(mut self, labels: LabelNoise) -> Self {
        self.epochs.labels = Some(labels);
        self
    }

    /// Evaluates validation rows after each epoch.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn with_validation(mut self, validation: Samples) -> Result<Self> {
        let test = self.epochs.sets()[2].clone();
        self.epochs = self.epochs.with([Some(validation), test])?;
        Ok(self)
    }

    /// Evaluates test rows after each epoch.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn with_test(mut self, test: Samples) -> Result<Self> {
        let validation = self.epochs.sets()[1].clone();
        self.epochs = self.epochs.with([validation, Some(test)])?;
        Ok(self)
    }

    /// Ends each replica when its validation loss has not fallen for some epochs. It comes after
    /// [`with_validation`](Self::with_validation).
    ///
    /// # Errors
    /// If there are no rows to watch, or the patience is 0.
    pub fn with_early_stopping(mut self, rule: EarlyStopping) -> Result<Self> {
        let (set, name) = if rule.on_test { (2, "test") } else { (1, "validation") };
        if self.epochs.sets()[set].is_none() {
            bail!("early stopping watches the {name} loss: expected {name} samples")
        }
        self.epochs.stopper = Some(Stopper::new(&self.varmap, rule)?);
        self.epochs.unread.most = 1;
        Ok(self)
    }

    /// Number of finished epochs.
    pub fn epoch_number(&self) -> usize {
        self.epochs.finished
    }

    /// The curves as far as they have been read.
    pub fn history(&self) -> &History {
        &self.epochs.history
    }

    /// The variables of the model.
    pub fn varmap(&self) -> &VarMap {
        &self.varmap
    }

    /// Whether no epoch is left, or no replica trains any more.
    pub fn has_ended(&self) -> bool {
        self.epochs.have_ended()
    }

    /// Trains and evaluates one epoch.
    ///
    /// # Errors
    /// If the model, the loss or the optimizer fails.
    pub fn epoch(&mut self) -> Result<()> {
        let Self { model, optimizer, epochs, .. } = self;
        epochs.run(&*model, &mut |grads| optimizer.step(grads))
    }

    /// Ends training: reads the last curves, and gives the model the weights that early stopping keeps.
    ///
    /// # Errors
    /// If a device fails.
    pub fn finish(&mut self) -> Result<()> {
        self.epochs.finish()
    }

    /// The state after the last finished epoch.
    ///
    /// # Errors
    /// If the optimizer has a variable that the `VarMap` does not have, or a device fails.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Checkpoint::of(self)
    }

    /// Continues from a checkpoint, as if training had never been interrupted.
    ///
    /// # Errors
    /// If the checkpoint is not one of this model with these seeds, or is of an epoch after the last;
    /// nothing is changed then.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        checkpoint.restore(self)
    }

    /// The model with its present weights, to ask for predictions.
    pub fn predictor(&self) -> Predictor {
        Predictor::new(self.model.clone())
    }
}

impl fmt::Debug for Trainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Trainer");
        debug.field("options", &self.epochs.options).field("epoch", &self.epochs.finished);
        debug.finish_non_exhaustive()
    }
}
