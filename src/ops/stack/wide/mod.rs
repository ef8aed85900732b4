//! Wide layers: Candle's products, and all that lies between two of them in one pass.
//!
//! A product of wide layers takes longer than reading its result, but not by much: a bias, noise, a
//! rectifier and the gradients of each as ops of their own would double the time of a step.

mod between;
mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use std::sync::OnceLock;

#[cfg(feature = "cuda")]
use candle_core::{CudaStorage, Storage, backend::BackendStorage};
use candle_core::{Result, Shape, Tensor};

use super::plan::{Plan, Wanted, draw_of};
use crate::ops::Axis;
use crate::ops::many::{ManyOp, with_values};
use crate::ops::noise::add_noise;
use between::{Finish, Gate, SumRows};

/// The kernels.
#[cfg(feature = "cuda")]
pub(in crate::ops) const CUDA_SOURCE: &str = include_str!("wide.cu");

/// The op; see [`stack`](super::stack).
pub struct Wide {
    pub plan: Plan,
    pub keep: bool,
    pub kept: OnceLock<Vec<Outputs>>,
}

/// The results of a layer.
pub struct Outputs {
    ys: Tensor,
    /// The rectifier's output, if noise after it makes it differ from the layer's.
    gates: Option<Tensor>,
}

impl Wide {
    /// (xs, weight, bias, weight, …) without their graph, xs with a batch for each replica.
    fn detached(&self, args: &[Tensor]) -> Result<Vec<Tensor>> {
        let mut args: Vec<Tensor> = args.iter().map(Tensor::detach).collect();
        let extents = (self.plan.replicas, self.plan.batch, self.plan.inputs);
        args[0] = args[0].broadcast_as(extents)?;
        if args[0].device().is_cpu() {
            // cuBLAS reads a shared batch again for each replica; what `gemm` does is not known.
            args[0] = args[0].contiguous()?;
        }
        Ok(args)
    }

    fn run(&self, args: &[Tensor]) -> Result<Vec<Outputs>> {
        let mut outputs: Vec<Outputs> = Vec::new();
        for (l, layer) in self.plan.layers.iter().enumerate() {
            let xs = outputs.last().map_or(&args[0], |below| &below.ys);
            let ys = xs.matmul(&args[2 * l + 1])?;
            let replicas = 0..self.plan.replicas;
            let draws = replicas.map(|replica| draw_of(&layer.before, replica)).collect();
            ys.inplace_op2(&args[2 * l + 2], &Finish { draws, relu: layer.relu })?;
            let (ys, gates) = match &layer.after {
                Some(draws) => {
                    (add_noise(&ys, draws, Axis::Replicas)?, self.plan.has_gates(l).then_some(ys))
                }
                None => (ys, None),
            };
            outputs.push(Outputs { ys, gates });
        }
        Ok(outputs)
    }

    /// The forward pass; `read` takes the last layer's result before the activations are kept.
    fn forward_with<T>(
        &self,
        args: &[Tensor],
        read: impl FnOnce(&Tensor) -> Result<T>,
    ) -> Result<(T, Shape)> {
        let outputs = self.run(&self.detached(args)?)?;
        let last = &outputs[outputs.len() - 1].ys;
        let result = (read(last)?, last.shape().clone());
        if self.keep {
            // The forward pass runs once for each op.
            let _ = self.kept.set(outputs);
        }
        Ok(result)
    }
}

impl ManyOp for Wide {
    fn name(&self) -> &'static str {
        "wide-stack"
    }

    fn forward(&self, args: &[Tensor]) -> Result<(Vec<f32>, Shape)> {
        self.forward_with(args, |ys| {
            with_values(std::slice::from_ref(ys), |values| values[0].to_vec())
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_forward(&self, args: &[Tensor]) -> Result<(CudaStorage, Shape)> {
        self.forward_with(args, |ys| {
            let (storage, layout) = ys.storage_and_layout();
            match &*storage {
                Storage::Cuda(storage) => storage.try_clone(layout),
                _ => candle_core::bail!("expected a tensor of a CUDA device"),
            }
        })
    }

    fn backward(&self, args: &[Tensor], _: &Tensor, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let (wanted, shared) = (Wanted::of(args), self.plan.shared);
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
            if wanted.params {
                grads[2 * l + 1] = Some(xs.transpose(1, 2)?.matmul(&grad)?);
                grads[2 * l + 2] = Some(grad.apply_op1_no_bwd(&SumRows)?);
            }
            if l > 0 || wanted.inputs {
                grad = grad.matmul(&args[2 * l + 1].transpose(1, 2)?)?;
            }
        }
        if wanted.inputs {
            grads[0] = Some(if shared { grad.sum_keepdim(0)? } else { grad });
        }
        Ok(grads)
    }
}
