//! The dense layer of every replica: ys = xs · w + b.

use candle_core::{Result, Tensor};

use super::cpu::has_kernel;
use super::stack::{StackLayer, stack};

/// Multiplies each replica's batch by its weights and adds its bias.
///
/// In f32 on the CPU or CUDA it is a [`stack`] of one layer, elsewhere its plain twin of Candle's
/// ops. A replica's result does not depend on the others.
///
/// # Shapes
/// `xs` (R, B, I) or, shared by all replicas, (1, B, I); `weight` (R, I, O); `bias` (R, 1, O);
/// result (R, B, O).
///
/// # Errors
/// When the shapes do not fit.
pub fn dense(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if has_kernel(&[xs, weight, bias]) {
        // Its backward pass needs no activations but the inputs, which it has.
        stack(xs, &[StackLayer::new(weight, bias)], false)
    } else {
        plain(xs, weight, bias)
    }
}

fn plain(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    xs.broadcast_matmul(weight)?.broadcast_add(bias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{largest_difference, numbers};
    use candle_core::{DType, Device, Var};

    #[test]
    fn by_hand() -> Result<()> {
        let xs = Tensor::new(&[[[1f32, 2.], [3., 4.]]], &Device::Cpu)?;
        let weight = Tensor::new(&[[[10f32, 0., 1.], [100., 1., 1.]]], &Device::Cpu)?;
        let bias = Tensor::new(&[[[0.5f32, 0., -1.]]], &Device::Cpu)?;
        let ys = dense(&xs, &weight, &bias)?;
        assert_eq!(ys.to_vec3::<f32>()?, [[[210.5, 2., 2.], [430.5, 4., 6.]]]);
        Ok(())
    }

    #[test]
    fn value_and_gradients_equal_the_plain_twins() -> Result<()> {
        for (r, b, i, o) in [
            (1, 30, 2, 500),
            (3, 7, 500, 1),
            (2, 5, 8, 67),
            (4, 1, 1, 1),
            (2, 9, 64, 64),
            (1, 2, 3, 10),
            (2, 5, 200, 150),
            (3, 4, 600, 3),
        ] {
            for rows in [1, r] {
                let (xs, w) = (numbers(&[rows, b, i], 1)?, numbers(&[r, i, o], 2)?);
                let bias = numbers(&[r, 1, o], 3)?;
                let pull = numbers(&[r, b, o], 4)?;
                let (fused, twin) = (dense(&xs, &w, &bias)?, plain(&xs, &w, &bias)?);
                assert!(largest_difference(&fused, &twin)? < 2e-5, "{r} {b} {i} {o}");
                let (fused, twin) = ((fused * pull.as_tensor())?, (twin * pull.as_tensor())?);
                let (fused, twin) = (fused.backward()?, twin.backward()?);
                for var in [&xs, &w, &bias] {
                    let (fused, twin) = (fused.get(var).unwrap(), twin.get(var).unwrap());
                    assert_eq!(fused.shape(), twin.shape());
                    assert!(largest_difference(fused, twin)? < 1e-4, "{r} {b} {i} {o}");
                }
            }
        }
        Ok(())
    }

    #[test]
    fn data_without_a_gradient_get_none() -> Result<()> {
        let xs = numbers(&[1, 4, 2], 1)?.as_detached_tensor();
        let (w, bias) = (numbers(&[1, 2, 8], 2)?, numbers(&[1, 1, 8], 3)?);
        assert!(dense(&xs, &w, &bias)?.backward()?.get(&xs).is_none());
        Ok(())
    }

    #[test]
    fn a_wide_layer_agrees_with_double_precision() -> Result<()> {
        let (xs, w, bias) =
            (numbers(&[1, 3, 200], 1)?, numbers(&[2, 200, 300], 2)?, numbers(&[2, 1, 300], 3)?);
        let single = dense(&xs, &w, &bias)?;
        let double = |t: &Var| t.to_dtype(DType::F64);
        let double = dense(&double(&xs)?, &double(&w)?, &double(&bias)?)?;
        assert!(largest_difference(&single, &double.to_dtype(DType::F32)?)? < 1e-4);
        Ok(())
    }

    #[test]
    fn wrong_shapes_are_named() -> Result<()> {
        let (xs, w, bias) =
            (numbers(&[3, 3, 2], 1)?, numbers(&[2, 2, 9], 2)?, numbers(&[2, 1, 9], 3)?);
        let error = dense(&xs, &w, &bias).unwrap_err().to_string();
        assert!(error.contains("2 replicas") && error.contains("[3, 3, 2]"), "{error}");
        Ok(())
    }
}
