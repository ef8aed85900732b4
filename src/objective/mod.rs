//! Objectives: a loss to minimize, and the metrics that judge the network.

mod class_options;
mod loss_fn;
mod shipped;
mod with_metric;

use std::fmt::Debug;
use std::sync::Arc;

use candle_core::{Result, Tensor, bail};

pub use class_options::ClassOptions;
pub use loss_fn::LossFn;
pub use shipped::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError};
pub use with_metric::WithMetric;

use crate::metric::{Metric, check_classes, check_finite};

/// A loss to minimize, its targets and the metrics of the predictions.
pub trait Objective: Debug + Send + Sync {
    /// Returns the name, which identifies the objective with its settings. Objectives with the same
    /// name are the same.
    fn name(&self) -> String;

    /// Returns the number of outputs expected of a network.
    fn outputs(&self) -> usize;

    /// Returns the number of classes, if the targets are class numbers.
    fn classes(&self) -> Option<usize> {
        None
    }

    /// Checks the targets of a set of rows. [`Trainer`](crate::train::Trainer),
    /// [`fit`](crate::train::fit), [`evaluate`](crate::train::evaluate) and experiments call it once
    /// per set, because a loss in a step does not look at each target.
    ///
    /// By default targets must be the numbers of the [`classes`](Self::classes) if there are any, and
    /// finite otherwise. An objective with other targets, such as smoothed classes or NaN for a
    /// missing value, overrides it.
    ///
    /// # Shapes
    /// `targets` (R or 1, N), or (R or 1, N, O).
    ///
    /// # Errors
    /// If the objective is not defined for a target. The error names the first one with its row.
    fn check(&self, targets: &Tensor) -> Result<()> {
        match self.classes() {
            Some(classes) => check_classes(targets, classes),
            None => check_finite(targets),
        }
    }

    /// Returns the mean loss of each replica's batch.
    ///
    /// # Shapes
    /// `outputs` (R, B, O); `targets` (R or 1, B), or (R or 1, B, O); result (R,).
    ///
    /// # Errors
    /// If the shapes do not fit.
    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor>;

    /// Returns the mean training loss of each replica's batch with options for the classes. Evaluations
    /// use [`loss`](Self::loss).
    ///
    /// # Shapes
    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// If the shapes do not fit, or there are options and the objective has no use for them, as by
    /// default.
    fn training_loss(
        &self,
        outputs: &Tensor,
        targets: &Tensor,
        options: &ClassOptions,
    ) -> Result<Tensor> {
        if !options.is_default() {
            bail!("{} takes no label smoothing and no weights of classes", self.name())
        }
        self.loss(outputs, targets)
    }

    /// Returns the metrics. The first one is the primary metric, which has a curve and decides the
    /// verdict.
    fn metrics(&self) -> Vec<Arc<dyn Metric>>;

    /// Returns the loss, followed by the [`sums`](Metric::sums) of the primary metric if it has
    /// them, without a gradient. The elements of the tensors are in this order. An objective that
    /// computes both in one pass overrides this method.
    ///
    /// # Errors
    /// If the shapes do not fit.
    fn evaluate(&self, outputs: &Tensor, targets: &Tensor) -> Result<Vec<Tensor>> {
        let outputs = outputs.contiguous()?;
        let loss = self.loss(&outputs, targets)?.detach();
        let mut scores = vec![loss_of_each(loss, outputs.dim(0)?, self)?];
        if let Some(metric) = self.metrics().first() {
            scores.extend(metric.sums(&outputs, targets)?);
        }
        Ok(scores)
    }
}

/// Returns a loss with one number for each replica; a scalar is that of a single one.
///
/// # Errors
/// If it has another shape.
pub(crate) fn loss_of_each<O: Objective + ?Sized>(
    loss: Tensor,
    replicas: usize,
    objective: &O,
) -> Result<Tensor> {
    match loss.dims() {
        [own] if *own == replicas => Ok(loss),
        [] if replicas == 1 => loss.reshape(1),
        dims => bail!(
            "the loss of {}: expected shape ({replicas},), a mean for each replica, received {dims:?}",
            objective.name()
        ),
    }
}
