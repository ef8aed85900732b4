//! One step of Adam for one tensor, in place.
//!
//! m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
//! w ← w − λ η w − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
//! Kingma & Ba 2015 (arXiv 1412.6980), Algorithm 1; the decay λ is Loshchilov & Hutter's (arXiv
//! 1711.05101).

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, InplaceOp2, Layout, Result, Tensor, Var};

use pulp::{Arch, Simd};
use rayon::prelude::*;

use super::cpu::{PARALLEL, is_fused, values, values_mut};

/// The numbers of one step, which all tensors share.
#[derive(Clone, Copy, Debug)]
pub struct AdamUpdate {
    /// Step size η.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// ε, added to √v̂.
    pub eps: f64,
    /// Decoupled weight decay λ.
    pub weight_decay: f64,
    /// 1 / (1 − β₁ᵗ) and 1 / (1 − β₂ᵗ), which [`adam_corrections`] gives.
    pub corrections: (f64, f64),
}

/// 1 / (1 − βᵗ) for both moments at step t, from 1.
pub fn adam_corrections(beta1: f64, beta2: f64, step: u64) -> (f64, f64) {
    let correction = |beta: f64| 1. / (1. - beta.powf(step as f64));
    (correction(beta1), correction(beta2))
}

/// Updates a variable and its moments by the gradient.
///
/// # Shapes
/// `grad` as `var`; `moments` (2, …var): first moment m, then second moment v.
///
/// # Errors
/// When the shapes differ.
pub fn adam(var: &Var, moments: &Var, grad: &Tensor, update: AdamUpdate) -> Result<()> {
    if grad.shape() != var.shape() {
        candle_core::bail!("expected a gradient of {:?}, received {:?}", var.dims(), grad.dims())
    }
    if is_fused(&[var, moments, grad]) {
        var.inplace_op2(&grad.contiguous()?, &AdamStep { moments, update })
    } else {
        plain(var, moments, grad, update)
    }
}

fn plain(var: &Var, moments: &Var, grad: &Tensor, update: AdamUpdate) -> Result<()> {
    let AdamUpdate { learning_rate, beta1, beta2, eps, weight_decay, .. } = update;
    let (first_scale, second_scale) = update.corrections;
    let first = ((moments.get(0)? * beta1)? + (grad * (1. - beta1))?)?;
    let second = ((moments.get(1)? * beta2)? + (grad.sqr()? * (1. - beta2))?)?;
    let direction = ((&first * first_scale)? / ((&second * second_scale)?.sqrt()? + eps)?)?;
    let kept = (var.as_tensor() * (1. - learning_rate * weight_decay))?;
    var.set(&(kept - (direction * learning_rate)?)?)?;
    moments.set(&Tensor::stack(&[first, second], 0)?)
}

struct AdamStep<'a> {
    moments: &'a Var,
    update: AdamUpdate,
}

impl InplaceOp2 for AdamStep<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(
        &self,
        var: &mut CpuStorage,
        var_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<()> {
        let weights = RefCell::new(values_mut(var, var_layout)?);
        let grad = values(grad, grad_layout)?;
        self.moments.inplace_op1(&AdamMoments { weights, grad, update: self.update })
    }
}

/// The innermost of the nested in-place ops: Candle lends one tensor mutably at a time, and the
/// step writes two.
struct AdamMoments<'a> {
    weights: RefCell<&'a mut [f32]>,
    grad: &'a [f32],
    update: AdamUpdate,
}

impl InplaceOp1 for AdamMoments<'_> {
    fn name(&self) -> &'static str {
        "adam-moments"
    }

    fn cpu_fwd(&self, moments: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (first, second) = values_mut(moments, layout)?.split_at_mut(self.grad.len());
        let weights: &mut [f32] = &mut self.weights.borrow_mut();
        let numbers = self.update;
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

#[pulp::with_simd(update = Arch::new())]
#[inline(always)]
fn update_simd<'a, S: Simd>(
    _: S,
    weights: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    grad: &'a [f32],
    update: AdamUpdate,
) {
    let AdamUpdate { learning_rate, beta1, beta2, eps, weight_decay, .. } = update;
    let (first_scale, second_scale) = update.corrections;
    let (beta1, keep1) = (beta1 as f32, (1. - beta1) as f32);
    let (beta2, keep2) = (beta2 as f32, (1. - beta2) as f32);
    let (rate, second_scale) = ((learning_rate * first_scale) as f32, second_scale as f32);
    let (kept, eps) = ((1. - learning_rate * weight_decay) as f32, eps as f32);
    for (((w, m), v), &g) in weights.iter_mut().zip(first).zip(second).zip(grad) {
        *m = beta1 * *m + keep1 * g;
        *v = beta2 * *v + keep2 * (g * g);
        *w = kept * *w - rate * *m / ((*v * second_scale).sqrt() + eps);
    }
}
