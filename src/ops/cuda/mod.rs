//! What the CUDA sides of the ops share.
//!
//! A kernel's source stands beside the op's Rust. All of them are one module, which NVRTC compiles
//! at run time.

mod module;
mod table;

use candle_core::cuda_backend::CudaDType;
use candle_core::cuda_backend::cudarc::driver::{
    CudaSlice, CudaView, CudaViewMut, DeviceRepr, LaunchConfig,
};
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Shape, bail};

pub use module::kernel;
pub use table::{Optional, table};

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
    values_of(storage, layout)
}

/// The values of a contiguous tensor.
pub fn values_of<'a, T: CudaDType>(
    storage: &'a CudaStorage,
    layout: &Layout,
) -> Result<CudaView<'a, T>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(storage.as_cuda_slice::<T>()?.slice(start..end)),
        None => bail!("expected a contiguous tensor, received {layout:?}"),
    }
}

/// Some values of each replica, one behind the other.
pub struct Batches<'a, T> {
    /// From the first value to the last.
    pub values: CudaView<'a, T>,
    pub replicas: usize,
    /// Number of values of a replica.
    pub batch: usize,
    /// From a replica's first value to that of the next.
    pub stride: usize,
}

impl<'a, T: CudaDType> Batches<'a, T> {
    /// Those of a tensor (R, B) or (R, B, 1).
    pub fn new(storage: &'a CudaStorage, layout: &Layout) -> Result<Self> {
        let (dims, strides) = (layout.dims(), layout.stride());
        let (&[replicas, batch], &[stride, 1]) = (&dims[..2], &strides[..2]) else {
            bail!("expected values of a replica behind one another, received {layout:?}")
        };
        let start = layout.start_offset();
        let end = start + replicas.saturating_sub(1) * stride + batch;
        let values = storage.as_cuda_slice::<T>()?.slice(start..end);
        Ok(Self { values, replicas, batch, stride })
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

/// Room for f32 numbers that a kernel writes all of.
pub fn room(device: &CudaDevice, len: usize) -> Result<CudaSlice<f32>> {
    room_of(device, len)
}

/// Room for numbers that a kernel writes all of.
pub fn room_of<T: CudaDType + DeviceRepr>(device: &CudaDevice, len: usize) -> Result<CudaSlice<T>> {
    // SAFETY: nothing reads it before the kernel has written it; numbers have no invalid bits.
    unsafe { device.alloc::<T>(len) }
}

/// A result as Candle takes it from an op.
pub fn result<T: CudaDType>(
    values: CudaSlice<T>,
    device: &CudaDevice,
    shape: impl Into<Shape>,
) -> (CudaStorage, Shape) {
    (CudaStorage::wrap_cuda_slice(values, device.clone()), shape.into())
}
