//! Binary cross-entropy on logits, and its hits, one value a replica.
//!
//! loss = mean over the batch of `max(z, 0) − z·y + ln(1 + exp(−|z|))`, which is finite for every
//! finite logit; d loss / dz = (sigmoid(z) − y) / B.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
mod custom;

use candle_core::{Result, Tensor, bail};

use super::cpu::has_kernel;
use super::precision::at_least_single;
use custom::Scores;

/// The kernels.
#[cfg(feature = "cuda")]
pub(super) const CUDA_SOURCE: &str = include_str!("bce.cu");

/// Mean binary cross-entropy of each replica. Logits in half precision have a loss in f32.
///
/// # Shapes
/// `logits` (R, B, 1); `targets` (R, B) or, shared by all replicas, (1, B); result (R,).
///
/// # Errors
/// If the shapes do not fit. Targets are not checked: outside [0, 1] the loss has no lower bound, and
/// NaN gives NaN.
pub fn bce_with_logits(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (logits, targets) = matching(logits, targets)?;
    match has_kernel(&[&logits, &targets]) {
        true => readable(&logits)?.apply_op2(&beside(&targets, &logits)?, Scores::Loss),
        false => plain(&logits, &targets),
    }
}

/// Number of rows of the batch, for each replica, whose logit has the sign of its class (z > 0 is
/// class 1).
///
/// # Shapes
/// As [`bce_with_logits`]; the result carries no gradient.
///
/// # Errors
/// If the shapes do not fit.
pub fn binary_hits(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (logits, targets) = matching(logits, targets)?;
    if has_kernel(&[&logits, &targets]) {
        let targets = beside(&targets, &logits)?;
        readable(&logits)?.apply_op2_no_bwd(&targets, &Scores::Hits)
    } else {
        let predicted = logits.detach().squeeze(2)?.gt(0.)?;
        predicted.broadcast_eq(&targets.gt(0.5)?)?.to_dtype(logits.dtype())?.sum(1)
    }
}

/// [`bce_with_logits`] and [`binary_hits`] in one pass.
///
/// # Shapes
/// As [`bce_with_logits`]; result (2, R) without a gradient: the losses, then the hits.
///
/// # Errors
/// If the shapes do not fit.
pub fn binary_scores(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (logits, targets) = matching(logits, targets)?;
    if has_kernel(&[&logits, &targets]) {
        readable(&logits)?.apply_op2_no_bwd(&beside(&targets, &logits)?, &Scores::Both)
    } else {
        let scores = [bce_with_logits(&logits, &targets)?, binary_hits(&logits, &targets)?];
        Ok(Tensor::stack(&scores, 0)?.detach())
    }
}

/// The twin of the fused op. `ln(1 + exp(−|z|))` loses its last digits where exp(−|z|) is tiny.
fn plain(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let logits = logits.squeeze(2)?; // (R, B, 1) -> (R, B)
    let tail = (logits.abs()?.neg()?.exp()? + 1.)?.log()?;
    (logits.relu()? - logits.broadcast_mul(targets)? + tail)?.mean(1)
}

/// The logits in single or double precision, and targets that fit them: contiguous and in their dtype.
fn matching(logits: &Tensor, targets: &Tensor) -> Result<(Tensor, Tensor)> {
    match (logits.dims(), targets.dims()) {
        (&[r, b, 1], &[shared, rows]) if (shared == r || shared == 1) && rows == b && r * b > 0 => {
            let logits = at_least_single(logits)?;
            let targets = targets.to_dtype(logits.dtype())?.contiguous()?;
            Ok((logits, targets))
        }
        (zs, ys) => bail!(
            "binary cross-entropy expects logits (R, B, 1) with R and B ≥ 1 and targets (R, B) or \
             (1, B), received {zs:?} and {ys:?}"
        ),
    }
}

/// Logits as the op reads them. Its kernels take some rows of each replica where they stand.
fn readable(logits: &Tensor) -> Result<Tensor> {
    let in_place = logits.device().is_cuda() && logits.stride()[1] == 1;
    if in_place { Ok(logits.clone()) } else { logits.contiguous() }
}

