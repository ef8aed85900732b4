//! The dense op of thin layers on the CPU: the three products and the sum of a layer.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape};

use super::Sizes;
use super::kernels::{bias_grad, input_grad, products, weight_grad};
use crate::ops::cpu::values;

type Operand<'a> = (&'a CpuStorage, &'a Layout);

/// ys = xs · w + b.
pub fn forward(
    sizes: Sizes,
    xs: Operand<'_>,
    weight: Operand<'_>,
    bias: Operand<'_>,
) -> Result<(CpuStorage, Shape)> {
    let (xs, weight, bias) =
        (values(xs.0, xs.1)?, values(weight.0, weight.1)?, values(bias.0, bias.1)?);
    let shape = Shape::from((sizes.replicas, sizes.batch, sizes.outputs));
    let mut ys = Vec::with_capacity(shape.elem_count());
    products(sizes, xs, weight, bias, &mut ys);
    Ok((CpuStorage::F32(ys), shape))
}

/// dw = xsᵀ · grad, (R, I, O).
pub struct WeightGrad(pub Sizes);

impl CustomOp2 for WeightGrad {
    fn name(&self) -> &'static str {
        "dense-weight-grad"
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        xs_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let shape = Shape::from((self.0.replicas, self.0.inputs, self.0.outputs));
        let mut dw = vec![0f32; shape.elem_count()];
        weight_grad(self.0, values(xs, xs_layout)?, values(grad, grad_layout)?, &mut dw);
        Ok((CpuStorage::F32(dw), shape))
    }
}

/// db = grad summed over the batch, (R, 1, O).
pub struct BiasGrad(pub Sizes);

impl CustomOp1 for BiasGrad {
    fn name(&self) -> &'static str {
        "dense-bias-grad"
    }

    fn cpu_fwd(&self, grad: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let shape = Shape::from((self.0.replicas, 1, self.0.outputs));
        let mut db = vec![0f32; shape.elem_count()];
        bias_grad(self.0, values(grad, layout)?, &mut db);
        Ok((CpuStorage::F32(db), shape))
    }
}

/// dx = grad · wᵀ, summed over the replicas where they share the batch.
pub struct InputGrad(pub Sizes);

impl CustomOp2 for InputGrad {
    fn name(&self) -> &'static str {
        "dense-input-grad"
    }

    fn cpu_fwd(
        &self,
        grad: &CpuStorage,
        grad_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let shape = self.0.xs_shape();
        let mut dx = vec![0f32; shape.elem_count()];
        input_grad(self.0, values(grad, grad_layout)?, values(weight, weight_layout)?, &mut dx);
        Ok((CpuStorage::F32(dx), shape))
    }
}
