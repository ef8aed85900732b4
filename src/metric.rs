//! Metrics of shape (R,).

use candle_core::{D, DType, Result, Tensor, bail};

pub use crate::ops::binary_accuracy;

/// Share of the batch, for each replica, whose largest logit is that of its class.
///
/// # Shapes
/// `logits` (R, B, C); `targets` (R or 1, B), class numbers; result (R,) without a gradient.
///
/// # Errors
/// When the shapes do not fit.
pub fn accuracy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let classes = class_numbers(logits, targets)?;
    let predicted = logits.detach().argmax(D::Minus1)?; // (R, B)
    predicted.eq(&classes)?.to_dtype(DType::F32)?.mean(1)
}

/// Targets (R or 1, B) as u32 class numbers (R, B).
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
