//! The rows of a batch, and their order in an epoch.

#[cfg(feature = "cuda")]
mod cuda;

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Device, Layout, Result, Shape, Tensor, bail,
};

use crate::rng::{Address, Key, Stream};

/// The kernels.
#[cfg(feature = "cuda")]
pub(super) const CUDA_SOURCE: &str = include_str!("rows.cu");

/// Rows by their numbers.
///
/// # Shapes
/// `xs` (N, …), `ids` (R, B) of u32; result (R, B, …).
///
/// # Errors
/// When the device fails, and on the CPU when a row does not exist: a kernel does not look.
pub(crate) fn take_rows(xs: &Tensor, ids: &Tensor) -> Result<Tensor> {
    let fused = cfg!(feature = "cuda") && xs.device().is_cuda() && xs.dtype() == DType::F32;
    match fused {
        // The kernel reads some columns of the ids where they stand.
        true => xs.contiguous()?.apply_op2_no_bwd(ids, &TakeRows),
        false => xs.index_select(&ids.flatten_all()?, 0)?.reshape(taken(xs.dims(), ids.dims())),
    }
}

fn taken(xs: &[usize], ids: &[usize]) -> Vec<usize> {
    [ids, &xs[1..]].concat()
}

/// The numbers 0..rows in random order for each replica, those of [`Address::permutation`] in row 0.
pub(crate) struct Orders {
    /// (R, 2), where the orders are made.
    keys: Tensor,
    stream: Stream,
    rows: usize,
    device: Device,
}

impl Orders {
    /// A kernel makes an order in one thread, one swap after the other: with fewer replicas than
    /// this the host is done earlier, even if a swap takes it a hundredth of the time.
    const MANY: usize = 64;

    /// Orders of this number of rows, one for each key, for a device.
    ///
    /// # Errors
    /// When the device fails.
    pub fn new(keys: &[Key], stream: Stream, rows: usize, device: &Device) -> Result<Self> {
        let many = device.is_cuda() && keys.len() >= Self::MANY;
        let home = if many { device } else { &Device::Cpu };
        let words: Vec<u32> = keys.iter().flat_map(|key| key.words()).collect();
        let keys = Tensor::from_vec(words, (keys.len(), 2), home)?;
        Ok(Self { keys, stream, rows, device: device.clone() })
    }

    /// The orders at a step.
    ///
    /// # Shapes
    /// (R, rows) of u32.
    ///
    /// # Errors
    /// When the device fails.
    pub fn at(&self, step: u32) -> Result<Tensor> {
        let permutations = Permutations { stream: self.stream, step, rows: self.rows };
        self.keys.apply_op1_no_bwd(&permutations)?.to_device(&self.device)
    }
}

struct TakeRows;

impl CustomOp2 for TakeRows {
    fn name(&self) -> &'static str {
        "take-rows"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        bail!("take-rows: the CPU has Candle's index_select")
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        xs: &CudaStorage,
        xs_layout: &Layout,
        ids: &CudaStorage,
        ids_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.cuda((xs, xs_layout), (ids, ids_layout))
    }
}

/// Orders from keys (R, 2).
struct Permutations {
    stream: Stream,
    step: u32,
    rows: usize,
}

impl CustomOp1 for Permutations {
    fn name(&self) -> &'static str {
        "permutations"
    }

    fn cpu_fwd(&self, keys: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("expected contiguous keys, received {layout:?}")
        };
        let (keys, _) = keys.as_slice::<u32>()?[start..end].as_chunks::<2>();
        let Self { stream, step, rows } = *self;
        let order = |&words: &[u32; 2]| {
            Address { key: Key::from_words(words), stream, step }.permutation(0, rows)
        };
        let orders: Vec<u32> = keys.iter().flat_map(order).collect();
        Ok((CpuStorage::U32(orders), (keys.len(), rows).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, keys: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        self.cuda(keys, layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_with_all_that_is_in_them() -> Result<()> {
        let xs = Tensor::new(&[[[1f32, 2.]], [[3., 4.]], [[5., 6.]]], &Device::Cpu)?;
        let ids = Tensor::new(&[[2u32, 0], [1, 1]], &Device::Cpu)?;
        let ys = take_rows(&xs, &ids)?;
        assert_eq!(ys.dims(), [2, 2, 1, 2]);
        assert_eq!(ys.flatten_all()?.to_vec1::<f32>()?, [5., 6., 1., 2., 3., 4., 3., 4.]);
        assert!(take_rows(&xs, &Tensor::new(&[[3u32]], &Device::Cpu)?).is_err());
        Ok(())
    }

    #[test]
    fn orders_are_those_of_the_addresses_at_a_step() -> Result<()> {
        let address = |seed, step| Address::new(seed, "train", Stream::Shuffle, step);
        let keys = [1, 2].map(|seed| address(seed, 0).key);
        let orders = Orders::new(&keys, Stream::Shuffle, 9, &Device::Cpu)?.at(4)?;
        let expected = [address(1, 4).permutation(0, 9), address(2, 4).permutation(0, 9)];
        assert_eq!(orders.to_vec2::<u32>()?, expected);
        Ok(())
    }
}