/// Targets as the op reads them: a vector beside the logits on the CPU. Its kernels take shared ones
/// as they are.
fn beside(targets: &Tensor, logits: &Tensor) -> Result<Tensor> {
    match logits.device().is_cuda() {
        true => Ok(targets.clone()),
        false => targets.broadcast_as((logits.dim(0)?, logits.dim(1)?))?.contiguous(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device, Var};

    fn example() -> Result<(Var, Tensor)> {
        let logits = Var::new(&[[[0f32], [2.], [-3.]], [[100.], [-100.], [0.5]]], &Device::Cpu)?;
        Ok((logits, Tensor::new(&[[1f32, 0., 0.], [0., 0., 1.]], &Device::Cpu)?))
    }

    #[test]
    fn values_by_hand_and_finite_for_large_logits() -> Result<()> {
        let (logits, targets) = example()?;
        let loss = bce_with_logits(&logits, &targets)?.to_vec1::<f32>()?;
        // ln 2, ln(1 + e^2), ln(1 + e^-3); then 100, e^-100, ln(1 + e^-0.5)
        let first = (2f64.ln() + (1. + 2f64.exp()).ln() + (-3f64).exp().ln_1p()) / 3.;
        let second = (100. + (-0.5f64).exp().ln_1p()) / 3.;
        assert!((f64::from(loss[0]) - first).abs() < 1e-7, "{loss:?} {first}");
        assert!((f64::from(loss[1]) - second).abs() < 4e-6, "{loss:?} {second}");
        let hits = binary_hits(&logits, &targets)?.to_vec1::<f32>()?;
        assert_eq!(hits, [1., 2.]); // z = 0 counts as class 0
        Ok(())
    }

    #[test]
    fn gradient_is_sigmoid_minus_target_over_batch_and_equals_the_plain_twins() -> Result<()> {
        let (logits, targets) = example()?;
        let weights = Tensor::new(&[1f32, 10.], &Device::Cpu)?;
        let fused = (bce_with_logits(&logits, &targets)? * &weights)?.backward()?;
        let fused = fused.get(&logits).unwrap().flatten_all()?.to_vec1::<f32>()?;
        let by_hand = [-0.5 / 3., 0.880797 / 3., 0.0474259 / 3., 10. / 3., 0., -3.7754067 / 3.];
        let twin = (plain(&logits, &targets)? * &weights)?.backward()?;
        let twin = twin.get(&logits).unwrap().flatten_all()?.to_vec1::<f32>()?;
        for i in 0..6 {
            assert!((fused[i] - by_hand[i]).abs() < 1e-6, "{i}: {fused:?}");
            assert!((fused[i] - twin[i]).abs() < 1e-6, "{i}: {fused:?} {twin:?}");
        }
        Ok(())
    }

    #[test]
    fn double_precision_agrees_with_single() -> Result<()> {
        let (logits, targets) = example()?;
        let single = bce_with_logits(&logits, &targets)?.to_vec1::<f32>()?;
        let double = bce_with_logits(&logits.to_dtype(DType::F64)?, &targets)?.to_vec1::<f64>()?;
        for (a, b) in single.iter().zip(double) {
            assert!((f64::from(*a) - b).abs() < 1e-6 * b.max(1.));
        }
        Ok(())
    }

    #[test]
    fn scores_are_loss_and_hits() -> Result<()> {
        let (logits, targets) = example()?;
        let rows = logits.narrow(1, 1, 2)?;
        for (logits, targets) in
            [(&rows, targets.narrow(1, 1, 2)?), (&rows, targets.narrow(0, 0, 1)?.narrow(1, 1, 2)?)]
        {
            for dtype in [DType::F32, DType::F64] {
                let (logits, targets) = (logits.to_dtype(dtype)?, targets.to_dtype(dtype)?);
                let scores = binary_scores(&logits, &targets)?;
                let loss = bce_with_logits(&logits, &targets)?;
                let expected = Tensor::stack(&[loss, binary_hits(&logits, &targets)?], 0)?;
                let to_vec = |scores: Tensor| scores.to_dtype(DType::F64)?.to_vec2::<f64>();
                assert_eq!(to_vec(scores)?, to_vec(expected)?);
            }
        }
        Ok(())
    }

    #[test]
    fn wrong_shapes_are_named() -> Result<()> {
        let (logits, targets) = example()?;
        let error = bce_with_logits(&logits, &targets.t()?).unwrap_err().to_string();
        assert!(error.contains("[2, 3, 1]") && error.contains("[3, 2]"), "{error}");
        let none = logits.narrow(0, 0, 0)?;
        let error = binary_scores(&none, &targets.narrow(0, 0, 0)?).unwrap_err().to_string();
        assert!(error.contains("received [0, 3, 1] and [0, 3]"), "{error}");
        Ok(())
    }
}
