//! What a network is trained for: a loss, and the metrics that judge it.

use std::fmt::Debug;
use std::sync::Arc;

use candle_core::{Result, Tensor};

use crate::loss::{cross_entropy, mse};
use crate::metric::{Accuracy, Metric, RSquared};
use crate::ops;

/// A loss to minimize, the targets it expects and the metrics of its predictions.
pub trait Objective: Debug + Send + Sync {
    /// Its name, which with its settings identifies it: two objectives of one name are the same.
    fn name(&self) -> String;

    /// Number of outputs that it expects of a network.
    fn outputs(&self) -> usize;

    /// Number of classes, if the targets are class numbers.
    fn classes(&self) -> Option<usize> {
        None
    }

    /// The mean loss of each replica's batch.
    ///
    /// # Shapes
    /// `outputs` (R, B, O); `targets` (R or 1, B), or (R or 1, B, O); result (R,).
    ///
    /// # Errors
    /// If the shapes do not fit.
    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor>;

    /// The metrics; the first is the primary one, which has a curve and a verdict.
    fn metrics(&self) -> Vec<Arc<dyn Metric>>;

    /// The loss and, if the primary metric has [`sums`](Metric::sums), those, without a gradient: tensors
    /// whose elements are in this order. An objective that computes both in one pass says so here.
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

/// One logit, targets 0 or 1 or between.
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

/// A logit for each class, targets class numbers.
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
    /// Number of values that are predicted.
    pub outputs: usize,
}

impl Objective for MeanSquaredError {
    fn name(&self) -> String {
        format!("mean squared error of {} outputs", self.outputs)
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        mse(outputs, targets)
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        vec![Arc::new(RSquared)]
    }
}
