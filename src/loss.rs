//! Losses of shape (R,): one number a replica, so that replicas do not mix. Without a replica axis the
//! outputs are (B, O), the targets begin with (B), and the loss is a scalar.
//!
//! A backward pass starts from the vector itself, which is their sum; a mean over replicas would
//! make each gradient depend on the company.
//!
//! [`Trainer`](crate::train::Trainer) and [`fit`](crate::train::fit) check all targets once, before
//! the first step ([`Objective::check`](crate::objective::Objective::check)). In a loop of your own
//! call that method once on the targets of each set: the functions here check only what costs
//! nothing in a step, which each of them documents.
//!
//! Outputs in f16 or bf16 have a loss in f32, and a gradient in their own precision.

use candle_core::{D, DType, Result, Tensor, bail};
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
    by_replica(logits, targets, |logits, targets| {
        ops::cross_entropy(logits, &class_numbers(logits, targets)?)
    })
}

/// Mean over the batch of `max(z, 0) − z·y + ln(1 + exp(−|z|))`, which is finite for every finite logit.
///
/// # Shapes
/// `logits` (R, B, 1); `targets` (R or 1, B), from 0 to 1; result (R,).
///
/// # Errors
/// If the shapes do not fit. Targets are not checked: outside [0, 1] the loss has no lower bound.
pub fn binary_cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    by_replica(logits, targets, ops::bce_with_logits)
}

/// Adds the replica axis to outputs (B, O) and their targets, and takes it off the loss again. The
/// outputs are in single or double precision.
fn by_replica(
    outputs: &Tensor,
    targets: &Tensor,
    loss: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let outputs = &ops::at_least_single(outputs)?;
    match outputs.rank() {
        2 => loss(&outputs.unsqueeze(0)?, &targets.unsqueeze(0)?)?.squeeze(0),
        _ => loss(outputs, targets),
    }
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
    by_replica(logits, targets, |logits, targets| {
        let right = (cross_entropy(logits, targets)? * (1. - smoothing))?;
        let all = log_softmax(logits, D::Minus1)?.mean((1, 2))?; // (R,): the mean over classes, too
        right - (all * smoothing)?
    })
}

/// Cross-entropy with smoothed classes and a weight for each class, as PyTorch's `CrossEntropyLoss` with
/// `weight` and `label_smoothing`: ((1 − ε) · Σ w_y · −ln p_y + ε / C · Σ Σ_c w_c · −ln p_c) / Σ w_y, with the
/// sums over the rows, whose class is y.
///
/// # Shapes
/// `logits` (R, B, C); `targets` (R or 1, B), class numbers; `weights` (C,); result (R,).
///
/// # Errors
/// If `smoothing` is outside [0, 1], there is not one weight for each class, and as [`cross_entropy`].
pub fn weighted_cross_entropy(
    logits: &Tensor,
    targets: &Tensor,
    weights: &Tensor,
    smoothing: f64,
) -> Result<Tensor> {
    check_smoothing(smoothing)?;
    by_replica(logits, targets, |logits, targets| {
        let classes = class_numbers(logits, targets)?; // (R, B)
        if weights.dims() != [logits.dim(D::Minus1)?] {
            bail!(
                "expected a weight for each of {} classes, received {:?}",
                logits.dim(D::Minus1)?,
                weights.dims()
            )
        }
        let weights = weights.to_dtype(logits.dtype())?;
        let own = weights.index_select(&classes.flatten_all()?, 0)?.reshape(classes.dims())?;
        let losses = log_softmax(logits, D::Minus1)?.neg()?; // (R, B, C)
        let right = losses.gather(&classes.unsqueeze(2)?.contiguous()?, 2)?.squeeze(2)?; // (R, B)
        let right = ((right * &own)?.sum(1)? * (1. - smoothing))?;
        let all = losses.broadcast_mul(&weights)?.mean(2)?.sum(1)?;
        (right + (all * smoothing)?)?.div(&own.sum(1)?)
    })
}

/// Binary cross-entropy with smoothed targets and a weight for each of the two classes, the same as
/// [`weighted_cross_entropy`] with the logits (0, z). A target between the classes has a weight between
/// theirs.
///
/// # Shapes
/// `logits` (R, B, 1); `targets` (R or 1, B), from 0 to 1; `weights` (2,); result (R,).
///
/// # Errors
/// If `smoothing` is outside [0, 1], there are not two weights, or the shapes do not fit.
pub fn weighted_binary_cross_entropy(
    logits: &Tensor,
    targets: &Tensor,
    weights: &Tensor,
    smoothing: f64,
) -> Result<Tensor> {
    check_smoothing(smoothing)?;
    by_replica(logits, targets, |logits, targets| {
        let (replicas, rows) = match logits.dims() {
            [r, b, 1] => (*r, *b),
            dims => bail!("expected logits of shape (R, B, 1), received {dims:?}"),
        };
        let weights = weights.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        let [first, second] = weights[..] else {
            bail!("expected a weight for each of 2 classes, received {}", weights.len())
        };
        let targets = targets.to_dtype(logits.dtype())?.broadcast_as((replicas, rows))?;
        let zs = logits.squeeze(2)?;
        // −ln p of class 1 and of class 0, finite for every finite logit. At z = 0 Candle's derivatives
        // of max(z, 0) and |z| are 1, and max(−z, 0) = max(z, 0) − z must go with them.
        let tail = (zs.abs()?.neg()?.exp()? + 1.)?.log()?;
        let positive = zs.relu()?;
        let ones = ((&positive - &zs)? + &tail)?;
        let zeros = (positive + tail)?;
        let half = smoothing / 2.;
        // The share of each class in the loss of a row, times the weight.
        let one = (targets.affine(1. - smoothing, half)? * second)?;
        let zero = (targets.affine(smoothing - 1., 1. - half)? * first)?;
        let sum = ((ones * one)? + (zeros * zero)?)?.sum(1)?;
        let total = (targets.affine(second - first, first)?).sum(1)?;
        sum.div(&total)
    })
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
    by_replica(predictions, targets, |predictions, targets| {
        let targets = if targets.rank() == 2 { targets.unsqueeze(2)? } else { targets.clone() };
        match (predictions.dims(), targets.dims()) {
            ([r, b, o], [shared, tb, to])
                if (shared == r || *shared == 1) && (b, o) == (tb, to) => {}
            (p, t) => {
                bail!("the mean squared error expects equal shapes, received {p:?} and {t:?}")
            }
        }
        let targets = targets.to_dtype(predictions.dtype())?;
        predictions.broadcast_sub(&targets)?.sqr()?.mean((1, 2))
    })
}
