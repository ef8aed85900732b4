//! The CUDA side.

use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView};
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Shape};

use super::{Bce, BceGrad, BinaryAccuracy};
use crate::ops::cuda::{launch, result, room, values};

/// A tensor of an op's arguments.
type Argument<'a> = (&'a CudaStorage, &'a Layout);

impl Bce {
    pub(super) fn cuda(&self, logits: Argument, targets: Argument) -> Result<(CudaStorage, Shape)> {
        by_replica(logits, targets, |device, zs, ys, losses| {
            // SAFETY: all three have as many elements as there are tasks.
            unsafe {
                launch!(device, "bce_losses", zs.len(), zs, ys, losses);
            }
            Ok(())
        })
    }
}

impl BinaryAccuracy {
    pub(super) fn cuda(&self, logits: Argument, targets: Argument) -> Result<(CudaStorage, Shape)> {
        by_replica(logits, targets, |device, zs, ys, rights| {
            // SAFETY: all three have as many elements as there are tasks.
            unsafe {
                launch!(device, "binary_rights", zs.len(), zs, ys, rights);
            }
            Ok(())
        })
    }
}

impl BceGrad {
    pub(super) fn cuda(
        &self,
        (logits, layout): Argument,
        (targets, targets_layout): Argument,
        (grad, grad_layout): Argument,
    ) -> Result<(CudaStorage, Shape)> {
        let device = &logits.device;
        let (zs, ys) = (values(logits, layout)?, values(targets, targets_layout)?);
        let grad = values(grad, grad_layout)?; // (R,)
        let batch = zs.len() / grad.len();
        let mut dz = room(device, zs.len())?;
        // SAFETY: three have as many elements as there are tasks, `grad` one for each batch.
        unsafe {
            launch!(device, "bce_grad", zs.len(), &zs, &ys, &grad, &mut dz, &batch);
        }
        Ok(result(dz, device, layout.shape()))
    }
}

type Values<'a> = CudaView<'a, f32>;

/// The mean over each replica's batch of what `fill` makes of each logit and its target.
fn by_replica(
    (logits, layout): Argument,
    (targets, targets_layout): Argument,
    fill: impl FnOnce(&CudaDevice, &Values, &Values, &mut CudaSlice<f32>) -> Result<()>,
) -> Result<(CudaStorage, Shape)> {
    let (device, replicas) = (&logits.device, layout.dims()[0]);
    let (zs, ys) = (values(logits, layout)?, values(targets, targets_layout)?);
    let mut filled = room(device, zs.len())?;
    fill(device, &zs, &ys, &mut filled)?;
    let batch = zs.len() / replicas;
    let mut means = room(device, replicas)?;
    // SAFETY: each task reads a batch of what is filled and writes one mean.
    unsafe {
        launch!(device, "mean_by_replica", replicas, &filled, &mut means, &batch);
    }
    Ok(result(means, device, replicas))
}
