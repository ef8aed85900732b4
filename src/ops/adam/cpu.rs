//! The CPU side.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result};
use pulp::Simd;
use rayon::prelude::*;

use super::{AdamStep, Moments, Numbers};
use crate::ops::cpu::{PARALLEL, values, values_mut};
use crate::simd::vectorized;

impl AdamStep<'_> {
    pub(super) fn cpu(
        &self,
        (var, var_layout): (&mut CpuStorage, &Layout),
        (grad, grad_layout): (&CpuStorage, &Layout),
    ) -> Result<()> {
        let weights = RefCell::new(values_mut(var, var_layout)?);
        let grad = values(grad, grad_layout)?;
        self.moments.inplace_op1(&Moments { weights, grad, numbers: self.numbers })
    }
}

impl InplaceOp1 for Moments<&mut [f32], &[f32]> {
    fn name(&self) -> &'static str {
        "adam-moments"
    }

    fn cpu_fwd(&self, moments: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (first, second) = values_mut(moments, layout)?.split_at_mut(self.grad.len());
        let weights: &mut [f32] = &mut self.weights.borrow_mut();
        let numbers = self.numbers;
        if weights.len() <= PARALLEL {
            update(weights, first, second, self.grad, numbers);
            return Ok(());
        }
        let moments = first.par_chunks_mut(PARALLEL).zip(second.par_chunks_mut(PARALLEL));
        let grad = self.grad.par_chunks(PARALLEL);
        weights.par_chunks_mut(PARALLEL).zip(moments).zip(grad).for_each(
            |((weights, (first, second)), grad)| update(weights, first, second, grad, numbers),
        );
        Ok(())
    }
}

vectorized!(
    fn update<'a>(
        weights: &'a mut [f32],
        first: &'a mut [f32],
        second: &'a mut [f32],
        grad: &'a [f32],
        numbers: Numbers
    ) = update_simd
);

#[inline(always)]
fn update_simd<'a, S: Simd>(
    _: S,
    weights: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    grad: &'a [f32],
    numbers: Numbers,
) {
    let Numbers { beta1, keep1, beta2, keep2, rate, second_scale, kept, eps } = numbers;
    for (((w, m), v), &g) in weights.iter_mut().zip(first).zip(second).zip(grad) {
        let first = beta1 * *m + keep1 * g;
        let second = beta2 * *v + keep2 * (g * g);
        let rests = first.abs() < f32::MIN_POSITIVE;
        let first = if rests { 0. } else { first };
        let second = if rests && second < f32::MIN_POSITIVE { 0. } else { second };
        (*m, *v) = (first, second);
        *w = kept * *w - rate * first / ((second * second_scale).sqrt() + eps);
    }
}
