//! The loops of thin layers.
//!
//! With few inputs or one output all products are sums of scaled vectors, or dot products, along
//! the long side. The order of each sum is fixed, whatever the width of the vectors.

use pulp::{Arch, Simd};

use super::Sizes;

#[pulp::with_simd(products = Arch::new())]
#[inline(always)]
pub(super) fn products_simd<'a, S: Simd>(
    _: S,
    sizes: Sizes,
    xs: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    ys: &'a mut Vec<f32>,
) {
    let Sizes { inputs, outputs, .. } = sizes;
    for r in 0..sizes.replicas {
        let weight = sizes.weight_of(r, weight);
        let bias = &bias[r * outputs..][..outputs];
        for x in sizes.batch_of(r, xs).chunks_exact(inputs) {
            if outputs == 1 {
                ys.push(bias[0] + dot(x, weight));
            } else {
                let start = ys.len();
                ys.extend_from_slice(bias);
                for (x, weight) in x.iter().zip(weight.chunks_exact(outputs)) {
                    add_scaled(*x, weight, &mut ys[start..]);
                }
            }
        }
    }
}

#[pulp::with_simd(weight_grad = Arch::new())]
#[inline(always)]
pub(super) fn weight_grad_simd<'a, S: Simd>(
    _: S,
    sizes: Sizes,
    xs: &'a [f32],
    grad: &'a [f32],
    dw: &'a mut [f32],
) {
    let Sizes { inputs, outputs, .. } = sizes;
    for (r, dw) in dw.chunks_exact_mut(inputs * outputs).enumerate() {
        let xs = sizes.batch_of(r, xs).chunks_exact(inputs);
        for (x, g) in xs.zip(sizes.grad_of(r, grad).chunks_exact(outputs)) {
            if outputs == 1 {
                add_scaled(g[0], x, dw);
            } else {
                for (x, dw) in x.iter().zip(dw.chunks_exact_mut(outputs)) {
                    add_scaled(*x, g, dw);
                }
            }
        }
    }
}

#[pulp::with_simd(bias_grad = Arch::new())]
#[inline(always)]
pub(super) fn bias_grad_simd<'a, S: Simd>(_: S, sizes: Sizes, grad: &'a [f32], db: &'a mut [f32]) {
    for (r, db) in db.chunks_exact_mut(sizes.outputs).enumerate() {
        for g in sizes.grad_of(r, grad).chunks_exact(sizes.outputs) {
            for (db, g) in db.iter_mut().zip(g) {
                *db += g;
            }
        }
    }
}

#[pulp::with_simd(input_grad = Arch::new())]
#[inline(always)]
pub(super) fn input_grad_simd<'a, S: Simd>(
    _: S,
    sizes: Sizes,
    grad: &'a [f32],
    weight: &'a [f32],
    dx: &'a mut [f32],
) {
    let Sizes { inputs, outputs, .. } = sizes;
    let batch_len = sizes.batch * inputs;
    for r in 0..sizes.replicas {
        let weight = sizes.weight_of(r, weight);
        let grad = sizes.grad_of(r, grad).chunks_exact(outputs);
        let start = if sizes.shared { 0 } else { r * batch_len };
        for (g, dx) in grad.zip(dx[start..][..batch_len].chunks_exact_mut(inputs)) {
            if outputs == 1 {
                add_scaled(g[0], weight, dx);
            } else {
                for (dx, weight) in dx.iter_mut().zip(weight.chunks_exact(outputs)) {
                    *dx += dot(g, weight);
                }
            }
        }
    }
}

impl Sizes {
    /// Replica r's rows of `xs`.
    #[inline(always)]
    fn batch_of<'a>(&self, r: usize, xs: &'a [f32]) -> &'a [f32] {
        let len = self.batch * self.inputs;
        &xs[if self.shared { 0 } else { r * len }..][..len]
    }

    /// Replica r's weights.
    #[inline(always)]
    fn weight_of<'a>(&self, r: usize, weight: &'a [f32]) -> &'a [f32] {
        let len = self.inputs * self.outputs;
        &weight[r * len..][..len]
    }

    /// Replica r's rows of the result's gradient.
    #[inline(always)]
    fn grad_of<'a>(&self, r: usize, grad: &'a [f32]) -> &'a [f32] {
        let len = self.batch * self.outputs;
        &grad[r * len..][..len]
    }
}

/// ys += scale · xs.
#[inline(always)]
fn add_scaled(scale: f32, xs: &[f32], ys: &mut [f32]) {
    for (y, x) in ys.iter_mut().zip(xs) {
        *y = scale.mul_add(*x, *y);
    }
}

/// Sum of products in 64 partial sums, which are then added by halves.
#[inline(always)]
fn dot(xs: &[f32], ys: &[f32]) -> f32 {
    const LANES: usize = 64;
    let mut sums = [0f32; LANES];
    let (xs, xs_tail) = xs.as_chunks::<LANES>();
    let (ys, ys_tail) = ys.as_chunks::<LANES>();
    for (x, y) in xs.iter().zip(ys) {
        for lane in 0..LANES {
            sums[lane] = x[lane].mul_add(y[lane], sums[lane]);
        }
    }
    for (sum, (x, y)) in sums.iter_mut().zip(xs_tail.iter().zip(ys_tail)) {
        *sum = x.mul_add(*y, *sum);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
    }
    sums[0]
}
