//! The CUDA side.

use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Shape};

use super::{Bce, BceGrad, BinaryAccuracy};
use crate::ops::cuda::{launch, result, room, values};

/// A tensor of an op's arguments.
type Argument<'a> = (&'a CudaStorage, &'a Layout);

impl Bce {
    pub(super) fn cuda(
        &self,
        (logits, layout): Argument,
        (targets, targets_layout): Argument,
    ) -> Result<(CudaStorage, Shape)> {
        let device = &logits.device;
        let (zs, ys) = (values(logits, layout)?, values(targets, targets_layout)?);
        let mut losses = room(device, zs.len())?;
        // SAFETY: all three have as many elements as there are tasks.
        unsafe {
            launch!(device, "bce_losses", zs.len(), &zs, &ys, &mut losses);
        }
        mean_by_replica(device, &losses, layout.dims()[0])
    }
}

impl BinaryAccuracy {
    pub(super) fn cuda(
        &self,
        (logits, layout): Argument,
        (targets, targets_layout): Argument,
    ) -> Result<(CudaStorage, Shape)> {
        let device = &logits.device;
        let (zs, ys) = (values(logits, layout)?, values(targets, targets_layout)?);
        let mut rights = room(device, zs.len())?;
        // SAFETY: all three have as many elements as there are tasks.
        unsafe {
            launch!(device, "binary_rights", zs.len(), &zs, &ys, &mut rights);
        }
        mean_by_replica(device, &rights, layout.dims()[0])
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

fn mean_by_replica(
    device: &CudaDevice,
    values: &CudaSlice<f32>,
    replicas: usize,
) -> Result<(CudaStorage, Shape)> {
    let batch = values.len() / replicas;
    let mut means = room(device, replicas)?;
    // SAFETY: each task reads a batch of `values` and writes one mean.
    unsafe {
        launch!(device, "mean_by_replica", replicas, values, &mut means, &batch);
    }
    Ok(result(means, device, replicas))
}
