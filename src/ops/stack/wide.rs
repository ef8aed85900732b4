//! Wide layers: Candle's products, and all that lies between two of them in one pass.
//!
//! A product of wide layers takes longer than reading its result, but not by much: a bias, noise, a
//! rectifier and the gradients of each as ops of their own would double the time of a step.

use std::sync::OnceLock;

use candle_core::{CpuStorage, InplaceOp1, InplaceOp2, Layout, Result, Shape, Tensor};
use pulp::{Arch, Simd};
use rayon::prelude::*;

use super::plan::{Plan, draw_of};
use crate::ops::cpu::{PARALLEL, values, values_mut};
use crate::ops::many::{ManyOp, with_values};
use crate::ops::noise::{NoiseDraw, add_noise};

/// The op; see [`stack`](super::stack).
pub struct Wide {
    pub plan: Plan,
    pub keep: bool,
    pub kept: OnceLock<Vec<Outputs>>,
}

/// What a layer gave.
pub struct Outputs {
    ys: Tensor,
    /// The rectifier's output, where noise behind it makes it differ from the layer's.
    gates: Option<Tensor>,
}

impl Wide {
    /// (xs, weight, bias, weight, …) without their graph, xs with a batch for each replica.
    fn detached(&self, args: &[Tensor]) -> Result<Vec<Tensor>> {
        let mut args: Vec<Tensor> = args.iter().map(Tensor::detach).collect();
        let extents = (self.plan.replicas, self.plan.batch, self.plan.inputs);
        args[0] = args[0].broadcast_as(extents)?.contiguous()?;
        Ok(args)
    }

    fn run(&self, args: &[Tensor]) -> Result<Vec<Outputs>> {
        let mut outputs: Vec<Outputs> = Vec::new();
        for (l, layer) in self.plan.layers.iter().enumerate() {
            let xs = outputs.last().map_or(&args[0], |below| &below.ys);
            let ys = xs.matmul(&args[2 * l + 1])?;
            let (rows, width, relu) = (self.plan.batch, layer.outputs, layer.relu);
            let replicas = 0..self.plan.replicas;
            let draws = replicas.map(|replica| draw_of(&layer.before, replica)).collect();
            with_values(&args[2 * l + 2..][..1], |bias| {
                ys.inplace_op1(&Finish { rows, width, bias: bias[0], draws, relu })
            })??;
            let (ys, gates) = match &layer.after {
                Some(draws) => (add_noise(&ys, draws, true)?, self.plan.has_gates(l).then_some(ys)),
                None => (ys, None),
            };
            outputs.push(Outputs { ys, gates });
        }
        Ok(outputs)
    }
}

impl ManyOp for Wide {
    fn name(&self) -> &'static str {
        "wide-stack"
    }

    fn forward(&self, args: &[Tensor]) -> Result<(Vec<f32>, Shape)> {
        let outputs = self.run(&self.detached(args)?)?;
        let last = &outputs[outputs.len() - 1];
        let shape = last.ys.shape().clone();
        let ys = with_values(std::slice::from_ref(&last.ys), |ys| ys[0].to_vec())?;
        if self.keep {
            // The forward pass runs once for each op.
            let _ = self.kept.set(outputs);
        }
        Ok((ys, shape))
    }

    fn backward(&self, args: &[Tensor], _: &Tensor, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let (wanted, shared) = (args[0].track_op(), self.plan.shared);
        let args = self.detached(args)?;
        let again;
        let outputs = match self.kept.get() {
            Some(outputs) => outputs,
            None if self.plan.needs_activations() => {
                again = self.run(&args)?;
                &again
            }
            None => &Vec::new(),
        };
        let mut grads = vec![None; args.len()];
        let mut grad = grad.contiguous()?;
        for (l, layer) in self.plan.layers.iter().enumerate().rev() {
            if layer.relu {
                let Outputs { ys, gates } = &outputs[l];
                // The first gradient is Candle's, the others are products made here.
                let own = if l + 1 == self.plan.layers.len() { grad.copy()? } else { grad };
                own.inplace_op2(gates.as_ref().unwrap_or(ys), &Gate)?;
                grad = own;
            }
            let xs = if l == 0 { &args[0] } else { &outputs[l - 1].ys };
            grads[2 * l + 1] = Some(xs.transpose(1, 2)?.matmul(&grad)?);
            grads[2 * l + 2] = Some(sum_rows(&grad)?);
            if l > 0 || wanted {
                grad = grad.matmul(&args[2 * l + 1].transpose(1, 2)?)?;
            }
        }
        if wanted {
            grads[0] = Some(if shared { grad.sum_keepdim(0)? } else { grad });
        }
        Ok(grads)
    }
}

/// (R, B, O) to (R, 1, O).
fn sum_rows(xs: &Tensor) -> Result<Tensor> {
    let (replicas, rows, width) = xs.dims3()?;
    let mut sums = vec![0f32; replicas * width];
    with_values(std::slice::from_ref(xs), |xs| {
        for (sums, xs) in
            sums.chunks_exact_mut(width).zip(xs[0].chunks_exact((rows * width).max(1)))
        {
            for row in xs.chunks_exact(width) {
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
        }
    })?;
    Tensor::from_vec(sums, (replicas, 1, width), xs.device())
}

/// ys = relu(ys + bias + noise), in place.
struct Finish<'a> {
    rows: usize,
    width: usize,
    bias: &'a [f32],
    draws: Vec<Option<NoiseDraw>>,
    relu: bool,
}

impl InplaceOp1 for Finish<'_> {
    fn name(&self) -> &'static str {
        "finish"
    }

    fn cpu_fwd(&self, ys: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let ys = values_mut(ys, layout)?;
        let piece = (PARALLEL / self.width).max(1);
        let replica = |(r, ys): (usize, &mut [f32])| {
            let bias = &self.bias[r * self.width..][..self.width];
            let finish_piece = |(p, ys): (usize, &mut [f32])| {
                let (mut normals, mut stddev) = (Vec::new(), 0.);
                if let Some(draw) = self.draws[r] {
                    normals.resize(ys.len(), 0.);
                    draw.address.fill_normal((p * piece) as u32, self.width, &mut normals);
                    stddev = draw.strength as f32;
                }
                finish(ys, bias, &normals, stddev, self.relu);
            };
            ys.par_chunks_mut(piece * self.width).enumerate().for_each(finish_piece);
        };
        ys.chunks_mut((self.rows * self.width).max(1)).enumerate().for_each(replica);
        Ok(())
    }
}

/// The rows of a piece; `normals` is empty where there is no noise.
#[pulp::with_simd(finish = Arch::new())]
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

/// The gradient below a rectifier, in place: 0 where its output is 0.
struct Gate;

impl InplaceOp2 for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn cpu_fwd(
        &self,
        grad: &mut CpuStorage,
        grad_layout: &Layout,
        gates: &CpuStorage,
        gates_layout: &Layout,
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
