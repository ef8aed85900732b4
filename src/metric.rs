//! Metrics of shape (R,).

use candle_core::{D, DType, Result, Tensor};

use crate::loss::class_numbers;
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
