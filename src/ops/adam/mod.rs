//! One step of Adam for one tensor, in place.
//!
//! m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
//! w ← w − λ η w − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
//! Kingma & Ba 2015 (arXiv 1412.6980), Algorithm 1; the decay λ is Loshchilov & Hutter's (arXiv
//! 1711.05101).
//!
//! Without gradients, as in a unit whose rectifier is closed for all rows, moments would decay to the
//! smallest subnormal numbers and stay there. Most CPUs are many times slower with those numbers. m
//! therefore becomes 0 below the normal numbers, and v does if m is 0: both are then far too small to
//! move a weight.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use std::cell::RefCell;

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, DType, InplaceOp2, Layout, Result, Tensor, Var};

use super::cpu::has_kernel;

/// The kernel.
#[cfg(feature = "cuda")]
pub(super) const CUDA_SOURCE: &str = include_str!("adam.cu");

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
    let correction = |beta: f64| 1. / (1. - libm::pow(beta, step as f64));
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
    if has_kernel(&[var, moments, grad]) {
        let numbers = Numbers::from(update);
        var.inplace_op2(&grad.contiguous()?, &AdamStep { moments, numbers })
    } else {
        plain(var, moments, grad, update)
    }
}

fn plain(var: &Var, moments: &Var, grad: &Tensor, update: AdamUpdate) -> Result<()> {
    let AdamUpdate { learning_rate, beta1, beta2, eps, weight_decay, .. } = update;
    let (first_scale, second_scale) = update.corrections;
    let first = ((moments.get(0)? * beta1)? + (grad * (1. - beta1))?)?;
    let second = ((moments.get(1)? * beta2)? + (grad.sqr()? * (1. - beta2))?)?;
    let least = match var.dtype() {
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    };
    let zeros = first.zeros_like()?;
    let first = first.abs()?.lt(least)?.where_cond(&zeros, &first)?;
    let rests = (first.eq(0.)? * second.lt(least)?)?;
    let second = rests.where_cond(&zeros, &second)?;
    let direction = ((&first * first_scale)? / ((&second * second_scale)?.sqrt()? + eps)?)?;
    let kept = (var.as_tensor() * (1. - learning_rate * weight_decay))?;
    var.set(&(kept - (direction * learning_rate)?)?)?;
    moments.set(&Tensor::stack(&[first, second], 0)?)
}

/// What each element's update reads, in f32.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Numbers {
    beta1: f32,
    /// 1 − β₁
    keep1: f32,
    beta2: f32,
    /// 1 − β₂
    keep2: f32,
    /// η / (1 − β₁ᵗ)
    rate: f32,
    second_scale: f32,
    /// 1 − η λ
    kept: f32,
    eps: f32,
}

impl From<AdamUpdate> for Numbers {
    fn from(update: AdamUpdate) -> Self {
        let AdamUpdate { learning_rate, beta1, beta2, eps, weight_decay, .. } = update;
        let (first_scale, second_scale) = update.corrections;
        Self {
            beta1: beta1 as f32,
            keep1: (1. - beta1) as f32,
            beta2: beta2 as f32,
            keep2: (1. - beta2) as f32,
            rate: (learning_rate * first_scale) as f32,
            second_scale: second_scale as f32,
            kept: (1. - learning_rate * weight_decay) as f32,
            eps: eps as f32,
        }
    }
}

struct AdamStep<'a> {
    moments: &'a Var,
    numbers: Numbers,
}

/// The innermost of the nested in-place ops: Candle lends one tensor mutably at a time, and the
/// step writes two.
struct Moments<W, G> {
    weights: RefCell<W>,
    grad: G,
    numbers: Numbers,
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
        self.cpu((var, var_layout), (grad, grad_layout))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        var: &mut CudaStorage,
        var_layout: &Layout,
        grad: &CudaStorage,
        grad_layout: &Layout,
    ) -> Result<()> {
        self.cuda((var, var_layout), (grad, grad_layout))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// 0.9^t falls below 1.2e-38 at t = 829, and would stay at the smallest number, since 0.9 of it is
    /// rounded to it; 0.999^t does after 87,293 steps. So with m = 1e-8 and v = 1e-30 at first, and then
    /// no gradients, m is 0 after 655 steps, v after 18,250.
    #[test]
    fn moments_without_gradients_end_at_zero_and_weights_stay() -> Result<()> {
        for op in [adam, plain] {
            let var = Var::new(&[0.5f32], &Device::Cpu)?;
            let moments = Var::new(&[[1e-8f32], [1e-30]], &Device::Cpu)?;
            let grad = var.zeros_like()?;
            let mut seen = Vec::new();
            for step in 1..=18_300 {
                let update = AdamUpdate {
                    learning_rate: 0.001,
                    beta1: 0.9,
                    beta2: 0.999,
                    eps: 1e-7,
                    weight_decay: 0.,
                    corrections: (1., 1.),
                };
                op(&var, &moments, &grad, update)?;
                if [600, 660, 18_200, 18_300].contains(&step) {
                    let [m, v] = [0, 1].map(|i| moments.get(i)?.to_vec1::<f32>());
                    seen.push((m?[0] > 0., v?[0] > 0., var.to_vec1::<f32>()?[0]));
                }
            }
            let weight = seen[0].2;
            let expected = [(true, true), (false, true), (false, true), (false, false)];
            assert_eq!(seen, expected.map(|(m, v)| (m, v, weight)));
        }
        Ok(())
    }
}
