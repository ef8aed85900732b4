//! What the CUDA sides of the ops share.
//!
//! A kernel's source stands beside the op's Rust. All of them are one module, which NVRTC compiles
//! at run time.

mod module;
mod table;

use candle_core::cuda_backend::cudarc::driver::sys::CUfunction_attribute;
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaSlice, CudaView, CudaViewMut, DeviceRepr, LaunchConfig,
};
use candle_core::cuda_backend::{CudaDType, WrapErr};
use candle_core::{CudaDevice, CudaStorage, Error, Layout, Result, Shape, bail};

pub use module::kernel;
pub use table::{Optional, table};

/// Launches a kernel on the stream of a device: its name, the number of tasks or the [`Blocks`], of which
/// the number is its first argument, and references to the others.
///
/// # Safety
/// A macro, so that the arguments' types may differ: they must be those of the kernel, and their
/// extents must be as the kernel reads and writes them.
macro_rules! launch {
    ($device:expr, $kernel:literal, $tasks:expr, $($argument:expr),+) => {{
        use candle_core::cuda_backend::WrapErr;
        use candle_core::cuda_backend::cudarc::driver::PushKernelArg;

        let extent = $crate::ops::cuda::Extent::blocks($tasks)?;
        let tasks: usize = extent.tasks;
        if tasks > 0 {
            let kernel = $crate::ops::cuda::kernel($device, $kernel)?;
            extent.prepare(&kernel)?;
            let stream = $device.cuda_stream();
            let mut launch = stream.launch_builder(&kernel);
            launch.arg(&tasks);
            $(launch.arg($argument);)+
            launch.launch(extent.config()).w()?;
        }
    }};
}
pub(in crate::ops) use launch;

/// The blocks of threads of a launch.
pub struct Blocks {
    pub tasks: usize,
    pub count: u32,
    pub threads: u32,
    /// Of each block, beyond what a kernel itself asks for.
    pub shared_bytes: u32,
}

/// What a launch is given: a number of tasks, or its blocks.
pub trait Extent {
    fn blocks(self) -> Result<Blocks>;
}

impl Extent for Blocks {
    fn blocks(self) -> Result<Blocks> {
        Ok(self)
    }
}

impl Extent for usize {
    /// One thread for each task.
    fn blocks(self) -> Result<Blocks> {
        Blocks::of_several(self, 1)
    }
}

impl Blocks {
    /// One thread for so many tasks each.
    pub fn of_several(tasks: usize, each: u32) -> Result<Self> {
        const THREADS: u32 = 256;
        match i32::try_from(tasks.div_ceil(THREADS as usize * each as usize)) {
            Ok(count) => Ok(Self { tasks, count: count as u32, threads: THREADS, shared_bytes: 0 }),
            Err(_) => {
                bail!("a CUDA kernel has 2^31 blocks of {THREADS} threads, received {tasks} tasks")
            }
        }
    }

    /// A block for each task.
    pub fn each(tasks: usize, threads: u32, shared_bytes: usize) -> Result<Self> {
        let count = i32::try_from(tasks).map_err(Error::wrap)? as u32;
        let shared_bytes = i32::try_from(shared_bytes).map_err(Error::wrap)? as u32;
        Ok(Self { tasks, count, threads, shared_bytes })
    }

    /// Allows a kernel to use the shared memory.
    pub fn prepare(&self, kernel: &CudaFunction) -> Result<()> {
        // The limit without this permission.
        const USUAL: u32 = 48 << 10;
        if self.shared_bytes <= USUAL {
            return Ok(());
        }
        let most = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let share = CUfunction_attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
        kernel.set_attribute(most, self.shared_bytes as i32).w()?;
        // All of what a multiprocessor has, in per cent, so that several blocks find room.
        kernel.set_attribute(share, 100).w()
    }

    pub fn config(&self) -> LaunchConfig {
        LaunchConfig {
            grid_dim: (self.count, 1, 1),
            block_dim: (self.threads, 1, 1),
            shared_mem_bytes: self.shared_bytes,
        }
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

/// Some consecutive values of each replica.
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
            bail!("expected consecutive values of each replica, received {layout:?}")
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
