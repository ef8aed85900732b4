//! The op of every kind of noise: it changes each element by the draw at its address.
//!
//! It keeps nothing for the backward pass, which draws again.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::kind::Kind;
#[cfg(feature = "cuda")]
use crate::ops::Perturbation;
use crate::ops::{Axis, Law, NoiseDraw, PARALLEL, has_kernel, split_rows};

/// The rows of a site's draws that the rows of a batch take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// One after the other from this row.
    From(u32),
    /// All of them this one.
    All(u32),
}

impl Default for Rows {
    fn default() -> Self {
        Self::From(0)
    }
}

impl Rows {
    /// Returns the row of the first row's draws, and the step to that of the next.
    fn line(self) -> [u32; 2] {
        match self {
            Self::From(first) => [first, 1],
            Self::All(own) => [own, 0],
        }
    }

    pub fn at(self, row: usize) -> u32 {
        let [first, step] = self.line();
        first.wrapping_add(row as u32 * step)
    }
}

/// Changes each replica by its draws.
///
/// # Shapes
/// The same as [`add_noise`](crate::ops::add_noise). `shared_axes` count the axes of a row, after
/// the batch: elements that differ only along them share a draw. `mask` has the shape of `xs`; here
/// it only gives the number of real elements of a row, which some kinds use. `numbers` says which draws the
/// rows take.
///
/// # Errors
/// If [`add_noise`](crate::ops::add_noise) would fail, or a row has no such axis.
pub(super) fn perturb<K: Kind>(
    xs: &Tensor,
    kind: &K,
    draws: &[NoiseDraw],
    axis: Axis,
    shared_axes: &[usize],
    mask: Option<&Tensor>,
    numbers: Rows,
) -> Result<Tensor> {
    let (_, row) = split_rows(xs, draws, axis)?;
    let indices = draw_indices(row, shared_axes)?;
    let (kind, draws, mask) = (kind.clone(), draws.to_vec(), mask.cloned());
    let op = Perturb { kind, draws, indices, mask, numbers, is_backward: false };
    // Where there is no kernel the host makes the draws, so that every device has the same bits.
    let has_kernel = has_kernel(&[xs]) && op.laws().is_some();
    let device = if has_kernel { xs.device() } else { &Device::Cpu };
    let ys = xs.to_device(device)?.contiguous()?.apply_op1(op)?;
    ys.to_device(xs.device())
}

/// Returns the number of the draw of each element of a row.
fn draw_indices(row: &[usize], shared_axes: &[usize]) -> Result<Vec<usize>> {
    if let Some(axis) = shared_axes.iter().find(|&&axis| axis >= row.len()) {
        bail!(
            "shared axes count those of a row, behind the batch: expected axes below {} for rows \
             of shape {row:?}, received {axis}",
            row.len()
        )
    }
    let mut indices = vec![0];
    for (axis, &len) in row.iter().enumerate() {
        let (stride, step) = if shared_axes.contains(&axis) { (1, 0) } else { (len, 1) };
        let along = |index: usize| (0..len).map(move |i| index * stride + i * step);
        indices = indices.into_iter().flat_map(along).collect();
    }
    Ok(indices)
}

/// Returns the number of real elements of each row of each replica.
fn count_real(mask: &Tensor, row_len: usize) -> Result<Vec<usize>> {
    let mask = mask.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<u8>()?;
    let real = |row: &[u8]| row.iter().filter(|&&real| real != 0).count();
    Ok(mask.chunks_exact(row_len.max(1)).map(real).collect())
}

#[derive(Clone)]
struct Perturb<K> {
    kind: K,
    draws: Vec<NoiseDraw>,
    indices: Vec<usize>,
    mask: Option<Tensor>,
    numbers: Rows,
    is_backward: bool,
}

impl<K: Kind> Perturb<K> {
    /// Returns the law of each replica, if the kind states one.
    fn laws(&self) -> Option<Vec<Law>> {
        let law = |draw: &NoiseDraw| match draw.strength {
            0. => Some(Law::IDENTITY),
            strength => self.kind.law(strength),
        };
        self.draws.iter().map(law).collect()
    }

