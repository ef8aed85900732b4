//! The CPU side of what lies between two products.

use candle_core::{CpuStorage, Layout, Result, Shape};
use pulp::Simd;
use rayon::prelude::*;

use super::between::{Finish, Gate, SumRows};
use crate::ops::cpu::{PARALLEL, values, values_mut};
use crate::simd::vectorized;

impl Finish {
    pub(super) fn cpu(
        &self,
        (ys, ys_layout): (&mut CpuStorage, &Layout),
        (bias, bias_layout): (&CpuStorage, &Layout),
    ) -> Result<()> {
        let (_, rows, width) = ys_layout.shape().dims3()?;
        let (ys, bias) = (values_mut(ys, ys_layout)?, values(bias, bias_layout)?);
        let piece = (PARALLEL / width).max(1);
        let replica = |(r, ys): (usize, &mut [f32])| {
            let bias = &bias[r * width..][..width];
            let finish_piece = |(p, ys): (usize, &mut [f32])| {
                let (mut normals, mut stddev) = (Vec::new(), 0.);
                if let Some(draw) = self.draws[r] {
                    normals.resize(ys.len(), 0.);
                    draw.address.fill_normal((p * piece) as u32, width, &mut normals);
                    stddev = draw.strength as f32;
                }
                finish(ys, bias, &normals, stddev, self.relu);
            };
            ys.par_chunks_mut(piece * width).enumerate().for_each(finish_piece);
        };
        ys.chunks_mut((rows * width).max(1)).enumerate().for_each(replica);
        Ok(())
    }
}

vectorized!(
    fn finish<'a>(ys: &'a mut [f32], bias: &'a [f32], normals: &'a [f32], stddev: f32, relu: bool)
        = finish_simd
);

/// The rows of a piece; `normals` is empty where there is no noise.
#[inline(always)]
fn finish_simd<'a, S: Simd>(
    _: S,
    ys: &'a mut [f32],
    bias: &'a [f32],
    normals: &'a [f32],
    stddev: f32,
    relu: bool,
) {
    let width = bias.len();
    for (r, ys) in ys.chunks_exact_mut(width).enumerate() {
        for (y, b) in ys.iter_mut().zip(bias) {
            *y += b;
        }
        if !normals.is_empty() {
            for (y, z) in ys.iter_mut().zip(&normals[r * width..][..width]) {
                *y = stddev.mul_add(*z, *y);
            }
        }
        if relu {
            for y in ys {
                // Not `max`, which would hide NaN.
                *y = if *y <= 0. { 0. } else { *y };
            }
        }
    }
}

impl Gate {
    pub(super) fn cpu(
        &self,
        (grad, grad_layout): (&mut CpuStorage, &Layout),
        (gates, gates_layout): (&CpuStorage, &Layout),
    ) -> Result<()> {
        let (grad, gates) = (values_mut(grad, grad_layout)?, values(gates, gates_layout)?);
        let close = |(grad, gates): (&mut [f32], &[f32])| {
            for (grad, gate) in grad.iter_mut().zip(gates) {
                *grad = if *gate > 0. { *grad } else { 0. };
            }
        };
        grad.par_chunks_mut(PARALLEL).zip(gates.par_chunks(PARALLEL)).for_each(close);
        Ok(())
    }
}

impl SumRows {
    pub(super) fn cpu(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (replicas, rows, width) = layout.shape().dims3()?;
        let xs = values(storage, layout)?;
        let mut sums = vec![0f32; replicas * width];
        let batches = xs.chunks_exact((rows * width).max(1));
        for (sums, xs) in sums.chunks_exact_mut(width).zip(batches) {
            for row in xs.chunks_exact(width) {
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
        }
        Ok((CpuStorage::F32(sums), Shape::from((replicas, 1, width))))
    }
}
