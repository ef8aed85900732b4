//! Additive Gaussian noise at addressed draws: y = fma(stddev, z, x).
//!
//! z is the standard normal at (seed, site, step, row, element), so the noise of a row depends on
//! nothing else. The gradient is the identity.

use candle_core::{
    CpuStorage, CustomOp1, DType, Device, Layout, Result, Shape, Tensor, WithDType, bail,
};

use rayon::prelude::*;

use super::cpu::PARALLEL;
use crate::rng::{Address, MAX_ROW_LEN};

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
/// With `replica_axis` the first axis of `xs` is R = `draws.len()`; without it there is one draw
/// for all of `xs`. Inside a replica the first axis counts rows; a tensor of one axis or none is a
/// single row.
///
/// # Errors
/// When the number of draws does not fit, the dtype is no floating-point type or cannot hold the
/// spread, or a row or the number of rows is beyond the address.
pub fn add_noise(xs: &Tensor, draws: &[NoiseDraw], replica_axis: bool) -> Result<Tensor> {
    let row_len = split_rows(xs, draws, replica_axis)?.1.iter().product();
    if !xs.device().is_cpu() {
        // The draw is the host's, so that every device has the same bits.
        let ys = add_noise(&xs.to_device(&Device::Cpu)?, draws, replica_axis)?;
        return ys.to_device(xs.device());
    }
    xs.contiguous()?.apply_op1(AddNoise { draws: draws.to_vec(), row_len })
}

/// The number of rows of a replica and the shape of one, where the draws fit the tensor.
pub(crate) fn split_rows<'a>(
    xs: &'a Tensor,
    draws: &[NoiseDraw],
    replica_axis: bool,
) -> Result<(usize, &'a [usize])> {
    let dims = if replica_axis {
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

impl AddNoise {
    /// Applies `f` to each replica that has noise and copies the others.
    fn by_replica<T: Copy>(&self, xs: &[T], f: impl Fn(&NoiseDraw, &mut [T])) -> Vec<T> {
        let mut ys = xs.to_vec();
        let len = xs.len() / self.draws.len();
        if len == 0 {
            return ys;
        }
        for (draw, ys) in self.draws.iter().zip(ys.chunks_exact_mut(len)) {
            if draw.strength != 0. {
                f(draw, ys);
            }
        }
        ys
    }

    /// In one pass over memory, by several threads where it is long.
    fn add_f32(&self, xs: &[f32]) -> Vec<f32> {
        let mut ys = vec![0.; xs.len()];
        let len = xs.len() / self.draws.len();
        if len == 0 {
            return ys;
        }
        let rows = (PARALLEL / self.row_len).max(1);
        let piece = rows * self.row_len;
        for (draw, (xs, ys)) in
            self.draws.iter().zip(xs.chunks_exact(len).zip(ys.chunks_exact_mut(len)))
        {
            let add = |(i, (xs, ys)): (usize, (&[f32], &mut [f32]))| {
                let first_row = (i * rows) as u32;
                draw.address.add_normal(first_row, self.row_len, draw.strength as f32, xs, ys);
            };
            if len <= piece {
                add((0, (xs, ys)));
            } else {
                xs.par_chunks(piece).zip(ys.par_chunks_mut(piece)).enumerate().for_each(add);
            }
        }
        ys
    }

    /// Rows one by one: `f(x, z)` gives y.
    fn add_by_row<T: Copy>(&self, draw: &NoiseDraw, ys: &mut [T], f: impl Fn(T, f32) -> T) {
        let mut normals = vec![0f32; self.row_len];
        for (row, ys) in ys.chunks_exact_mut(self.row_len).enumerate() {
            draw.address.fill_normal(row as u32, self.row_len, &mut normals);
            for (y, &z) in ys.iter_mut().zip(&normals) {
                *y = f(*y, z);
            }
        }
    }

    fn add_f64(&self, draw: &NoiseDraw, ys: &mut [f64]) {
        self.add_by_row(draw, ys, |x, z| draw.strength.mul_add(f64::from(z), x));
    }

    fn add_half<T: WithDType>(&self, draw: &NoiseDraw, ys: &mut [T]) {
        let stddev = draw.strength as f32;
        let sum = |x: T, z: f32| stddev.mul_add(z, x.to_f64() as f32);
        self.add_by_row(draw, ys, |x, z| T::from_f64(f64::from(sum(x, z))));
    }
}

impl CustomOp1 for AddNoise {
    fn name(&self) -> &'static str {
        "add-noise"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("expected a contiguous tensor, received {layout:?}")
        };
        let ys = match storage {
            CpuStorage::F32(xs) => CpuStorage::F32(self.add_f32(&xs[start..end])),
            CpuStorage::F64(xs) => {
                CpuStorage::F64(self.by_replica(&xs[start..end], |draw, ys| self.add_f64(draw, ys)))
            }
            CpuStorage::F16(xs) => CpuStorage::F16(
                self.by_replica(&xs[start..end], |draw, ys| self.add_half(draw, ys)),
            ),
            CpuStorage::BF16(xs) => CpuStorage::BF16(
                self.by_replica(&xs[start..end], |draw, ys| self.add_half(draw, ys)),
            ),
            other => {
                let dtype: DType = candle_core::backend::BackendStorage::dtype(other);
                bail!("noise needs an f16, bf16, f32 or f64 tensor, received {dtype:?}")
            }
        };
        Ok((ys, layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.clone()))
    }
}
