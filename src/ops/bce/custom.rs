//! The custom ops, whose sides are `cpu` and `cuda`.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};

use super::cpu::{hits, losses, slopes, sums};
use crate::ops::cpu::values;

/// The scores of each replica's batch: (R,), or (2, R) for both.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scores {
    Loss,
    Hits,
    Both,
}

impl Scores {
    pub fn has_loss(self) -> bool {
        self != Self::Hits
    }

    pub fn has_hits(self) -> bool {
        self != Self::Loss
    }

    pub fn shape(self, replicas: usize) -> Shape {
        if self == Self::Both { (2, replicas).into() } else { replicas.into() }
    }
}

impl CustomOp2 for Scores {
    fn name(&self) -> &'static str {
        "binary-scores"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (zs, ys) = (values(logits, logits_layout)?, values(targets, targets_layout)?);
        let replicas = logits_layout.dims()[0];
        let mut scores = Vec::new();
        if self.has_loss() {
            let batch = (zs.len() / replicas) as f64;
            scores.extend(sums(&losses(zs, ys), replicas).map(|sum| (sum / batch) as f32));
        }
        if self.has_hits() {
            scores.extend(sums(&hits(zs, ys), replicas).map(|sum| sum as f32));
        }
        Ok((CpuStorage::F32(scores), self.shape(replicas)))
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

    /// The gradient of the loss, the only score that is applied with a gradient.
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
        super::cuda::grad((logits, logits_layout), (targets, targets_layout), (grad, grad_layout))
    }
}
