//! Several dense layers, with the noise and the rectifiers between them, in one op.
//!
//! y = after(relu(before(xs · w + b))) layer by layer, where `before` and `after` add noise. Small
//! networks spend their time on reading and writing activations and on the cost of each op; here
//! a few rows go through all layers while they are in the cache, and no activation's gradient is
//! ever stored whole. Wide ones run in Candle's products, with one pass over the activations
//! between them. The twin of both is the same layers one by one.

mod backward;
mod forward;
mod kernels;
mod lines;
mod plan;
mod wide;
mod workspace;

use std::sync::OnceLock;

use candle_core::{Result, Shape, Tensor};

use super::many::{self, ManyOp, with_values};
use super::noise::NoiseDraw;
use plan::{Plan, Wanted};
use wide::Wide;
use workspace::Kept;

#[cfg(feature = "cuda")]
pub(super) use wide::CUDA_SOURCE;

/// One dense layer of a stack and what follows it.
#[derive(Clone, Debug)]
pub struct StackLayer {
    /// (R, I, O).
    pub weight: Tensor,
    /// (R, 1, O).
    pub bias: Tensor,
    /// Noise on the weighted sums, one draw a replica.
    pub before: Option<Vec<NoiseDraw>>,
    /// Whether max(x, 0) follows.
    pub relu: bool,
    /// Noise after the rectifier, one draw a replica.
    pub after: Option<Vec<NoiseDraw>>,
}

impl StackLayer {
    /// A dense layer with nothing after it.
    pub fn new(weight: &Tensor, bias: &Tensor) -> Self {
        let (weight, bias) = (weight.clone(), bias.clone());
        Self { weight, bias, before: None, relu: false, after: None }
    }
}

/// Whether a layer is so small that a blocked matrix multiplication and the CPU's thread pool do not
/// pay.
pub fn is_small(weight: &Tensor) -> bool {
    const SMALL: usize = 128 * 128;
    const LONGEST: usize = 512;
    match *weight.dims() {
        _ if !weight.device().is_cpu() => false,
        [_, inputs, 1] => inputs <= SMALL,
        [_, inputs, outputs] => inputs <= LONGEST && inputs * outputs <= SMALL,
        _ => false,
    }
}

/// Applies dense layers one after the other, in f32 on the CPU or CUDA: small ones of the CPU in
/// loops of our own, others in Candle's `matmul`. A run of both kinds is best cut where the kind changes, since one
/// wide layer makes all of them run as wide ones.
///
/// With `train` the activations are stored for the backward pass; without it they are computed again,
/// which suits evaluations: most have no backward pass.
///
/// # Shapes
/// `xs` (R, B, I) or, shared by all replicas, (1, B, I); result (R, B, O of the last layer).
///
/// # Errors
/// If the shapes do not fit, or a tensor is not of f32 on one of these devices.
pub fn stack(xs: &Tensor, layers: &[StackLayer], train: bool) -> Result<Tensor> {
    let plan = Plan::new(xs, layers)?;
    let mut args = vec![xs.contiguous()?];
    for layer in layers {
        args.extend([layer.weight.contiguous()?, layer.bias.contiguous()?]);
    }
    if layers.iter().all(|layer| is_small(&layer.weight)) {
        many::apply(args, Small { plan, keep: train, kept: OnceLock::new() })
    } else {
        many::apply(args, Wide { plan, keep: train, kept: OnceLock::new() })
    }
}

struct Small {
    plan: Plan,
    keep: bool,
    kept: OnceLock<Kept>,
}

impl ManyOp for Small {
    fn name(&self) -> &'static str {
        "stack"
    }

    fn forward(&self, args: &[Tensor]) -> Result<(Vec<f32>, Shape)> {
        let plan = &self.plan;
        let outputs = plan.outputs();
        let mut ys = vec![0f32; plan.replicas * plan.batch * outputs];
        let kept = with_values(args, |slices| forward::forward(plan, slices, self.keep, &mut ys))?;
        if let Some(kept) = kept {
            // The forward pass runs once for each op.
            let _ = self.kept.set(kept);
        }
        Ok((ys, (plan.replicas, plan.batch, outputs).into()))
    }

    fn backward(&self, args: &[Tensor], _: &Tensor, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let grad = grad.contiguous()?;
        let wanted = Wanted::of(args);
        let mut all: Vec<Tensor> = args.to_vec();
        all.push(grad);
        let grads = with_values(&all, |slices| {
            let (args, grad) = (&slices[..args.len()], slices[args.len()]);
            backward::backward(&self.plan, args, grad, self.kept.get(), wanted)
        })?;
        let tensors = grads.into_iter().zip(args).map(|(grad, arg)| match grad.is_empty() {
            true => Ok(None),
            false => Tensor::from_vec(grad, arg.shape(), arg.device()).map(Some),
        });
        tensors.collect()
    }
}
