//! Convolutions one after the other, and a pooling.

use std::sync::OnceLock;

use candle_core::{Result, Shape, Tensor, bail};

use super::ConvLayer;
use super::plan::Plan;
use crate::ops::many::{ManyOp, with_values};
use crate::ops::pool::Pool;
use crate::ops::room::Room;

/// The extents of a run, and what its forward pass keeps for the backward pass.
pub struct Run {
    plans: Vec<Plan>,
    pool: Option<Pool>,
    /// The activations of all layers but the last.
    kept: OnceLock<Vec<Room>>,
}

impl Run {
    pub fn new(dims: &[usize], layers: &[ConvLayer], pool: Option<usize>) -> Result<Self> {
        if layers.is_empty() {
            bail!("expected one or more convolutions, received none")
        }
        let (mut dims, mut plans) = (dims.to_vec(), Vec::with_capacity(layers.len()));
        for ConvLayer { weight, bias, relu } in layers {
            let plan = Plan::new(&dims, weight.dims(), bias.dims(), *relu)?;
            dims = vec![plan.images, plan.out[0], plan.out[1], plan.outputs];
            plans.push(plan);
        }
        let pool = pool.map(|size| Pool::new(&dims, size)).transpose()?;
        Ok(Self { plans, pool, kept: OnceLock::new() })
    }

    /// The activations of all layers.
    fn activations(&self, args: &[&[f32]]) -> Vec<Room> {
        let mut all: Vec<Room> = Vec::new();
        for (plan, params) in self.plans.iter().zip(args[1..].chunks_exact(2)) {
            let xs = all.last().map_or(args[0], |below| &below[..]);
            all.push(plan.convolve(xs, params[0], params[1]));
        }
        if let (Some(pool), Some(below)) = (self.pool, all.last()) {
            all.push(pool.maxima(below));
        }
        all
    }

    /// The gradients of the arguments that are wanted, from the top layer down.
    fn gradients(
        &self,
        args: &[&[f32]],
        (ys, grad): (&[f32], &[f32]),
        wanted: &[bool],
    ) -> Vec<Option<Room>> {
        let kept = self.kept.get_or_init(|| {
            let mut all = self.activations(args);
            all.pop();
            all
        });
        let activation = |layer: usize| kept.get(layer).map_or(ys, |own| &own[..]);
        let mut grads: Vec<Option<Room>> = args.iter().map(|_| None).collect();
        let last = self.plans.len() - 1;
        let mut below = self.pool.map(|pool| pool.gradient(activation(last), ys, grad));
        for (layer, plan) in self.plans.iter().enumerate().rev() {
            let (weight, bias) = (2 * layer + 1, 2 * layer + 2);
            let gated = plan.gated(activation(layer), below.as_deref().unwrap_or(grad));
            let xs = layer.checked_sub(1).map_or(args[0], activation);
            grads[weight] = wanted[weight].then(|| plan.weight_grad(xs, &gated));
            grads[bias] = wanted[bias].then(|| plan.bias_grad(&gated));
            if !wanted[..weight].contains(&true) {
                break;
            }
            below = Some(plan.input_grad(args[weight], &gated));
        }
        grads[0] = below.filter(|_| wanted[0]);
        grads
    }
}

impl ManyOp for Run {
    fn name(&self) -> &'static str {
        "convolutions"
    }

    fn forward(&self, args: &[Tensor]) -> Result<(Vec<f32>, Shape)> {
        let mut kept = with_values(args, |args| self.activations(args))?;
        let ys = kept.pop().unwrap_or_default().to_vec();
        // The forward pass runs once for each op.
        let _ = self.kept.set(kept);
        let mut dims = [0; 4];
        if let Some(last) = self.plans.last() {
            let [height, width] = self.pool.map_or(last.out, Pool::out);
            dims = [last.images, height, width, last.outputs];
        }
        Ok((ys, Shape::from(&dims)))
    }

    fn backward(&self, args: &[Tensor], ys: &Tensor, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let wanted: Vec<bool> = args.iter().map(Tensor::track_op).collect();
        let tensors: Vec<Tensor> = [args, &[ys.clone(), grad.contiguous()?]].concat();
        let grads = with_values(&tensors, |slices| {
            let (args, results) = slices.split_at(args.len());
            self.gradients(args, (results[0], results[1]), &wanted)
        })?;
        let tensor = |(grad, arg): (Option<Room>, &Tensor)| {
            grad.map(|grad| Tensor::from_slice(&grad, arg.shape(), arg.device())).transpose()
        };
        grads.into_iter().zip(args).map(tensor).collect()
    }
}
