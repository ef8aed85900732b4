//! The maximum of each square of pixels, with its gradient.
//!
//! Channels last, as [`conv2d`](super::conv2d): vectors run over the channels. NaN stays NaN.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor, bail};
use pulp::Simd;

use super::cpu::{is_fused, values};
use super::no_grad::is_no_grad;
use crate::simd::vectorized;

/// The maximum of each square of `size` by `size` pixels, side by side; what is left over at the lower
/// and right edge is dropped. The gradient goes to the first of equal maxima, row by row.
///
/// # Shapes
/// `xs` (N, H, W, C); result (N, H / size, W / size, C), rounded down.
///
/// # Errors
/// When the image has another rank or no square fits.
pub fn max_pool2d(xs: &Tensor, size: usize) -> Result<Tensor> {
    let (_, h, w, c) = match *xs.dims() {
        [n, h, w, c] if size > 0 && h >= size && w >= size && c > 0 => (n, h, w, c),
        ref dims => bail!(
            "max-pooling expects images (N, H, W, C) of {size} × {size} pixels or more, received \
             {dims:?}"
        ),
    };
    if !is_fused(&[xs]) {
        return plain(xs, size);
    }
    let (xs, op) = (xs.contiguous()?, Pool { size, h, w, c });
    if is_no_grad() { xs.apply_op1_no_bwd(&op) } else { xs.apply_op1(op) }
}

/// The twin of the fused op, which gives the gradient to each of equal maxima. Not Candle's own pooling,
/// whose gradient is `size²` times too small, and goes astray where squares do not cover the image.
fn plain(xs: &Tensor, size: usize) -> Result<Tensor> {
    let (n, h, w, c) = xs.dims4()?;
    let (rows, columns) = (h / size, w / size);
    let xs = xs.narrow(1, 0, rows * size)?.narrow(2, 0, columns * size)?;
    xs.reshape(&[n, rows, size, columns, size, c][..])?.max(4)?.max(2)
}

#[derive(Clone, Copy)]
struct Pool {
    size: usize,
    h: usize,
    w: usize,
    c: usize,
}

impl Pool {
    /// For each pixel of the result of one image: where the pixels of its square begin.
    fn squares(self) -> impl Iterator<Item = impl Iterator<Item = usize> + Clone> {
        let Self { size, h, w, c } = self;
        let corners = (0..h / size).flat_map(move |i| (0..w / size).map(move |j| (i, j)));
        corners.map(move |(i, j)| {
            let pixels = (0..size).flat_map(move |p| (0..size).map(move |q| (p, q)));
            pixels.map(move |(p, q)| ((i * size + p) * w + j * size + q) * c)
        })
    }

    fn out_len(self) -> usize {
        (self.h / self.size) * (self.w / self.size) * self.c
    }

    fn forward(self, xs: &[f32], ys: &mut [f32]) {
        for (square, ys) in self.squares().zip(ys.chunks_exact_mut(self.c)) {
            ys.fill(f32::NEG_INFINITY);
            for start in square {
                keep_larger(&xs[start..][..self.c], ys);
            }
        }
    }

    /// `rest` is room for a pixel.
    fn backward(self, xs: &[f32], ys: &[f32], grad: &[f32], rest: &mut [f32], dx: &mut [f32]) {
        let pixels = ys.chunks_exact(self.c).zip(grad.chunks_exact(self.c));
        for (square, (ys, grad)) in self.squares().zip(pixels) {
            rest.copy_from_slice(grad);
            for start in square {
                let (xs, dx) = (&xs[start..][..self.c], &mut dx[start..][..self.c]);
                pass_on(xs, ys, rest, dx);
            }
        }
    }
}

vectorized!(fn keep_larger<'a>(xs: &'a [f32], ys: &'a mut [f32]) = keep_larger_simd);

#[inline(always)]
fn keep_larger_simd<'a, S: Simd>(_: S, xs: &'a [f32], ys: &'a mut [f32]) {
    for (y, &x) in ys.iter_mut().zip(xs) {
        // A NaN is not at most y, and nothing is larger than a NaN.
        *y = if x <= *y || y.is_nan() { *y } else { x };
    }
}

vectorized!(
    fn pass_on<'a>(xs: &'a [f32], ys: &'a [f32], rest: &'a mut [f32], dx: &'a mut [f32])
        = pass_on_simd
);

