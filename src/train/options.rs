//! Options of training.

use std::sync::Arc;

use candle_core::{Result, bail};

use super::lr_schedule::LrSchedule;
use super::mixup::Mixup;
use crate::data::Samples;
use crate::objective::{BinaryCrossEntropy, ClassOptions, Objective};

/// The options of training.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrainOptions {
    /// Number of passes over the training rows, at least 1.
    pub epochs: usize,
    /// Number of rows per step, at least 1. The last batch of an epoch may be shorter.
    pub batch_size: usize,
    /// The loss and its metrics.
    pub objective: Arc<dyn Objective>,
    /// One seed per replica, which determines the order of the rows.
    pub seeds: Vec<u64>,
    /// Label smoothing and weights of classes, in training only.
    pub classes: ClassOptions,
    /// The schedule of the learning rate. The optimizer's own rate is that of its factor 1.
    pub lr_schedule: LrSchedule,
    /// Whether to leave out the last batch of an epoch if it is shorter than the others. In each epoch
    /// other rows are left out.
    pub drop_last: bool,
    /// Whether each row of a batch stands in it twice, for noise in antithetic pairs.
    pub paired: bool,
    /// Whether rows are mixed with others.
    pub mixup: Option<Mixup>,
}

impl TrainOptions {
    /// Creates options for `epochs` epochs with batches of 32, binary cross-entropy and seed 0.
    pub fn new(epochs: usize) -> Self {
        Self {
            epochs,
            batch_size: 32,
            objective: Arc::new(BinaryCrossEntropy),
            seeds: vec![0],
            classes: ClassOptions::default(),
            lr_schedule: LrSchedule::default(),
            drop_last: false,
            paired: false,
            mixup: None,
        }
    }

    /// Sets the number of rows per batch.
    #[must_use]
    pub fn batch_size(self, batch_size: usize) -> Self {
        Self { batch_size, ..self }
    }

    /// Sets the objective.
    #[must_use]
    pub fn objective(self, objective: impl Objective + 'static) -> Self {
        Self { objective: Arc::new(objective), ..self }
    }

    /// Sets one seed per replica.
    #[must_use]
    pub fn seeds(self, seeds: &[u64]) -> Self {
        Self { seeds: seeds.to_vec(), ..self }
    }

    /// Sets the label smoothing of the training loss.
    #[must_use]
    pub fn label_smoothing(mut self, smoothing: f64) -> Self {
        self.classes.smoothing = smoothing;
        self
    }

    /// Sets a weight for each class in the training loss. With a weight of 0, choose batches that hold
    /// rows of other classes, too: the loss of one without is 0 / 0.
    #[must_use]
    pub fn class_weights(mut self, weights: &[f64]) -> Self {
        self.classes.weights = weights.to_vec();
        self
    }

    /// Sets the schedule of the learning rate.
    #[must_use]
    pub fn lr_schedule(self, lr_schedule: LrSchedule) -> Self {
        Self { lr_schedule, ..self }
    }

    /// Leaves out the last batch of an epoch if it is shorter than the others.
    #[must_use]
    pub fn drop_last(self) -> Self {
        Self { drop_last: true, ..self }
    }

    /// Mixes each training row with another one of its batch.
    #[must_use]
    pub fn mixup(self, mixup: Mixup) -> Self {
        Self { mixup: Some(mixup), ..self }
    }

    /// Puts each row of a training batch in it twice, one half after the other, for layers with noise in
    /// antithetic pairs ([`NoiseLayer::paired`](crate::noise::NoiseLayer::paired)).
    #[must_use]
    pub fn paired(self) -> Self {
        Self { paired: true, ..self }
    }

    /// Returns the number of rows that an epoch trains on, of `rows`.
    pub(super) fn rows_used(&self, rows: usize) -> usize {
        if self.drop_last { rows - rows % self.batch_size } else { rows }
    }

    pub(super) fn check(&self, rows: usize) -> Result<()> {
        let Self { epochs, batch_size, .. } = self;
        if !(1..=u32::MAX as usize).contains(epochs) {
            bail!("epochs must lie in 1 to 2^32 - 1, received {epochs}")
        }
        if *batch_size == 0 {
            bail!("batch_size must be at least 1, received 0")
        }
        if self.rows_used(rows) == 0 {
            bail!(
                "drop_last leaves no batch: expected a batch_size of at most {rows} rows, received \
                 {batch_size}"
            )
        }
        self.lr_schedule.check()?;
        if self.lr_schedule.needs_validation() && self.seeds.len() != 1 {
            bail!(
                "a schedule that follows the validation loss takes one replica, received {}",
                self.seeds.len()
            )
        }
        self.mixup.map_or(Ok(()), |mixup| mixup.check())?;
        self.classes.check(&*self.objective)
    }

    /// Checks that there is one seed for each replica of some samples.
    pub(super) fn check_replicas(&self, samples: &Samples) -> Result<()> {
        let (seeds, replicas) = (&self.seeds, samples.replicas());
        if seeds.is_empty() || (replicas != 1 && replicas != seeds.len()) {
            bail!("expected a seed for each replica, {replicas} in all, received {}", seeds.len())
        }
        if !samples.replica_axis() && seeds.len() != 1 {
            bail!("a model without a replica axis takes one seed, received {}", seeds.len())
        }
        Ok(())
    }
}
