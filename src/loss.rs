//! Losses of shape (R,): one number a replica, so that replicas do not mix.
//!
//! A backward pass starts from the vector itself, which is their sum; a mean over replicas would
//! make each gradient depend on the company.
//!
//! [`Trainer`](crate::train::Trainer) and [`fit`](crate::train::fit) check all targets once, before
//! the first step ([`Objective::check`](crate::objective::Objective::check)). In a loop of your own
//! call that method once on the targets of each set: the functions here check only what costs
//! nothing in a step, which each of them documents.

use candle_core::{D, Result, Tensor, bail};
use candle_nn::ops::log_softmax;

use crate::metric::{check_shares, class_numbers};
use crate::ops;

/// Mean over the batch of `ln Σ exp(z) − z[class]`.
///
/// # Shapes
/// `logits` (R, B, C); `targets` (R or 1, B), class numbers in any dtype; result (R,).
///
/// # Errors
/// If the shapes do not fit, or, on the CPU, a target is not a whole number from 0 to C − 1. On
/// other devices targets are not checked: a fraction is cut off, a negative number or NaN may count
/// as class 0 or as no row at all.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    ops::cross_entropy(logits, &class_numbers(logits, targets)?)
}

/// Cross-entropy against smoothed classes: (1 − ε) · [`cross_entropy`] + ε / C · Σ_c −ln p_c, the mean
/// over the batch, as PyTorch's `label_smoothing` has it.
///
/// Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision" (arXiv
/// 1512.00567).
///
/// # Shapes
/// As [`cross_entropy`].
///
/// # Errors
/// If `smoothing` is outside [0, 1], and as [`cross_entropy`].
pub fn smooth_cross_entropy(logits: &Tensor, targets: &Tensor, smoothing: f64) -> Result<Tensor> {
    check_smoothing(smoothing)?;
    let right = (cross_entropy(logits, targets)? * (1. - smoothing))?;
    let all = log_softmax(logits, D::Minus1)?.mean((1, 2))?; // (R,): the mean over classes, too
    right - (all * smoothing)?
}

/// Smoothed targets for one logit, y (1 − ε) + ε / 2, with which the binary cross-entropy L becomes
/// (1 − ε) L(y) + ε L(½).
///
/// Labels flipped with probability r have the targets of ε = 2r in mean.
///
/// # Shapes
/// Any; floating-point targets.
///
/// # Errors
/// If `smoothing` is outside [0, 1], the targets are integers, which cannot hold the result, or, on
/// the CPU, a target is outside [0, 1]. On other devices targets are not checked.
pub fn smooth_targets(targets: &Tensor, smoothing: f64) -> Result<Tensor> {
    check_smoothing(smoothing)?;
    if !targets.dtype().is_float() {
        bail!("smoothed targets are floating-point numbers, received {:?}", targets.dtype())
    }
    if targets.device().is_cpu() {
        check_shares(targets)?;
    }
    targets.affine(1. - smoothing, smoothing / 2.)
}

fn check_smoothing(smoothing: f64) -> Result<()> {
    match (0.0..=1.).contains(&smoothing) {
        true => Ok(()),
        false => bail!("smoothing must lie in [0, 1], received {smoothing}"),
    }
}

/// Mean over the batch and the outputs of (prediction − target)².
///
/// # Shapes
/// `predictions` (R, B, O); `targets` (R or 1, B, O), or (R or 1, B) when O is 1; result (R,).
///
/// # Errors
/// If the shapes do not fit. Targets are not checked: one that is not finite gives such a loss.
pub fn mse(predictions: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let targets = if targets.rank() == 2 { targets.unsqueeze(2)? } else { targets.clone() };
    match (predictions.dims(), targets.dims()) {
        ([r, b, o], [shared, tb, to]) if (shared == r || *shared == 1) && (b, o) == (tb, to) => {}
        (p, t) => bail!("the mean squared error expects equal shapes, received {p:?} and {t:?}"),
    }
    let targets = targets.to_dtype(predictions.dtype())?;
    predictions.broadcast_sub(&targets)?.sqr()?.mean((1, 2))
}
