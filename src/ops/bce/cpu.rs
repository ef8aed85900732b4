//! The loops of the CPU side.

use pulp::Simd;

use crate::ops::logistic::{exp_neg_abs, ln_1p};
use crate::simd::vectorized;

vectorized!(pub(super) fn losses<'a>(zs: &'a [f32], ys: &'a [f32]) -> Vec<f32> = losses_simd);

/// max(z, 0) − z·y + ln(1 + exp(−|z|)), element by element.
#[inline(always)]
fn losses_simd<'a, S: Simd>(_: S, zs: &'a [f32], ys: &'a [f32]) -> Vec<f32> {
    let mut losses = vec![0.; zs.len()];
    for ((loss, &z), &y) in losses.iter_mut().zip(zs).zip(ys) {
        let positive = if z > 0. { z } else { 0. };
        *loss = (positive - z * y) + ln_1p(exp_neg_abs(z));
    }
    losses
}

vectorized!(
    pub(super) fn slopes<'a>(zs: &'a [f32], ys: &'a [f32], scale: f32, dz: &'a mut [f32])
        = slopes_simd
);

/// scale · (sigmoid(z) − y), element by element.
#[inline(always)]
fn slopes_simd<'a, S: Simd>(_: S, zs: &'a [f32], ys: &'a [f32], scale: f32, dz: &'a mut [f32]) {
    for ((dz, &z), &y) in dz.iter_mut().zip(zs).zip(ys) {
        let tail = exp_neg_abs(z);
        let above = if z > 0. { 1. } else { tail };
        *dz = scale * (above / (1. + tail) - y);
    }
}

/// 1 where the logit has the sign of its class, 0 elsewhere.
pub(super) fn hits(zs: &[f32], ys: &[f32]) -> Vec<f32> {
    let hit = |(&z, &y): (&f32, &f32)| f32::from((z > 0.) == (y > 0.5));
    zs.iter().zip(ys).map(hit).collect()
}

/// Sums over each replica's batch, in double precision.
pub(super) fn sums(values: &[f32], replicas: usize) -> impl Iterator<Item = f64> {
    let batch = values.len() / replicas;
    values.chunks_exact(batch).map(|values| values.iter().map(|&x| f64::from(x)).sum())
}
