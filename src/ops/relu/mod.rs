//! The rectifier max(x, 0), with a gradient in one pass.
//!
//! Candle's own backward of `relu` reads and writes the activation four times. NaN stays NaN: it must
//! reach the loss, which stops the replica.

#[cfg(feature = "cuda")]
mod cuda;

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use pulp::Simd;

use super::cpu::{has_kernel, values};
use crate::simd::vectorized;

/// The kernels.
#[cfg(feature = "cuda")]
pub(super) const CUDA_SOURCE: &str = include_str!("relu.cu");

/// max(x, 0) element by element; the derivative at 0 is 0.
///
/// # Shapes
/// Any shape; the result has the shape of `xs`.
///
/// # Errors
/// Those of the device.
pub fn relu(xs: &Tensor) -> Result<Tensor> {
    if has_kernel(&[xs]) { xs.contiguous()?.apply_op1(Relu) } else { plain(xs) }
}

/// The twin of the fused op; Candle's own `relu` turns NaN into 0.
fn plain(xs: &Tensor) -> Result<Tensor> {
    xs.le(0.)?.where_cond(&xs.zeros_like()?, xs)
}

struct Relu;

impl CustomOp1 for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let xs = values(storage, layout)?;
        let ys = rectify(xs);
        Ok((CpuStorage::F32(ys), layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        self.cuda(storage, layout)
    }

    fn bwd(&self, _: &Tensor, ys: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        ys.apply_op2_no_bwd(&grad.contiguous()?, &ReluGrad).map(Some)
    }
}

struct ReluGrad;

impl CustomOp2 for ReluGrad {
    fn name(&self) -> &'static str {
        "relu-grad"
    }

    fn cpu_fwd(
        &self,
        ys: &CpuStorage,
        ys_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (ys, grad) = (values(ys, ys_layout)?, values(grad, grad_layout)?);
        let dx = rectify_grad(ys, grad);
        Ok((CpuStorage::F32(dx), ys_layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        ys: &CudaStorage,
        ys_layout: &Layout,
        grad: &CudaStorage,
        grad_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.cuda((ys, ys_layout), (grad, grad_layout))
    }
}

vectorized!(fn rectify<'a>(xs: &'a [f32]) -> Vec<f32> = rectify_simd);

#[inline(always)]
fn rectify_simd<S: Simd>(_: S, xs: &[f32]) -> Vec<f32> {
    xs.iter().map(|&x| if x <= 0. { 0. } else { x }).collect()
}

vectorized!(
    pub(super) fn rectify_grad<'a>(ys: &'a [f32], grad: &'a [f32]) -> Vec<f32>
        = rectify_grad_simd
);

#[inline(always)]
fn rectify_grad_simd<'a, S: Simd>(_: S, ys: &'a [f32], grad: &'a [f32]) -> Vec<f32> {
    ys.iter().zip(grad).map(|(&y, &g)| if y > 0. { g } else { 0. }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn value_and_gradient_at_both_sides_of_zero_and_at_zero() -> Result<()> {
        for relu in [relu, plain] {
            let xs = Var::new(&[-2f32, 0., 3., f32::NAN], &Device::Cpu)?;
            let ys = relu(&xs)?;
            let grads = (&ys * 5.)?.backward()?;
            let ys = ys.to_vec1::<f32>()?;
            assert_eq!(ys[..3], [0., 0., 3.]);
            assert!(ys[3].is_nan(), "NaN must not be hidden");
            assert_eq!(grads.get(&xs).unwrap().to_vec1::<f32>()?[..3], [0., 0., 5.]);
        }
        Ok(())
    }

    #[test]
    fn a_transposed_input_gives_what_candles_relu_gives() -> Result<()> {
        let xs = Tensor::new(&[[-1f32, 2., 3.], [4., -5., 6.]], &Device::Cpu)?.t()?;
        assert_eq!(relu(&xs)?.to_vec2::<f32>()?, xs.relu()?.to_vec2::<f32>()?);
        Ok(())
    }
}
