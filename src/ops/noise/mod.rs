//! Additive Gaussian noise at addressed draws: y = fma(stddev, z, x).
//!
//! z is the standard normal at (seed, site, step, row, element), so the noise of a row depends on
//! nothing else. The gradient is the identity.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Device, Layout, Result, Shape, Tensor, bail};

use super::Axis;
use super::cpu::has_kernel;
use crate::rng::{Address, MAX_ROW_LEN};
#[cfg(feature = "cuda")]
pub(super) use cuda::{DrawTable, quads};

/// The kernel.
#[cfg(feature = "cuda")]
pub(super) const CUDA_SOURCE: &str = include_str!("noise.cu");

/// The noise of one replica: which draws, and how strong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseDraw {
    /// Key, stream and step of the draw.
    pub address: Address,
    /// What [`add_noise`] takes as the standard deviation and other noise as its own strength; 0
    /// leaves the replica as it is.
    pub strength: f64,
}

/// Adds noise to each replica.
///
/// With f16 and bf16 tensors the sum is made in f32 and rounded once; with f64 the f32 normal is
/// widened.
///
/// # Shapes
/// With [`Axis::Replicas`] the first axis of `xs` is R = `draws.len()`; without it there is one draw
/// for all of `xs`. Inside a replica the first axis counts rows; a tensor of one axis or none is a
/// single row.
///
/// # Errors
/// If the number of draws does not fit, the dtype is no floating-point type or cannot hold the
/// spread, or a row or the number of rows is beyond the address.
pub fn add_noise(xs: &Tensor, draws: &[NoiseDraw], axis: Axis) -> Result<Tensor> {
    let row_len = split_rows(xs, draws, axis)?.1.iter().product();
    if !xs.device().is_cpu() && !has_kernel(&[xs]) {
        // The draw is the host's, which has the same bits.
        let ys = add_noise(&xs.to_device(&Device::Cpu)?, draws, axis)?;
        return ys.to_device(xs.device());
    }
    xs.contiguous()?.apply_op1(AddNoise { draws: draws.to_vec(), row_len })
}

/// The number of rows of a replica and the shape of one, where the draws fit the tensor.
pub(crate) fn split_rows<'a>(
    xs: &'a Tensor,
    draws: &[NoiseDraw],
    axis: Axis,
) -> Result<(usize, &'a [usize])> {
    let dims = if axis == Axis::Replicas {
        match xs.dims().split_first() {
            Some((&replicas, dims)) if replicas == draws.len() && replicas > 0 => dims,
            _ => bail!(
                "expected a first axis of {} replicas, received shape {:?}",
                draws.len(),
                xs.dims()
            ),
        }
    } else {
        if draws.len() != 1 {
            bail!("expected one draw for a tensor without a replica axis, received {}", draws.len())
        }
        xs.dims()
    };
    let (rows, row) = match dims {
        [] | [_] => (1, dims),
        [rows, row @ ..] => (*rows, row),
    };
    check_spread(draws, xs.dtype())?;
    if row.iter().product::<usize>() > MAX_ROW_LEN || rows > u32::MAX as usize {
        bail!("noise has addresses for 2^32 rows of 2^34 elements, received shape {:?}", xs.dims())
    }
    Ok((rows, row))
}

/// The f32 sum of the narrower dtypes must hold the spread.
pub(super) fn check_spread(draws: &[NoiseDraw], dtype: DType) -> Result<()> {
    let most = if dtype == DType::F64 { f64::MAX } else { f64::from(f32::MAX) };
    match draws.iter().find(|draw| draw.strength > most) {
        Some(draw) => bail!("noise of strength {} is beyond {dtype:?}", draw.strength),
        None => Ok(()),
    }
}

struct AddNoise {
    draws: Vec<NoiseDraw>,
    row_len: usize,
}

impl CustomOp1 for AddNoise {
    fn name(&self) -> &'static str {
        "add-noise"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.cpu(storage, layout)
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        self.cuda(storage, layout)
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.clone()))
    }
}
