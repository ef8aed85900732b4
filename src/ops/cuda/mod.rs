//! What the CUDA sides of the ops share.
//!
//! A kernel's source stands beside the op's Rust. All of them are one module, which NVRTC compiles
//! at run time.

mod module;

use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView, CudaViewMut, LaunchConfig};
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Shape, bail};

pub use module::kernel;

/// Launches a kernel on the stream of a device: its name, the number of tasks, which is its first
/// argument, and references to the others.
///
/// # Safety
/// A macro, so that the arguments' types may differ: they must be those of the kernel, and their
/// extents must be as the kernel reads and writes them.
macro_rules! launch {
    ($device:expr, $kernel:literal, $tasks:expr, $($argument:expr),+) => {{
        use candle_core::cuda_backend::WrapErr;
        use candle_core::cuda_backend::cudarc::driver::PushKernelArg;

        let tasks: usize = $tasks;
        if tasks > 0 {
            let kernel = $crate::ops::cuda::kernel($device, $kernel)?;
            let stream = $device.cuda_stream();
            let mut launch = stream.launch_builder(&kernel);
            launch.arg(&tasks);
            $(launch.arg($argument);)+
            launch.launch($crate::ops::cuda::extents(tasks)?).w()?;
        }
    }};
}
pub(in crate::ops) use launch;

/// One thread for each task.
pub fn extents(tasks: usize) -> Result<LaunchConfig> {
    const BLOCK: u32 = 256;
    match i32::try_from(tasks.div_ceil(BLOCK as usize)) {
        Ok(blocks) => Ok(LaunchConfig {
            grid_dim: (blocks as u32, 1, 1),
            block_dim: (BLOCK, 1, 1),
            shared_mem_bytes: 0,
        }),
        Err(_) => bail!("a CUDA kernel has 2^31 blocks of {BLOCK} tasks, received {tasks} tasks"),
    }
}

/// The values of a contiguous f32 tensor.
pub fn values<'a>(storage: &'a CudaStorage, layout: &Layout) -> Result<CudaView<'a, f32>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(storage.as_cuda_slice::<f32>()?.slice(start..end)),
        None => bail!("expected a contiguous tensor, received {layout:?}"),
    }
}

/// The values of a contiguous f32 tensor, to be written.
pub fn values_mut<'a>(
    storage: &'a mut CudaStorage,
    layout: &Layout,
) -> Result<CudaViewMut<'a, f32>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(storage.as_cuda_slice_mut::<f32>()?.slice_mut(start..end)),
        None => bail!("expected a contiguous tensor, received {layout:?}"),
    }
}

/// Room for a result that a kernel writes whole.
pub fn room(device: &CudaDevice, len: usize) -> Result<CudaSlice<f32>> {
    // SAFETY: nothing reads it before the kernel has written it; f32 has no invalid bits.
    unsafe { device.alloc::<f32>(len) }
}

/// A result as Candle takes it from an op.
pub fn result(
    values: CudaSlice<f32>,
    device: &CudaDevice,
    shape: impl Into<Shape>,
) -> (CudaStorage, Shape) {
    (CudaStorage::wrap_cuda_slice(values, device.clone()), shape.into())
}
