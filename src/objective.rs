//! Objectives: a loss to minimize, and the metrics that judge the network.

use std::fmt::Debug;
use std::sync::Arc;

use candle_core::{Result, Tensor, bail};

use crate::loss::{cross_entropy, mse};
use crate::metric::{Accuracy, Metric, RSquared, check_classes, check_finite, check_shares};
use crate::ops;

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
        let mut scores = vec![self.loss(&outputs, targets)?.detach()];
        if let Some(metric) = self.metrics().first() {
            scores.extend(metric.sums(&outputs, targets)?);
        }
        Ok(scores)
    }
}

/// Binary cross-entropy: one logit, targets from 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossEntropy;

impl Objective for BinaryCrossEntropy {
    fn name(&self) -> String {
        "binary-cross-entropy".to_string()
    }

    fn outputs(&self) -> usize {
        1
    }

    fn classes(&self) -> Option<usize> {
        Some(2)
    }

    fn check(&self, targets: &Tensor) -> Result<()> {
        check_one_per_row(targets)?;
        check_shares(targets)
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        ops::bce_with_logits(outputs, targets)
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        vec![Arc::new(Accuracy)]
    }

    fn evaluate(&self, outputs: &Tensor, targets: &Tensor) -> Result<Vec<Tensor>> {
        Ok(vec![ops::binary_scores(outputs, targets)?.flatten_all()?])
    }
}

/// Cross-entropy: one logit per class, class numbers as targets.
#[derive(Clone, Copy, Debug)]
pub struct CrossEntropy {
    /// Number of classes, at least 2.
    pub classes: usize,
}

impl Objective for CrossEntropy {
    fn name(&self) -> String {
        format!("cross-entropy of {} classes", self.classes)
    }

    fn outputs(&self) -> usize {
        self.classes
    }

    fn classes(&self) -> Option<usize> {
        Some(self.classes)
    }

    fn check(&self, targets: &Tensor) -> Result<()> {
        check_one_per_row(targets)?;
        check_classes(targets, self.classes)
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        cross_entropy(outputs, targets)
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        vec![Arc::new(Accuracy)]
    }
}

/// Predictions and targets in the same units.
#[derive(Clone, Copy, Debug)]
pub struct MeanSquaredError {
    /// Number of predicted values.
    pub outputs: usize,
}

impl Objective for MeanSquaredError {
    fn name(&self) -> String {
        format!("mean squared error of {} outputs", self.outputs)
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn check(&self, targets: &Tensor) -> Result<()> {
        match targets.dims() {
            [_, _] if self.outputs == 1 => {}
            [_, _, outputs] if *outputs == self.outputs => {}
            dims => bail!(
                "expected {} targets per row, of shape (R or 1, N, {0}), received shape {dims:?}",
                self.outputs
            ),
        }
        check_finite(targets)
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        mse(outputs, targets)
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        vec![Arc::new(RSquared)]
    }
}

fn check_one_per_row(targets: &Tensor) -> Result<()> {
    match targets.dims() {
        [_, _] => Ok(()),
        dims => bail!("expected one target per row, of shape (R or 1, N), received shape {dims:?}"),
    }
}
