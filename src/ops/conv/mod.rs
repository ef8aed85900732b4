//! Convolution of images, with bias and rectifier, in one op.
//!
//! y[n, i, j, o] = b[o] + Σ x[n, i + p, j + q, c] · w[p, q, c, o], without padding, stride 1, and then
//! max(y, 0). Keras' layout, channels last: vectors run over the channels, and the patch of a pixel is
//! a few runs of memory, read where it stands. Candle's own op copies all patches, and its backward
//! pass is a transposed convolution.

mod plan;

use candle_core::{Result, Shape, Tensor};

use super::cpu::is_fused;
use super::many::{self, ManyOp, with_values};
use super::relu;
use plan::Plan;

/// Convolves images with a kernel, without padding.
///
/// In f32 on the CPU it is one op on one thread, elsewhere its plain twin of Candle's ops. An image's
/// result does not depend on the others.
///
/// # Shapes
/// `xs` (N, H, W, C); `weight` (P, Q, C, O); `bias` (O,); result (N, H − P + 1, W − Q + 1, O).
///
/// # Errors
/// If the shapes do not fit.
pub fn conv2d(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    convolve(xs, weight, bias, false)
}

/// [`conv2d`] and max(y, 0).
///
/// # Errors
/// As [`conv2d`].
pub fn conv2d_relu(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    convolve(xs, weight, bias, true)
}

fn convolve(xs: &Tensor, weight: &Tensor, bias: &Tensor, relu: bool) -> Result<Tensor> {
    let plan = Plan::new(xs.dims(), weight.dims(), bias.dims(), relu)?;
    if is_fused(&[xs, weight, bias]) {
        many::apply(vec![xs.contiguous()?, weight.contiguous()?, bias.contiguous()?], plan)
    } else {
        plain(xs, weight, bias, relu)
    }
}

fn plain(xs: &Tensor, weight: &Tensor, bias: &Tensor, relu: bool) -> Result<Tensor> {
    let xs = xs.permute((0, 3, 1, 2))?.contiguous()?; // (N, C, H, W)
    let weight = weight.permute((3, 2, 0, 1))?.contiguous()?; // (O, C, P, Q)
    let ys = xs.conv2d(&weight, 0, 1, 1, 1)?.permute((0, 2, 3, 1))?.broadcast_add(bias)?;
    if relu { relu::relu(&ys.contiguous()?) } else { ys.contiguous() }
}

impl ManyOp for Plan {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn forward(&self, args: &[Tensor]) -> Result<(Vec<f32>, Shape)> {
        let ys = with_values(args, |args| self.convolve(args[0], args[1], args[2]))?;
        let [height, width] = self.out;
        Ok((ys, (self.images, height, width, self.outputs).into()))
    }

    fn backward(&self, args: &[Tensor], ys: &Tensor, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let [of_images, of_weights, of_bias] = [&args[0], &args[1], &args[2]].map(Tensor::track_op);
        let tensors: Vec<Tensor> = [args, &[ys.clone(), grad.contiguous()?]].concat();
        let grads = with_values(&tensors, |slices| {
            let [xs, weight, _, ys, grad] = slices else { return Default::default() };
            let grad = self.gated(ys, grad);
            [
                of_images.then(|| self.input_grad(weight, &grad)),
                of_weights.then(|| self.weight_grad(xs, &grad)),
                of_bias.then(|| self.bias_grad(&grad)),
            ]
        })?;
        let tensor = |(grad, arg): (Option<Vec<f32>>, &Tensor)| {
            grad.map(|grad| Tensor::from_vec(grad, arg.shape(), arg.device())).transpose()
        };
        grads.into_iter().zip(args).map(tensor).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{check, numbers};
    use candle_core::{DType, Device};

    #[test]
    fn by_hand() -> Result<()> {
        // One image of 3×3 with the numbers 1 to 9, a kernel of ones: sums of four, 12 16 24 28.
        let xs = (Tensor::arange(0f32, 9., &Device::Cpu)? + 1.)?.reshape((1, 3, 3, 1))?;
        let weight = Tensor::ones((2, 2, 1, 1), DType::F32, &Device::Cpu)?;
        let bias = Tensor::new(&[-20f32], &Device::Cpu)?;
        let ys = |relu| convolve(&xs, &weight, &bias, relu)?.flatten_all()?.to_vec1::<f32>();
        assert_eq!(ys(false)?, [-8., -4., 4., 8.]);
        assert_eq!(ys(true)?, [0., 0., 4., 8.]);
        Ok(())
    }

    #[test]
    fn value_and_gradients_equal_the_plain_twins_and_differences() -> Result<()> {
        for (images, [h, w, c], [p, q, o]) in [
            (3, [8, 8, 1], [3, 3, 32]),
            (2, [6, 6, 32], [3, 3, 32]),
            (1, [5, 4, 3], [2, 3, 5]),
            (4, [3, 7, 17], [3, 1, 48]),
            (2, [1, 1, 2], [1, 1, 1]),
        ] {
            let vars =
                [numbers(&[images, h, w, c], 1)?, numbers(&[p, q, c, o], 2)?, numbers(&[o], 3)?];
            let [xs, weight, bias] = &vars;
            for relu in [false, true] {
                // Differences across the rectifier's kink are none.
                let (op, twin) =
                    (|| convolve(xs, weight, bias, relu), || plain(xs, weight, bias, relu));
                check(&vars, op, twin, !relu)?;
            }
        }
        Ok(())
    }

    #[test]
    fn images_without_a_gradient_get_none_and_do_not_depend_on_each_other() -> Result<()> {
        let (xs, weight, bias) =
            (numbers(&[5, 4, 4, 2], 1)?, numbers(&[3, 3, 2, 8], 2)?, numbers(&[8], 3)?);
        let data = xs.as_detached_tensor();
        let ys = convolve(&data, &weight, &bias, true)?;
        assert!(ys.backward()?.get(&data).is_none());
        let alone = convolve(&data.narrow(0, 3, 1)?, &weight, &bias, true)?;
        let together = ys.narrow(0, 3, 1)?.flatten_all()?.to_vec1::<f32>()?;
        assert_eq!(alone.flatten_all()?.to_vec1::<f32>()?, together);
        Ok(())
    }

    #[test]
    fn wrong_shapes_are_named() -> Result<()> {
        let error = |xs: &[usize], weight: &[usize], bias: &[usize]| {
            let (xs, weight) = (numbers(xs, 1).unwrap(), numbers(weight, 2).unwrap());
            convolve(&xs, &weight, &numbers(bias, 3).unwrap(), true).unwrap_err().to_string()
        };
        let found = error(&[1, 2, 4, 1], &[3, 3, 1, 2], &[2]);
        assert!(found.contains("[1, 2, 4, 1], [3, 3, 1, 2] and [2]"), "{found}");
        assert!(error(&[1, 4, 4, 1], &[3, 3, 2, 2], &[2]).contains("(P, Q, C, O)"));
        assert!(error(&[1, 4, 4, 1], &[3, 3, 1, 2], &[3]).contains("bias (O,)"));
        Ok(())
    }
}
