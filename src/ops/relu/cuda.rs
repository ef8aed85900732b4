//! The CUDA side.

use candle_core::{CudaStorage, Layout, Result, Shape};

use super::{Relu, ReluGrad};
use crate::ops::cuda::{launch, result, room, values};

impl Relu {
    pub(super) fn cuda(
        &self,
        storage: &CudaStorage,
        layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let device = &storage.device;
        let xs = values(storage, layout)?;
        let mut ys = room(device, xs.len())?;
        // SAFETY: both have as many elements as there are tasks.
        unsafe {
            launch!(device, "relu", xs.len(), &xs, &mut ys);
        }
        Ok(result(ys, device, layout.shape()))
    }
}

impl ReluGrad {
    pub(super) fn cuda(
        &self,
        (ys, ys_layout): (&CudaStorage, &Layout),
        (grad, grad_layout): (&CudaStorage, &Layout),
    ) -> Result<(CudaStorage, Shape)> {
        let device = &ys.device;
        let (ys, grad) = (values(ys, ys_layout)?, values(grad, grad_layout)?);
        let mut dx = room(device, ys.len())?;
        // SAFETY: all three have as many elements as there are tasks.
        unsafe {
            launch!(device, "relu_grad", ys.len(), &ys, &grad, &mut dx);
        }
        Ok(result(dx, device, ys_layout.shape()))
    }
}
