//! What lies between two products, in one pass each: the ops, whose sides are `cpu` and `cuda`.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, InplaceOp2, Layout, Result, Shape};

use crate::ops::noise::NoiseDraw;

/// ys = relu(ys + bias + noise), in place; (R, B, O) and (R, 1, O).
pub struct Finish {
    pub draws: Vec<Option<NoiseDraw>>,
    pub relu: bool,
}

impl InplaceOp2 for Finish {
    fn name(&self) -> &'static str {
        "finish"
    }

    fn cpu_fwd(
        &self,
        ys: &mut CpuStorage,
        ys_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<()> {
        self.cpu((ys, ys_layout), (bias, bias_layout))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        ys: &mut CudaStorage,
        ys_layout: &Layout,
        bias: &CudaStorage,
        bias_layout: &Layout,
    ) -> Result<()> {
        self.cuda((ys, ys_layout), (bias, bias_layout))
    }
}

/// The gradient below a rectifier, in place: 0 where its output is 0.
pub struct Gate;

impl InplaceOp2 for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn cpu_fwd(
        &self,
        grad: &mut CpuStorage,
        grad_layout: &Layout,
        gates: &CpuStorage,
        gates_layout: &Layout,
    ) -> Result<()> {
        self.cpu((grad, grad_layout), (gates, gates_layout))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        grad: &mut CudaStorage,
        grad_layout: &Layout,
        gates: &CudaStorage,
        gates_layout: &Layout,
    ) -> Result<()> {
        self.cuda((grad, grad_layout), (gates, gates_layout))
    }
}

/// (R, B, O) to (R, 1, O), row after row.
pub struct SumRows;

impl CustomOp1 for SumRows {
    fn name(&self) -> &'static str {
        "sum-rows"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.cpu(storage, layout)
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        self.cuda(storage, layout)
    }
}
