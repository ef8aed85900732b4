//! The CPU side: in one pass in f32, row by row in the other dtypes.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, Layout, Result, Shape, WithDType, bail};
use rayon::prelude::*;

use super::{AddNoise, NoiseDraw};
use crate::ops::cpu::PARALLEL;

impl AddNoise {
    pub(super) fn cpu(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
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
                bail!("noise needs an f16, bf16, f32 or f64 tensor, received {:?}", other.dtype())
            }
        };
        Ok((ys, layout.shape().clone()))
    }

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
