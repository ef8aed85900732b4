//! Binary cross-entropy on logits, and its accuracy, one value a replica.
//!
//! loss = mean over the batch of `max(z, 0) − z·y + ln(1 + exp(−|z|))`, which is finite for every
//! finite logit; d loss / dz = (sigmoid(z) − y) / B.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};

use super::cpu::{has_kernel, values};
use cpu::{losses, mean_by_replica, rights, slopes};

/// The kernels.
#[cfg(feature = "cuda")]
pub(super) const CUDA_SOURCE: &str = include_str!("bce.cu");

/// Mean binary cross-entropy of each replica.
///
/// # Shapes
/// `logits` (R, B, 1); `targets` (R, B) or, shared by all replicas, (1, B); result (R,).
///
/// # Errors
/// When the shapes do not fit.
pub fn bce_with_logits(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let targets = matching(logits, targets)?;
    if has_kernel(&[logits, &targets]) {
        logits.contiguous()?.apply_op2(&targets, Bce)
    } else {
        plain(logits, &targets)
    }
}

/// Share of the batch, for each replica, whose logit has the sign of its class (z > 0 is class 1).
///
/// # Shapes
/// As [`bce_with_logits`]; the result carries no gradient.
///
/// # Errors
/// When the shapes do not fit.
pub fn binary_accuracy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let targets = matching(logits, targets)?;
    if has_kernel(&[logits, &targets]) {
        logits.contiguous()?.apply_op2_no_bwd(&targets, &BinaryAccuracy)
    } else {
        let predicted = logits.detach().squeeze(2)?.gt(0.)?;
        predicted.eq(&targets.gt(0.5)?)?.to_dtype(logits.dtype())?.mean(1)
    }
}

/// The twin of the fused op. `ln(1 + exp(−|z|))` loses its last digits where exp(−|z|) is tiny.
fn plain(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let logits = logits.squeeze(2)?; // (R, B, 1) -> (R, B)
    let tail = (logits.abs()?.neg()?.exp()? + 1.)?.log()?;
    (logits.relu()? - (&logits * targets)? + tail)?.mean(1)
}

/// The targets as (R, B), contiguous and in the logits' dtype.
fn matching(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    match (logits.dims(), targets.dims()) {
        (&[r, b, 1], &[shared, rows]) if (shared == r || shared == 1) && rows == b && b > 0 => {
            targets.to_dtype(logits.dtype())?.broadcast_as((r, b))?.contiguous()
        }
        (zs, ys) => bail!(
            "binary cross-entropy expects logits (R, B, 1) with B ≥ 1 and targets (R, B) or \
             (1, B), received {zs:?} and {ys:?}"
        ),
    }
}

struct Bce;

impl CustomOp2 for Bce {
    fn name(&self) -> &'static str {
        "bce-with-logits"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (zs, ys) = (values(logits, logits_layout)?, values(targets, targets_layout)?);
        Ok(mean_by_replica(&losses(zs, ys), logits_layout.dims()[0]))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        logits: &CudaStorage,
        logits_layout: &Layout,
        targets: &CudaStorage,
        targets_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.cuda((logits, logits_layout), (targets, targets_layout))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        if targets.track_op() {
            bail!("binary cross-entropy gives no gradient in its targets: detach them")
        }
        let dz = logits.apply_op3_no_bwd(targets, &grad.contiguous()?, &BceGrad)?;
        Ok((Some(dz), None))
    }
}

struct BceGrad;

impl CustomOp3 for BceGrad {
    fn name(&self) -> &'static str {
        "bce-with-logits-grad"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (zs, ys) = (values(logits, logits_layout)?, values(targets, targets_layout)?);
        let grad = values(grad, grad_layout)?; // (R,)
        let batch = zs.len() / grad.len();
        let mut dz = vec![0.; zs.len()];
        let rows = zs.chunks_exact(batch).zip(ys.chunks_exact(batch));
        for ((dz, (zs, ys)), g) in dz.chunks_exact_mut(batch).zip(rows).zip(grad) {
            slopes(zs, ys, g / batch as f32, dz);
        }
        Ok((CpuStorage::F32(dz), logits_layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        logits: &CudaStorage,
        logits_layout: &Layout,
        targets: &CudaStorage,
        targets_layout: &Layout,
        grad: &CudaStorage,
        grad_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.cuda((logits, logits_layout), (targets, targets_layout), (grad, grad_layout))
    }
}

struct BinaryAccuracy;

impl CustomOp2 for BinaryAccuracy {
    fn name(&self) -> &'static str {
        "binary-accuracy"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (zs, ys) = (values(logits, logits_layout)?, values(targets, targets_layout)?);
        Ok(mean_by_replica(&rights(zs, ys), logits_layout.dims()[0]))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        logits: &CudaStorage,
        logits_layout: &Layout,
        targets: &CudaStorage,
        targets_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.cuda((logits, logits_layout), (targets, targets_layout))
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
        let accuracy = binary_accuracy(&logits, &targets)?.to_vec1::<f32>()?;
        assert_eq!(accuracy, [1. / 3., 2. / 3.]); // z = 0 counts as class 0
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
            // At z = 0 the twin takes the other subgradient of |z| and max(z, 0).
            assert!(i == 0 || (fused[i] - twin[i]).abs() < 1e-6, "{i}: {fused:?} {twin:?}");
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
    fn wrong_shapes_are_named() -> Result<()> {
        let (logits, targets) = example()?;
        let error = bce_with_logits(&logits, &targets.t()?).unwrap_err().to_string();
        assert!(error.contains("[2, 3, 1]") && error.contains("[3, 2]"), "{error}");
        Ok(())
    }
}
