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
    fn squares(self) -> Squares {
        let Self { size, h, w, c } = self;
        let grid = |rows: usize, columns: usize, step: usize| -> Vec<usize> {
            let row = |i| (0..columns).map(move |j| (i * w + j) * step * c);
            (0..rows).flat_map(row).collect()
        };
        Squares {
            corners: grid(h / size, w / size, size),
            pixels: grid(size, size, 1),
            channels: c,
        }
    }

    fn len(self) -> usize {
        self.h * self.w * self.c
    }

    fn out_len(self) -> usize {
        (self.h / self.size) * (self.w / self.size) * self.c
    }
}

/// The squares of an image.
struct Squares {
    /// Where each square begins.
    corners: Vec<usize>,
    /// How far the pixels of a square are from its beginning, row by row.
    pixels: Vec<usize>,
    channels: usize,
}

vectorized!(
    fn maxima<'a>(squares: &'a Squares, xs: &'a [f32], ys: &'a mut [f32]) = maxima_simd
);

/// The maxima of one image.
#[inline(always)]
fn maxima_simd<'a, S: Simd>(_: S, squares: &'a Squares, xs: &'a [f32], ys: &'a mut [f32]) {
    for (corner, ys) in squares.corners.iter().zip(ys.chunks_exact_mut(squares.channels)) {
        ys.fill(f32::NEG_INFINITY);
        for pixel in &squares.pixels {
            let xs = &xs[corner + pixel..][..squares.channels];
            for (y, &x) in ys.iter_mut().zip(xs) {
                // A NaN is not at most y, and nothing is larger than a NaN.
                *y = if x <= *y || y.is_nan() { *y } else { x };
            }
        }
    }
}

/// An image, its maxima and their gradient.
#[derive(Clone, Copy)]
struct Image<'a> {
    xs: &'a [f32],
    ys: &'a [f32],
    grad: &'a [f32],
}

vectorized!(
    fn pass_on<'a>(
        squares: &'a Squares,
        image: Image<'a>,
        rest: &'a mut [f32],
        dx: &'a mut [f32]
    ) = pass_on_simd
);

/// Gives the gradient of each maximum to the first pixel that has it. `rest` is room for a pixel: what is not yet given.
#[inline(always)]
fn pass_on_simd<'a, S: Simd>(
    _: S,
    squares: &'a Squares,
    image: Image<'a>,
    rest: &'a mut [f32],
    dx: &'a mut [f32],
) {
    let channels = squares.channels;
    let maxima = image.ys.chunks_exact(channels).zip(image.grad.chunks_exact(channels));
    for (corner, (ys, grad)) in squares.corners.iter().zip(maxima) {
        rest.copy_from_slice(grad);
        for pixel in &squares.pixels {
            let place = corner + pixel..corner + pixel + channels;
            let (xs, dx) = (&image.xs[place.clone()], &mut dx[place]);
            for (((x, y), rest), dx) in xs.iter().zip(ys).zip(&mut *rest).zip(dx) {
                let largest = x == y;
                *dx = if largest { *rest } else { 0. };
                *rest = if largest { 0. } else { *rest };
            }
        }
    }
}

impl CustomOp1 for Pool {
    fn name(&self) -> &'static str {
        "max-pool2d"
    }

    fn cpu_fwd(&self, xs: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (xs, squares) = (values(xs, layout)?, self.squares());
        let mut ys = vec![0.; xs.len() / self.len() * self.out_len()];
        for (xs, ys) in xs.chunks_exact(self.len()).zip(ys.chunks_exact_mut(self.out_len())) {
            maxima(&squares, xs, ys);
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
        let (squares, len, out_len) = (pool.squares(), pool.len(), pool.out_len());
        let (mut dx, mut rest) = (vec![0.; xs.len()], vec![0.; pool.c]);
        let outputs = ys.chunks_exact(out_len).zip(grad.chunks_exact(out_len));
        let images = xs.chunks_exact(len).zip(dx.chunks_exact_mut(len));
        for ((xs, dx), (ys, grad)) in images.zip(outputs) {
            pass_on(&squares, Image { xs, ys, grad }, &mut rest, dx);
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
