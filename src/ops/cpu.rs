//! What the CPU sides of the ops share.
//!
//! Their loops are plain Rust in functions of a type parameter `S: Simd`, which `vectorized!`
//! compiles for each instruction set and chooses from at run time. Only in there is
//! `f32::mul_add` an instruction; elsewhere it is a call.

use candle_core::{CpuStorage, DType, Layout, Result, Tensor, bail};

/// Elements of a piece of work that is worth a thread's while.
pub const PARALLEL: usize = 32 * 1024;

/// Whether an op with a CPU side alone serves these tensors; otherwise its plain twin does.
pub fn is_fused(tensors: &[&Tensor]) -> bool {
    tensors.iter().all(|t| t.device().is_cpu() && t.dtype() == DType::F32)
}

/// Whether an op with a CPU and a CUDA side serves these tensors; otherwise its plain twin does.
pub fn has_kernel(tensors: &[&Tensor]) -> bool {
    let on_cuda = |t: &&Tensor| t.device().is_cuda() && t.dtype() == DType::F32;
    is_fused(tensors) || cfg!(feature = "cuda") && tensors.iter().all(on_cuda)
}

/// The values of a contiguous f32 tensor.
pub fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("expected a contiguous tensor, received {layout:?}"),
    }
}

/// The values of a contiguous f32 tensor, to be written.
pub fn values_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(data), Some((start, end))) => Ok(&mut data[start..end]),
        _ => bail!("expected a contiguous f32 tensor, received {layout:?}"),
    }
}
