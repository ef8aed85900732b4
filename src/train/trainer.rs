//! A trainer that owns its model, data, optimizer and history.

use std::fmt;

use candle_core::{Result, bail};
use candle_nn::{Optimizer, VarMap};

use super::checkpoint::Checkpoint;
use super::early_stopping::{EarlyStopping, Stopper};
use super::epochs::{Epochs, SETS};
use super::frozen::Frozen;
use super::history::History;
use super::lone_row::LoneRow;
use super::options::TrainOptions;
use super::predictor::Predictor;
use crate::data::Samples;
use crate::nn::{Model, check_vars, sorted_vars, trainable_vars};
use crate::noise::{LabelNoise, NoiseMap, WeightNoise};
use crate::optim::{AnyOptimizer, SaveState};

/// Epoch-by-epoch training. The caller writes the loop and can inspect, save or stop between two
/// epochs.
///
/// The first step checks that each of the [`trainable_vars`] has a gradient and is in the optimizer, or
/// is declared [frozen](Self::with_frozen).
///
/// The rows are shuffled anew in each epoch, for each replica by its own seed. A replica with a NaN
/// or infinite loss is recorded as stopped; the others continue.
///
/// On a GPU the curves are read only once in several epochs, which together have 256 batches,
/// including those of the evaluations. No epoch waits for the host, and [`history`](Self::history)
/// lags behind by as many epochs. The curves are the same. If all replicas have stopped, training
/// ends that much later. With early stopping every epoch is read.
///
/// ```
/// # use candle_core::{DType, Device, Result, Tensor};
/// # use candle_nn::VarMap;
/// # use candle_noise::{data::Samples, nn, optim::{Adam, AdamOptions}};
/// use candle_noise::train::{EarlyStopping, TrainOptions, Trainer};
///
/// # fn main() -> Result<()> {
/// # let (xs, ys) = (Tensor::ones((9, 2), DType::F32, &Device::Cpu)?, Tensor::ones(9, DType::F32, &Device::Cpu)?);
/// # let (train, validation) = (Samples::new(&xs, &ys)?, Samples::new(&xs, &ys)?);
/// # let varmap = VarMap::new();
/// let model = candle_nn::linear(2, 1, nn::seeded_vars(&varmap, 0, DType::F32, &Device::Cpu))?;
/// let adam = Adam::of(&varmap, AdamOptions::default())?;
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
///
/// [`trainable_vars`]: crate::nn::trainable_vars
pub struct Trainer {
    pub(super) model: Model,
    pub(super) varmap: VarMap,
    pub(super) noise: Option<NoiseMap>,
    pub(super) optimizer: AnyOptimizer,
    pub(super) epochs: Epochs,
    frozen: Frozen,
    lone_row: Option<LoneRow>,
    /// The learning rate where the factor of the schedule is 1.
    pub(super) rate: f64,
}

impl Trainer {
    /// Creates a trainer before its first epoch. `varmap` holds the model's variables, which
    /// checkpoints save.
    ///
    /// # Shapes
    /// The model maps (R, B, …) to (R, B, O) if the samples have a replica axis, and (B, …) to (B,
    /// O) if they have none.
    ///
    /// # Errors
    /// If an option is out of range, the replicas of the samples do not match the seeds, an input is
    /// not finite, a target is none of the objective's ([`Objective::check`]), `varmap` has no trainable
    /// variable, or a batch of a single row, which is a vector, comes before a `BatchNorm`.
    ///
    /// [`Objective::check`]: crate::objective::Objective::check
    pub fn new(
        model: Model,
        varmap: &VarMap,
        optimizer: impl Optimizer + SaveState + Send + 'static,
        train: Samples,
        options: TrainOptions,
    ) -> Result<Self> {
        check_vars("Trainer", &trainable_vars(varmap))?;
        let lone_row = LoneRow::of(varmap, &train, &options)?;
        let mut epochs = Epochs::new(train, options)?;
        let vars = sorted_vars(varmap).into_iter().map(|(_, var)| var);
        epochs.weights = vars.filter(|var| var.dtype().is_float()).collect();
        let rate = optimizer.learning_rate();
        let optimizer = AnyOptimizer::from(optimizer);
        let (varmap, frozen) = (varmap.clone(), Frozen::default());
        Ok(Self { model, varmap, noise: None, optimizer, epochs, frozen, lone_row, rate })
    }

