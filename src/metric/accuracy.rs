//! The share of correctly classified rows.

use candle_core::{D, DType, Result, Tensor, bail};

use super::{Metric, Predicted};
use crate::ops;

/// The share of correctly classified rows. With one logit z, the predicted class is 1 if z > 0.
/// With several logits, it is the class of the largest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accuracy;

impl Metric for Accuracy {
    fn name(&self) -> &str {
        "accuracy"
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        let hits = self.hits(rows)?;
        let count = hits.iter().filter(|hit| **hit).count();
        (!hits.is_empty()).then(|| count as f64 / hits.len() as f64)
    }

    fn hits(&self, rows: &Predicted) -> Option<Vec<bool>> {
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

/// Returns targets (R or 1, B) as u32 class numbers (R, B).
pub(crate) fn class_numbers(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    match (logits.dims(), targets.dims()) {
        (&[r, b, _], &[shared, rows]) if (shared == r || shared == 1) && rows == b => {
            targets.to_dtype(DType::U32)?.broadcast_as((r, b))?.contiguous()
        }
        (zs, ys) => bail!(
            "classification expects logits (R, B, C) and targets (R or 1, B), received {zs:?} \
             and {ys:?}"
        ),
    }
}