    fn by_replica<T: WithDType>(&self, xs: &[T]) -> Result<Vec<T>> {
        let mut ys = xs.to_vec();
        if ys.is_empty() {
            return Ok(ys);
        }
        let (row_len, len) = (self.indices.len(), ys.len() / self.draws.len());
        let drawn = self.indices[row_len - 1] + 1;
        let real = match &self.mask {
            Some(mask) => count_real(mask, row_len)?,
            None => vec![row_len; ys.len() / row_len],
        };
        let replicas = ys.chunks_exact_mut(len).zip(real.chunks_exact(len / row_len));
        for (draw, (ys, real)) in self.draws.iter().zip(replicas) {
            let row = |draws: &mut Vec<f32>, (row, ys): (usize, &mut [T])| {
                self.change_row(draw, row, real[row], draws, ys);
            };
            let mut draws = vec![0f32; drawn];
            if draw.strength == 0. {
                continue;
            } else if len <= PARALLEL {
                ys.chunks_exact_mut(row_len).enumerate().for_each(|ys| row(&mut draws, ys));
            } else {
                ys.par_chunks_exact_mut(row_len)
                    .with_min_len((PARALLEL / row_len).max(1))
                    .enumerate()
                    .for_each_init(|| draws.clone(), row);
            }
        }
        Ok(ys)
    }

    fn change_row<T: WithDType>(
        &self,
        draw: &NoiseDraw,
        row: usize,
        real: usize,
        draws: &mut [f32],
        ys: &mut [T],
    ) {
        self.kind.fill(&draw.address, self.numbers.at(row), draws);
        let change = self.kind.at(draw.strength, real);
        for (y, &index) in ys.iter_mut().zip(&self.indices) {
            let change = change(draws[index]);
            *y = if self.is_backward { change.pull(*y) } else { change.apply(*y) };
        }
    }
}

impl<K: Kind> CustomOp1 for Perturb<K> {
    fn name(&self) -> &'static str {
        "perturb"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("expected a contiguous tensor, received {layout:?}")
        };
        let ys = match storage {
            CpuStorage::F16(xs) => CpuStorage::F16(self.by_replica(&xs[start..end])?),
            CpuStorage::BF16(xs) => CpuStorage::BF16(self.by_replica(&xs[start..end])?),
            CpuStorage::F32(xs) => CpuStorage::F32(self.by_replica(&xs[start..end])?),
            CpuStorage::F64(xs) => CpuStorage::F64(self.by_replica(&xs[start..end])?),
            other => {
                bail!("noise needs an f16, bf16, f32 or f64 tensor, received {:?}", other.dtype())
            }
        };
        Ok((ys, layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let Some(laws) = self.laws() else { bail!("a kind without a law has no CUDA kernel") };
        let Self { draws, indices, mask, numbers, is_backward, .. } = self;
        let (laws, mask, numbers) = (&laws, mask.as_ref(), numbers.line());
        let is_backward = *is_backward;
        Perturbation { draws, laws, indices, mask, numbers, is_backward }.cuda(storage, layout)
    }

    /// The gradient is linear in `grad`, so it can be differentiated again.
    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        grad.contiguous()?.apply_op1(Self { is_backward: true, ..self.clone() }).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_along_shared_axes_have_one_draw() -> Result<()> {
        let indices = |shared: &[usize]| draw_indices(&[2, 3], shared);
        assert_eq!(indices(&[])?, [0, 1, 2, 3, 4, 5]);
        assert_eq!(indices(&[0])?, [0, 1, 2, 0, 1, 2]);
        assert_eq!(indices(&[1])?, [0, 0, 0, 1, 1, 1]);
        assert_eq!(indices(&[1, 0])?, [0; 6]);
        assert_eq!(draw_indices(&[], &[])?, [0]);
        let error = indices(&[2]).unwrap_err().to_string();
        assert!(error.contains("below 2 for rows of shape [2, 3], received 2"), "{error}");
        Ok(())
    }
}