    /// Lets the strengths of this map follow their schedules, and includes its steps and strengths in
    /// checkpoints.
    #[must_use]
    pub fn with_noise(self, noise: &NoiseMap) -> Self {
        Self { noise: Some(noise.clone()), ..self }
    }

    /// Declares variables that the optimizer leaves alone: those with these names, and those of the
    /// layers at these paths, such as `conv1` for `conv1.weight` and `conv1.bias`. Create the optimizer
    /// with the other variables.
    ///
    /// # Errors
    /// If no trainable variable is at a path, or the optimizer has one that is.
    pub fn with_frozen(mut self, paths: &[&str]) -> Result<Self> {
        self.frozen.add(paths, &self.varmap, &self.optimizer)?;
        Ok(self)
    }

    /// Trains with label noise. Evaluations use the correct labels.
    ///
    /// # Errors
    /// If the objective has no classes or another number of them, or a target of the training rows
    /// is not the number of a class.
    pub fn with_label_noise(mut self, labels: LabelNoise) -> Result<Self> {
        self.epochs = self.epochs.with_labels(labels)?;
        Ok(self)
    }

    /// Trains with the mean gradient of two passes, with the weights' noise and with its opposite; see
    /// [`WeightNoise::mirror`]. The model and the optimizer are those that the noise has wrapped.
    ///
    /// Zhang et al. 2024, "Noise Stability Optimization for Finding Flat Minima" (arXiv 2306.08553).
    ///
    /// # Errors
    /// If an epoch has finished.
    pub fn with_two_point(mut self, noise: &WeightNoise) -> Result<Self> {
        if self.epochs.finished > 0 {
            bail!(
                "expected noise before the first epoch, received it after {}",
                self.epochs.finished
            )
        }
        self.epochs.mirrored = Some(noise.clone());
        Ok(self)
    }

    /// Evaluates validation rows after each epoch.
    ///
    /// # Errors
    /// If [`Trainer::new`] would fail with these samples.
    pub fn with_validation(mut self, validation: Samples) -> Result<Self> {
        self.epochs = self.epochs.with(1, validation)?;
        Ok(self)
    }

    /// Evaluates test rows after each epoch.
    ///
    /// # Errors
    /// If [`Trainer::new`] would fail with these samples.
    pub fn with_test(mut self, test: Samples) -> Result<Self> {
        self.epochs = self.epochs.with(2, test)?;
        Ok(self)
    }

    /// Ends each replica when its validation loss has not fallen for some epochs, or its score has not
    /// improved. Call it after [`with_validation`](Self::with_validation).
    ///
    /// # Errors
    /// If there are no rows or no metric to watch, the patience is 0, `min_delta` is out of range, a
    /// variable of several replicas lacks their axis, or an epoch has finished.
    pub fn with_early_stopping(mut self, rule: EarlyStopping) -> Result<Self> {
        if self.epochs.finished > 0 {
            bail!(
                "early stopping is set before the first epoch, received it after {}",
                self.epochs.finished
            )
        }
        let set = if rule.on_test { 2 } else { 1 };
        if self.epochs.sets()[set].is_none() {
            bail!(
                "early stopping watches the {name} rows: expected {name} samples",
                name = SETS[set]
            )
        }
        let objective = &*self.epochs.options.objective;
        let replicas = self.epochs.options.seeds.len();
        self.epochs.stopper = Some(Stopper::new(&self.varmap, rule, objective, replicas)?);
        self.epochs.unread.most = 1;
        Ok(self)
    }

    /// Returns the optimizer's step size in the last epoch.
    pub fn learning_rate(&self) -> f64 {
        self.optimizer.learning_rate()
    }

