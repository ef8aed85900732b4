//! The objectives of this crate.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor, bail};

use super::{ClassOptions, Objective};
use crate::loss::{
    cross_entropy, mse, smooth_cross_entropy, smooth_targets, weighted_binary_cross_entropy,
    weighted_cross_entropy,
};
use crate::metric::{Accuracy, Metric, RSquared, check_classes, check_finite, check_shares};
use crate::ops;

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

    fn training_loss(
        &self,
        outputs: &Tensor,
        targets: &Tensor,
        options: &ClassOptions,
    ) -> Result<Tensor> {
        let smoothing = options.smoothing;
        match options.weights[..] {
            [] if smoothing == 0. => self.loss(outputs, targets),
            [] => {
                let outputs = ops::at_least_single(outputs)?;
                let targets = targets.to_dtype(outputs.dtype())?;
                self.loss(&outputs, &smooth_targets(&targets, smoothing)?)
            }
            _ => {
                let weights = options.weights_on(&Device::Cpu)?;
                weighted_binary_cross_entropy(outputs, targets, &weights, smoothing)
            }
        }
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
        if self.classes < 2 {
            bail!("expected at least 2 classes, received {}", self.classes)
        }
        check_one_per_row(targets)?;
        check_classes(targets, self.classes)
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        cross_entropy(outputs, targets)
    }

    fn training_loss(
        &self,
        outputs: &Tensor,
        targets: &Tensor,
        options: &ClassOptions,
    ) -> Result<Tensor> {
        match options.weights[..] {
            [] if options.smoothing == 0. => self.loss(outputs, targets),
            [] => smooth_cross_entropy(outputs, targets, options.smoothing),
            _ => {
                let weights = options.weights_on(outputs.device())?;
                weighted_cross_entropy(outputs, targets, &weights, options.smoothing)
            }
        }
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
