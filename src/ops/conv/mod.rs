//! Convolutions of images, each with bias and rectifier, and a pooling after them, in one op.
//!
//! y[n, i, j, o] = b[o] + Σ x[n, i + p, j + q, c] · w[p, q, c, o], without padding, stride 1, and then
//! max(y, 0). Keras' layout, channels last: vectors run over the channels, and the patch of a pixel is
//! a few runs of memory, read where it stands. Candle's own op copies all patches, and its backward
//! pass is a transposed convolution. In one op, Candle does not add the gradient of each activation to
//! a tensor of zeros.

mod plan;
mod run;

use candle_core::{Result, Tensor};

use super::cpu::is_fused;
use super::many;
use super::pool::max_pool2d;
use super::relu;
use run::Run;

/// One convolution of a run and what follows it.
#[derive(Clone, Debug)]
pub struct ConvLayer {
    /// (P, Q, C, O).
    pub weight: Tensor,
    /// (O,).
    pub bias: Tensor,
    /// Whether max(x, 0) follows.
    pub relu: bool,
}

/// Convolves images with one kernel after the other, without padding, and takes the maxima of squares of some size
/// in the end, as [`max_pool2d`] does.
///
/// In f32 on the CPU it is one op on one thread, elsewhere its plain twin of Candle's ops. An image's
/// result does not depend on the others.
///
/// # Shapes
/// `xs` (N, H, W, C); result (N, H', W', O of the last layer), where each layer takes P − 1 off the height and Q − 1
/// off the width and the pooling divides them, rounded down.
///
/// # Errors
/// If the shapes do not fit, or there are no layers.
pub fn convolutions(xs: &Tensor, layers: &[ConvLayer], pool: Option<usize>) -> Result<Tensor> {
    let run = Run::new(xs.dims(), layers, pool)?;
    let params = layers.iter().flat_map(|layer| [&layer.weight, &layer.bias]);
    let args: Vec<&Tensor> = std::iter::once(xs).chain(params).collect();
    if is_fused(&args) {
        many::apply(args.into_iter().map(Tensor::contiguous).collect::<Result<_>>()?, run)
    } else {
        plain(xs, layers, pool)
    }
}

/// One of [`convolutions`].
///
/// # Shapes
/// `xs` (N, H, W, C); `weight` (P, Q, C, O); `bias` (O,); result (N, H − P + 1, W − Q + 1, O).
///
/// # Errors
/// If the shapes do not fit.
pub fn conv2d(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (weight, bias) = (weight.clone(), bias.clone());
    convolutions(xs, &[ConvLayer { weight, bias, relu: false }], None)
}

/// [`conv2d`] and max(y, 0).
///
/// # Errors
/// As [`conv2d`].
pub fn conv2d_relu(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (weight, bias) = (weight.clone(), bias.clone());
    convolutions(xs, &[ConvLayer { weight, bias, relu: true }], None)
}

fn plain(xs: &Tensor, layers: &[ConvLayer], pool: Option<usize>) -> Result<Tensor> {
    let mut xs = xs.clone();
    for ConvLayer { weight, bias, relu } in layers {
        let channels_first = xs.permute((0, 3, 1, 2))?.contiguous()?; // (N, C, H, W)
        let weight = weight.permute((3, 2, 0, 1))?.contiguous()?; // (O, C, P, Q)
        let ys = channels_first.conv2d(&weight, 0, 1, 1, 1)?.permute((0, 2, 3, 1))?;
        let ys = ys.broadcast_add(bias)?.contiguous()?;
        xs = if *relu { relu::relu(&ys)? } else { ys };
    }
    pool.map_or(Ok(xs.clone()), |size| max_pool2d(&xs, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{check, numbers};
    use candle_core::backprop::GradStore;
    use candle_core::{DType, Device, Var};

    fn layer(weight: &Tensor, bias: &Tensor, relu: bool) -> ConvLayer {
        ConvLayer { weight: weight.clone(), bias: bias.clone(), relu }
    }

    fn convolve(xs: &Tensor, weight: &Tensor, bias: &Tensor, relu: bool) -> Result<Tensor> {
        convolutions(xs, &[layer(weight, bias, relu)], None)
    }

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
                let layers = [layer(weight, bias, relu)];
                let (op, twin) = (|| convolutions(xs, &layers, None), || plain(xs, &layers, None));
                check(&vars, op, twin, !relu)?;
            }
        }
        Ok(())
    }

    /// Bit for bit: a run is its layers one by one.
    #[test]
    fn a_run_gives_the_bits_of_its_layers() -> Result<()> {
        let vars = [
            numbers(&[3, 8, 7, 2], 1)?,
            numbers(&[3, 3, 2, 5], 2)?,
            numbers(&[5], 3)?,
            numbers(&[3, 2, 5, 32], 4)?,
            numbers(&[32], 5)?,
        ];
        let [xs, w1, b1, w2, b2] = &vars;
        for (relu, pool) in [(true, Some(2)), (false, None), (true, None)] {
            let layers = [layer(w1, b1, relu), layer(w2, b2, true)];
            let run = convolutions(xs, &layers, pool)?;
            let below = convolve(xs, w1, b1, relu)?;
            let ys = convolve(&below, w2, b2, true)?;
            let ys = pool.map_or(Ok(ys.clone()), |size| max_pool2d(&ys, size))?;
            let values = |ys: &Tensor| ys.flatten_all()?.to_vec1::<f32>();
            assert_eq!(values(&run)?, values(&ys)?);
            let (run, ys) = (run.sqr()?.backward()?, ys.sqr()?.backward()?);
            for var in &vars {
                let grad = |store: &GradStore| values(store.get(var.as_tensor()).unwrap());
                assert_eq!(grad(&run)?, grad(&ys)?);
            }
        }
        Ok(())
    }

    /// Constants among the variables have no gradient and change none of the others.
    #[test]
    fn constants_save_their_gradients() -> Result<()> {
        let vars = [
            numbers(&[2, 6, 6, 1], 1)?,
            numbers(&[3, 3, 1, 4], 2)?,
            numbers(&[4], 3)?,
            numbers(&[2, 2, 4, 3], 4)?,
            numbers(&[3], 5)?,
        ];
        let gradients = |frozen: &[usize]| -> Result<Vec<Option<Vec<f32>>>> {
            let tensor = |(i, var): (usize, &Var)| match frozen.contains(&i) {
                true => var.as_detached_tensor(),
                false => var.as_tensor().clone(),
            };
            let args: Vec<Tensor> = vars.iter().enumerate().map(tensor).collect();
            let layers = [layer(&args[1], &args[2], true), layer(&args[3], &args[4], true)];
            let grads = convolutions(&args[0], &layers, Some(2))?.backward()?;
            let grad = |arg: &Tensor| grads.get(arg).map(|g| g.flatten_all()?.to_vec1::<f32>());
            args.iter().map(|arg| grad(arg).transpose()).collect()
        };
        let all = gradients(&[])?;
        for frozen in [&[0][..], &[1, 2, 3, 4], &[0, 1, 2], &[3, 4]] {
            for (i, found) in gradients(frozen)?.into_iter().enumerate() {
                let expected = if frozen.contains(&i) { None } else { all[i].clone() };
                assert_eq!(found, expected, "{frozen:?}: {i}");
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
