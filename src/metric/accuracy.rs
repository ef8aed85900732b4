//! The share of correctly classified rows.

use candle_core::{D, DType, Result, Tensor};

use super::{Margin, Metric, Predicted, class_numbers};
use crate::ops;

/// The share of correctly classified rows. With one logit z, the predicted class is 1 if z > 0.
/// With several logits, it is the class of the largest.
///
/// It is undefined if an output is NaN or a target is no class: with one logit a number outside [0,
/// 1], with several one that is not the number of an output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accuracy;

impl Metric for Accuracy {
    fn name(&self) -> &str {
        "accuracy"
    }

    fn margin(&self) -> Margin {
        Margin::Absolute(0.01)
    }

    fn widest(&self) -> f64 {
        1.
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        let hits = self.hits(rows)?;
        let count = hits.iter().filter(|hit| **hit).count();
        (!hits.is_empty()).then(|| count as f64 / hits.len() as f64)
    }

    fn hits(&self, rows: &Predicted) -> Option<Vec<bool>> {
        if !rows.are_classified() {
            return None;
        }
        Some(rows.classes().zip(rows.labels()).map(|(class, label)| class == label).collect())
    }

    fn sums(&self, outputs: &Tensor, targets: &Tensor) -> Result<Option<Tensor>> {
        if outputs.dim(D::Minus1)? == 1 {
            return ops::binary_hits(outputs, targets).map(Some);
        }
        let classes = class_numbers(outputs, targets)?;
        let predicted = outputs.detach().argmax(D::Minus1)?; // (R, B)
        predicted.eq(&classes)?.to_dtype(DType::F32)?.sum(1).map(Some)
    }
}