    /// Sets the optimizer's step size, which the schedule of the options multiplies by its factors. It is
    /// not part of a checkpoint; a schedule needs none. A rate that is negative or not finite is an error of
    /// the next epoch.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.rate = learning_rate;
        self.optimizer.set_learning_rate(learning_rate);
    }

    /// Returns the number of finished epochs.
    pub fn epoch_number(&self) -> usize {
        self.epochs.finished
    }

    /// Returns the curves, as far as they have been read.
    pub fn history(&self) -> &History {
        &self.epochs.history
    }

    /// Returns the variables of the model.
    pub fn varmap(&self) -> &VarMap {
        &self.varmap
    }

    /// Returns whether no epoch is left or no replica is still training.
    pub fn has_ended(&self) -> bool {
        self.epochs.have_ended()
    }

    /// Trains and evaluates one epoch.
    ///
    /// # Errors
    /// If the model, the loss or the optimizer fails, the learning rate is out of range, or, in the first
    /// step, a trainable variable has no gradient, is neither frozen nor in the optimizer, or is in the
    /// optimizer alone: the error names each of them. In the first epoch also if a batch of a single row
    /// has spoilt the running statistics of a `BatchNorm`. The weights are then those of the last step;
    /// training continues only after [`resume`](Self::resume).
    pub fn epoch(&mut self) -> Result<()> {
        let Self { model, varmap, noise, optimizer, epochs, frozen, lone_row, rate } = self;
        if let Some(noise) = noise {
            noise.begin_epoch(epochs.finished + 1, epochs.options.epochs)?;
        }
        let scheduled = epochs.scheduled(*rate)?;
        if !epochs.options.lr_schedule.is_constant() {
            optimizer.set_learning_rate(scheduled);
        }
        let result = epochs.run(&*model, &mut |grads| {
            frozen.check(varmap, optimizer, grads)?;
            optimizer.step(grads)
        });
        result.or_else(|error| optimizer.abandon_pass().and(Err(error)))?;
        if let Some(lone_row) = lone_row.take() {
            lone_row.check().inspect_err(|_| {
                epochs.moved = Some("a batch of a single row has spoilt running statistics");
            })?;
        }
        Ok(())
    }

    /// Trains the next epochs, at most `most`, and returns their number: one, or on a CUDA device as many
    /// as one launch trains, up to 256. Those are epochs of a [`SequentialT`](crate::nn::SequentialT) of
    /// dense layers, rectifiers and Gaussian noise without a schedule, with a replica axis and one logit, whose
    /// weights and batch fit the shared memory of a block of threads; with
    /// [`BinaryCrossEntropy`](crate::objective::BinaryCrossEntropy), [`Adam`](crate::optim::Adam) without groups
    /// and L2 term, at most 1,024 rows in all, no early stopping and no other noise.
    ///
    /// Such epochs have the noise and the order of the rows of [`epoch`](Self::epoch) to the bit. Their
    /// sums are rounded in another order.
    ///
    /// # Errors
    /// As [`epoch`](Self::epoch).
    pub fn advance(&mut self, most: usize) -> Result<usize> {
        if most == 0 {
            return Ok(0);
        }
        #[cfg(feature = "cuda")]
        if let Some(epochs) = self.many_epochs(most)? {
            return Ok(epochs);
        }
        self.epoch()?;
        Ok(1)
    }

    /// Ends training: reads the last curves, and gives the model the weights kept by early
    /// stopping.
    ///
    /// # Errors
    /// If a device fails.
    pub fn finish(&mut self) -> Result<()> {
        self.epochs.finish()
    }

    /// Returns the state after the last finished epoch.
    ///
    /// # Errors
    /// If an epoch has failed since, [`finish`](Self::finish) has replaced the weights by those kept
    /// by early stopping, the optimizer has a variable that is not in the `VarMap`, or a device
    /// fails.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Checkpoint::of(self)
    }

    /// Continues from a checkpoint as if training had never been interrupted. The optimizer's settings,
    /// the rows, the size of the batches and the schedule are not part of it: training continues with those of
    /// this trainer, which are the same in an exact continuation.
    ///
    /// # Errors
    /// If the checkpoint does not belong to this model with these seeds and sets of rows, or its epoch
    /// is after the last. Nothing is changed then.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        checkpoint.restore(self)
    }

    /// Returns the model for predictions. It shares the weights: further epochs change them. It
    /// checks rows with targets as the trainer does.
    pub fn predictor(&self) -> Predictor {
        Predictor::checked(self.model.clone(), self.epochs.options.objective.clone())
    }
}

impl fmt::Debug for Trainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Trainer");
        debug.field("options", &self.epochs.options).field("epoch", &self.epochs.finished);
        debug.finish_non_exhaustive()
    }
}
