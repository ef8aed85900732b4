//! The maximum of each square of pixels, with its gradient.
//!
//! Channels last, as [`conv2d`](super::conv2d): vectors run over the channels. NaN stays NaN.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor, bail};
use pulp::Simd;

use super::cpu::{is_fused, values};
use super::no_grad::is_no_grad;
use super::room::Room;
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
    let pool = Pool::new(xs.dims(), size)?;
    if !is_fused(&[xs]) {
        return plain(xs, size);
    }
    let xs = xs.contiguous()?;
    if is_no_grad() { xs.apply_op1_no_bwd(&pool) } else { xs.apply_op1(pool) }
}

/// The twin of the fused op, which gives the gradient to each of equal maxima. Not Candle's own pooling,
/// whose gradient is `size²` times too small, and goes astray where squares do not cover the image.
fn plain(xs: &Tensor, size: usize) -> Result<Tensor> {
    let (n, h, w, c) = xs.dims4()?;
    let (rows, columns) = (h / size, w / size);
    let xs = xs.narrow(1, 0, rows * size)?.narrow(2, 0, columns * size)?;
    xs.reshape(&[n, rows, size, columns, size, c][..])?.max(4)?.max(2)
}

/// The extents of a pooling.
#[derive(Clone, Copy)]
pub(super) struct Pool {
    size: usize,
    h: usize,
    w: usize,
    c: usize,
}

impl Pool {
    pub fn new(dims: &[usize], size: usize) -> Result<Self> {
        match *dims {
            [_, h, w, c] if size > 0 && h >= size && w >= size && c > 0 => {
                Ok(Self { size, h, w, c })
            }
            _ => bail!(
                "max-pooling expects images (N, H, W, C) of {size} × {size} pixels or more, received \
                 {dims:?}"
            ),
        }
    }

    /// Height and width of the result.
    pub fn out(self) -> [usize; 2] {
        [self.h / self.size, self.w / self.size]
    }

    /// (N, H, W, C) -> (N, H / size, W / size, C).
    pub fn maxima(self, xs: &[f32]) -> Room {
        let squares = self.squares();
        let mut ys = Room::new(xs.len() / self.len() * self.out_len());
        for (xs, ys) in xs.chunks_exact(self.len()).zip(ys.chunks_exact_mut(self.out_len())) {
            maxima(&squares, xs, ys);
        }
        ys
    }

    /// The gradient in the images from that in the maxima `ys`.
    pub fn gradient(self, xs: &[f32], ys: &[f32], grad: &[f32]) -> Room {
        let (squares, out_len) = (self.squares(), self.out_len());
        let (mut dx, mut rest) = (Room::zeros(xs.len()), Room::new(self.c));
        let maxima = ys.chunks_exact(out_len).zip(grad.chunks_exact(out_len));
        let images = xs.chunks_exact(self.len()).zip(dx.chunks_exact_mut(self.len()));
        for ((xs, dx), (ys, grad)) in images.zip(maxima) {
            pass_on(&squares, Image { xs, ys, grad }, &mut rest, dx);
        }
        dx
    }

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
        self.out().iter().product::<usize>() * self.c
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
fn maxima_simd<'a, S: Simd>(simd: S, squares: &'a Squares, xs: &'a [f32], ys: &'a mut [f32]) {
    for (corner, ys) in squares.corners.iter().zip(ys.chunks_exact_mut(squares.channels)) {
        ys.fill(f32::NEG_INFINITY);
        for pixel in &squares.pixels {
            let (xs, tail) = S::as_simd_f32s(&xs[corner + pixel..][..squares.channels]);
            let (ys, ys_tail) = S::as_mut_simd_f32s(ys);
            for (y, x) in ys.iter_mut().zip(xs) {
                *y = larger(simd, *y, *x);
            }
            let y = larger(simd, simd.partial_load_f32s(ys_tail), simd.partial_load_f32s(tail));
            simd.partial_store_f32s(ys_tail, y);
        }
    }
}

/// The larger of two numbers, NaN if one is.
#[inline(always)]
fn larger<S: Simd>(simd: S, y: S::f32s, x: S::f32s) -> S::f32s {
    // A NaN is not at most y, and nothing is larger than a NaN.
    let x = simd.select_f32s(simd.equal_f32s(y, y), x, y);
    simd.select_f32s(simd.less_than_or_equal_f32s(x, y), y, x)
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

/// Passes the gradient of each maximum to the first pixel that has it. `rest` is a buffer for one pixel: the gradient
/// that has not been passed on yet.
#[inline(always)]
fn pass_on_simd<'a, S: Simd>(
    simd: S,
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
            let (xs, xs_tail) = S::as_simd_f32s(&image.xs[place.clone()]);
            let (ys, ys_tail) = S::as_simd_f32s(ys);
            let (rest, rest_tail) = S::as_mut_simd_f32s(rest);
            let (dx, dx_tail) = S::as_mut_simd_f32s(&mut dx[place]);
            for (((x, y), rest), dx) in xs.iter().zip(ys).zip(rest).zip(dx) {
                (*dx, *rest) = give(simd, simd.equal_f32s(*x, *y), *rest);
            }
            let [x, y] = [simd.partial_load_f32s(xs_tail), simd.partial_load_f32s(ys_tail)];
            let (given, left) =
                give(simd, simd.equal_f32s(x, y), simd.partial_load_f32s(rest_tail));
            simd.partial_store_f32s(dx_tail, given);
            simd.partial_store_f32s(rest_tail, left);
        }
    }
}

/// Returns the gradient for pixels that equal the maximum, and the rest for the pixels after them.
#[inline(always)]
fn give<S: Simd>(simd: S, largest: S::m32s, rest: S::f32s) -> (S::f32s, S::f32s) {
    let zero = simd.splat_f32s(0.);
    (simd.select_f32s(largest, rest, zero), simd.select_f32s(largest, zero, rest))
}

impl CustomOp1 for Pool {
    fn name(&self) -> &'static str {
        "max-pool2d"
    }

    fn cpu_fwd(&self, xs: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let [height, width] = self.out();
        let ys = self.maxima(values(xs, layout)?);
        Ok((CpuStorage::F32(ys.to_vec()), (layout.dims()[0], height, width, self.c).into()))
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
        let (xs, ys) = (values(xs, xs_layout)?, values(ys, ys_layout)?);
        let dx = self.0.gradient(xs, ys, values(grad, grad_layout)?);
        Ok((CpuStorage::F32(dx.to_vec()), xs_layout.shape().clone()))
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
