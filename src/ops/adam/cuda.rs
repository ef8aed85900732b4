//! The CUDA side.

use std::cell::RefCell;

use candle_core::cuda_backend::cudarc::driver::{CudaView, CudaViewMut, DeviceRepr};
use candle_core::{CpuStorage, CudaStorage, InplaceOp1, Layout, Result, bail};

use super::{AdamStep, Moments, Numbers};
use crate::ops::cuda::{launch, values, values_mut};

// SAFETY: eight floats, as the kernel's own `Numbers`.
unsafe impl DeviceRepr for Numbers {}

impl AdamStep<'_> {
    pub(super) fn cuda(
        &self,
        (var, var_layout): (&mut CudaStorage, &Layout),
        (grad, grad_layout): (&CudaStorage, &Layout),
    ) -> Result<()> {
        let weights = RefCell::new(values_mut(var, var_layout)?);
        let grad = values(grad, grad_layout)?;
        self.moments.inplace_op1(&Moments { weights, grad, numbers: self.numbers })
    }
}

impl InplaceOp1 for Moments<CudaViewMut<'_, f32>, CudaView<'_, f32>> {
    fn name(&self) -> &'static str {
        "adam-moments"
    }

    fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> Result<()> {
        bail!("Adam: expected moments on the variable's CUDA device, received them on the CPU")
    }

    fn cuda_fwd(&self, moments: &mut CudaStorage, layout: &Layout) -> Result<()> {
        let device = &moments.device.clone();
        let mut moments = values_mut(moments, layout)?;
        let (weights, grad) = (&mut *self.weights.borrow_mut(), &self.grad);
        // SAFETY: `weights` and `grad` have as many elements as there are tasks, `moments` twice
        // as many.
        unsafe {
            launch!(device, "adam", grad.len(), weights, &mut moments, grad, &self.numbers);
        }
        Ok(())
    }
}