/// Gives each channel's gradient to a pixel that has the maximum, and nothing to those behind it.
#[inline(always)]
fn pass_on_simd<'a, S: Simd>(
    _: S,
    xs: &'a [f32],
    ys: &'a [f32],
    rest: &'a mut [f32],
    dx: &'a mut [f32],
) {
    for (((x, y), rest), dx) in xs.iter().zip(ys).zip(rest).zip(dx) {
        let largest = x == y;
        *dx = if largest { *rest } else { 0. };
        *rest = if largest { 0. } else { *rest };
    }
}

impl CustomOp1 for Pool {
    fn name(&self) -> &'static str {
        "max-pool2d"
    }

    fn cpu_fwd(&self, xs: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (xs, len) = (values(xs, layout)?, self.h * self.w * self.c);
        let mut ys = vec![0.; xs.len() / len * self.out_len()];
        for (xs, ys) in xs.chunks_exact(len).zip(ys.chunks_exact_mut(self.out_len())) {
            self.forward(xs, ys);
        }
        let shape = (layout.dims()[0], self.h / self.size, self.w / self.size, self.c);
        Ok((CpuStorage::F32(ys), shape.into()))
    }

    fn bwd(&self, xs: &Tensor, ys: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        xs.apply_op3_no_bwd(ys, &grad.contiguous()?, &PoolGrad(*self)).map(Some)
    }
}

struct PoolGrad(Pool);

impl CustomOp3 for PoolGrad {
    fn name(&self) -> &'static str {
        "max-pool2d-grad"
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        xs_layout: &Layout,
        ys: &CpuStorage,
        ys_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Self(pool) = *self;
        let (xs, ys) = (values(xs, xs_layout)?, values(ys, ys_layout)?);
        let grad = values(grad, grad_layout)?;
        let (len, out_len) = (pool.h * pool.w * pool.c, pool.out_len());
        let (mut dx, mut rest) = (vec![0.; xs.len()], vec![0.; pool.c]);
        let outputs = ys.chunks_exact(out_len).zip(grad.chunks_exact(out_len));
        let images = xs.chunks_exact(len).zip(dx.chunks_exact_mut(len));
        for ((xs, dx), (ys, grad)) in images.zip(outputs) {
            pool.backward(xs, ys, grad, &mut rest, dx);
        }
        Ok((CpuStorage::F32(dx), xs_layout.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{check, numbers};
    use candle_core::{Device, Var};

    #[test]
    fn value_and_gradient_equal_the_plain_twins() -> Result<()> {
        for (shape, size) in [([3, 4, 4, 32], 2), ([1, 5, 7, 3], 2), ([2, 6, 3, 17], 3)] {
            let xs = numbers(&shape, 1)?;
            let vars = [xs.clone()];
            check(&vars, || max_pool2d(&xs, size), || plain(&xs, size), true)?;
        }
        Ok(())
    }

    #[test]
    fn the_first_of_equal_maxima_gets_the_gradient_and_not_a_number_passes() -> Result<()> {
        let xs = Var::new(&[[[[0f32], [2.]], [[2.], [1.]]]], &Device::Cpu)?;
        let ys = max_pool2d(&xs, 2)?;
        assert_eq!(ys.flatten_all()?.to_vec1::<f32>()?, [2.]);
        let grads = (ys * 5.)?.backward()?;
        let grad = grads.get(&xs).unwrap().flatten_all()?.to_vec1::<f32>()?;
        assert_eq!(grad, [0., 5., 0., 0.]);
        for place in 0..4 {
            let mut values = [1f32, 2., 3., 4.];
            values[place] = f32::NAN;
            let xs = Tensor::from_slice(&values, (1, 2, 2, 1), &Device::Cpu)?;
            assert!(max_pool2d(&xs, 2)?.flatten_all()?.to_vec1::<f32>()?[0].is_nan(), "{place}");
        }
        Ok(())
    }

    #[test]
    fn images_without_a_square_are_named() -> Result<()> {
        let error = max_pool2d(numbers(&[1, 2, 1, 3], 1)?.as_tensor(), 2).unwrap_err().to_string();
        assert!(error.contains("2 × 2 pixels or more, received [1, 2, 1, 3]"), "{error}");
        Ok(())
    }
}
