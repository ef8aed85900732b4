//! Custom ops of any number of tensors; Candle's own end at three.
//!
//! The op itself takes three tensors. Where there are more, the last three are tied into one that
//! carries no values, until three are left; the gradients of what is tied reach their tensors
//! through the bundles' backward passes.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail};
#[cfg(feature = "cuda")]
use candle_core::{CudaStorage, op::BackpropOp};

use super::backward::hand_over;
use super::cpu::values;
use super::no_grad::is_no_grad;

/// An op whose forward and backward see all of its tensors at once.
pub trait ManyOp: Send + Sync + 'static {
    /// Its name in Candle's errors.
    fn name(&self) -> &'static str;

    /// The values and the shape of the result.
    fn forward(&self, args: &[Tensor]) -> Result<(Vec<f32>, Shape)>;

    /// The same on a CUDA device.
    #[cfg(feature = "cuda")]
    fn cuda_forward(&self, _: &[Tensor]) -> Result<(CudaStorage, Shape)> {
        bail!("{}: no CUDA implementation", self.name())
    }

    /// The gradient of each tensor, `None` where there is none, from the result and its gradient.
    fn backward(&self, args: &[Tensor], ys: &Tensor, grad: &Tensor) -> Result<Vec<Option<Tensor>>>;
}

/// Applies an op to three or more f32 tensors of one device.
pub fn apply(args: Vec<Tensor>, op: impl ManyOp) -> Result<Tensor> {
    if args.len() < 3 {
        bail!("{}: expected three or more tensors, received {}", op.name(), args.len())
    }
    if is_no_grad() {
        return untracked(&args, &op);
    }
    let grads = Arc::new(Mutex::new(Vec::new()));
    let mut nodes: Vec<(Child, Tensor)> =
        args.iter().enumerate().map(|(i, arg)| (Child::Argument(i), arg.clone())).collect();
    while nodes.len() > 3 {
        let (children, tensors) = take_three(&mut nodes);
        let bundle = Bundle { children, grads: grads.clone() };
        nodes.push((Child::Bundle, tensors[0].apply_op3(&tensors[1], &tensors[2], bundle)?));
    }
    let (children, tensors) = take_three(&mut nodes);
    let root = Root { op, args, bundle: Bundle { children, grads } };
    tensors[0].apply_op3(&tensors[1], &tensors[2], root)
}

/// The result alone.
fn untracked(args: &[Tensor], op: &impl ManyOp) -> Result<Tensor> {
    #[cfg(feature = "cuda")]
    if args[0].device().is_cuda() {
        let (storage, shape) = op.cuda_forward(args)?;
        return Ok(Tensor::from_storage(Storage::Cuda(storage), shape, BackpropOp::none(), false));
    }
    let (values, shape) = op.forward(args)?;
    Tensor::from_vec(values, shape, args[0].device())
}

/// Lends the values of contiguous f32 tensors of the CPU.
pub fn with_values<T>(tensors: &[Tensor], f: impl FnOnce(&[&[f32]]) -> T) -> Result<T> {
    let guards: Vec<_> = tensors.iter().map(Tensor::storage_and_layout).collect();
    let mut slices = Vec::with_capacity(tensors.len());
    for (storage, layout) in &guards {
        match &**storage {
            Storage::Cpu(storage) => slices.push(values(storage, layout)?),
            _ => bail!("expected a tensor of the CPU"),
        }
    }
    Ok(f(&slices))
}

/// What one of the three tensors of a node is: an argument of the op, or a bundle of arguments.
#[derive(Clone, Copy)]
enum Child {
    Argument(usize),
    Bundle,
}

fn take_three(nodes: &mut Vec<(Child, Tensor)>) -> ([Child; 3], Vec<Tensor>) {
    let last = nodes.split_off(nodes.len() - 3);
    (std::array::from_fn(|i| last[i].0), last.into_iter().map(|(_, tensor)| tensor).collect())
}

struct Bundle {
    children: [Child; 3],
    /// The gradient of each argument, between the op's backward pass and those of its bundles.
    grads: Arc<Mutex<Vec<Option<Tensor>>>>,
}

type ThreeGrads = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

impl Bundle {
    /// Passes on the gradients: an argument gets its gradient, a bundle zeros so that its backward pass runs.
    fn pass_on(&self, tensors: [&Tensor; 3]) -> Result<ThreeGrads> {
        let mut grads = self.grads.lock().unwrap_or_else(PoisonError::into_inner);
        let mut grad = |i: usize| match self.children[i] {
            Child::Argument(argument) => Ok(grads[argument].take()),
            Child::Bundle => tensors[i].zeros_like().map(Some),
        };
        Ok((grad(0)?, grad(1)?, grad(2)?))
    }
}

impl CustomOp3 for Bundle {
    fn name(&self) -> &'static str {
        "bundle"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.]), Shape::from(1)))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let zero = a.device.alloc_zeros::<f32>(1)?;
        Ok((CudaStorage::wrap_cuda_slice(zero, a.device.clone()), Shape::from(1)))
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        _: &Tensor,
        _: &Tensor,
    ) -> Result<ThreeGrads> {
        self.pass_on([a, b, c])
    }
}

struct Root<O> {
    op: O,
    args: Vec<Tensor>,
    bundle: Bundle,
}

impl<O: ManyOp> CustomOp3 for Root<O> {
    fn name(&self) -> &'static str {
        self.op.name()
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (values, shape) = self.op.forward(&self.args)?;
        Ok((CpuStorage::F32(values), shape))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.op.cuda_forward(&self.args)
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        ys: &Tensor,
        grad: &Tensor,
    ) -> Result<ThreeGrads> {
        let grads = self.op.backward(&self.args, ys, grad)?.into_iter().zip(&self.args);
        let grads = grads.map(|(grad, arg)| hand_over(arg, grad?)).collect();
        *self.bundle.grads.lock().unwrap_or_else(PoisonError::into_inner) = grads;
        self.bundle.pass_on([a, b, c])
    }
}
