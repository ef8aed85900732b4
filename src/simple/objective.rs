//! The penalized loss of a linear model.

use std::ops::Range;

use rayon::prelude::*;

use super::cholesky::{Cholesky, Triangle, add, dot};
use super::linear::Linear;
use super::minimize::{Convex, minimize};
use super::rows::Rows;
use crate::simd::instructions;

/// The convex loss of each row.
pub(super) trait Loss: Sync {
    /// At least the largest second derivative by an output.
    const CURVATURE: f64;

    /// Returns the number of outputs.
    fn outputs(&self) -> usize;

    /// Returns the loss of a row and replaces its outputs by the derivatives.
    fn derive(&self, row: usize, outputs: &mut [f64]) -> f64;
}

/// Returns the linear functions with the least Σ loss + ½ Σ w² over the rows and the weights. The
/// intercepts are not penalized.
///
/// Where the gradient is zero, w is −Σ (∂ loss / ∂ output) x over the rows x. With more columns than rows,
/// the factor L of the products x xᵀ of the rows therefore stands for them: it has the same products, and
/// fewer columns.
pub(super) fn fit<T, L>(rows: Rows<'_, T>, loss: &L) -> Linear
where
    T: Copy + Into<f64> + Sync,
    L: Loss,
{
    let (count, width) = (rows.len(), rows.width());
    if width <= count {
        return Linear::new(width, Objective::new(rows, loss).minimum());
    }
    let factor = products_of_rows(&rows).cholesky().to_square();
    let narrow = Objective::new(Rows::unchecked(count, count, &factor), loss);
    let minimum = narrow.minimum();
    let mut outputs = vec![0.; loss.outputs()];
    let mut coefficients = vec![0.; loss.outputs() * (width + 1)];
    for ((row, short), (_, long)) in narrow.rows.range(0..count).zip(rows.range(0..count)) {
        narrow.outputs_of(short, &minimum, &mut outputs);
        loss.derive(row, &mut outputs);
        for (derivative, own) in outputs.iter().zip(coefficients.chunks_exact_mut(width + 1)) {
            add(&mut own[..width], -derivative, long);
        }
    }
    let intercepts = minimum.chunks_exact(count + 1).map(|own| own[count]);
    for (own, intercept) in coefficients.chunks_exact_mut(width + 1).zip(intercepts) {
        own[width] = intercept;
    }
    Linear::new(width, coefficients)
}

/// Σ loss + ½ Σ w² as a function of an output's weights and its intercept, output by output.
struct Objective<'a, T, L> {
    rows: Rows<'a, T>,
    loss: &'a L,
    /// An upper bound of the Hessian of an output.
    bound: Cholesky,
    /// The square root of its diagonal.
    scales: Vec<f64>,
    /// The length of the derivatives of all rows at the start.
    residual: f64,
}

impl<'a, T: Copy + Into<f64> + Sync, L: Loss> Objective<'a, T, L> {
    fn new(rows: Rows<'a, T>, loss: &'a L) -> Self {
        let size = rows.width() + 1;
        let mut bound = products_of_columns(&rows);
        for i in 0..size {
            let row = bound.row_mut(i);
            row.iter_mut().for_each(|x| *x *= L::CURVATURE);
            row[i] += penalty(i, size);
        }
        let scales = bound.diagonal().map(f64::sqrt).collect();
        let mut outputs = vec![0.; loss.outputs()];
        let mut squares = 0.;
        for row in 0..rows.len() {
            outputs.fill(0.);
            loss.derive(row, &mut outputs);
            squares += dot(&outputs, &outputs);
        }
        Self { rows, loss, bound: bound.cholesky(), scales, residual: squares.sqrt() }
    }

    fn minimum(&self) -> Vec<f64> {
        minimize(self, vec![0.; self.loss.outputs() * self.scales.len()])
    }

    /// Writes the outputs of a row.
    #[inline(always)]
    fn outputs_of(&self, inputs: &[T], at: &[f64], outputs: &mut [f64]) {
        let width = self.rows.width();
        for (output, own) in outputs.iter_mut().zip(at.chunks_exact(width + 1)) {
            *output = dot(&own[..width], inputs) + own[width];
        }
    }

    /// Returns the loss of some rows and its gradient.
    #[inline(always)]
    fn of_rows(&self, rows: Range<usize>, at: &[f64]) -> (f64, Vec<f64>) {
        let width = self.rows.width();
        let mut outputs = vec![0.; self.loss.outputs()];
        let (mut loss, mut gradient) = (0., vec![0.; at.len()]);
        for (row, inputs) in self.rows.range(rows) {
            self.outputs_of(inputs, at, &mut outputs);
            loss += self.loss.derive(row, &mut outputs);
            for (derivative, own) in outputs.iter().zip(gradient.chunks_exact_mut(width + 1)) {
                add(&mut own[..width], *derivative, inputs);
                own[width] += derivative;
            }
        }
        (loss, gradient)
    }
}

impl<T: Copy + Into<f64> + Sync, L: Loss> Convex for Objective<'_, T, L> {
    fn value(&self, at: &[f64], gradient: &mut [f64]) -> f64 {
        let size = self.scales.len();
        gradient.fill(0.);
        let mut value = 0.;
        for (loss, own) in in_parts(self.rows.len(), |rows| self.of_rows(rows, at)) {
            value += loss;
            add(gradient, 1., &own);
        }
        for (i, (gradient, x)) in gradient.iter_mut().zip(at).enumerate() {
            let penalty = penalty(i % size, size);
            *gradient += penalty * x;
            value += penalty * x * x / 2.;
        }
        value
    }

    fn precondition(&self, vector: &mut [f64]) {
        vector.chunks_exact_mut(self.scales.len()).for_each(|own| self.bound.solve(own));
    }

    fn is_zero(&self, gradient: &[f64]) -> bool {
        let tolerance = 1e-12 * self.residual;
        let mut pairs = gradient.iter().zip(self.scales.iter().cycle());
        pairs.all(|(gradient, scale)| gradient.abs() <= tolerance * scale)
    }
}

/// Returns the penalty of a coefficient: 1 of a weight, 0 of the intercept, which is the last.
fn penalty(coefficient: usize, size: usize) -> f64 {
    if coefficient + 1 < size { 1. } else { 0. }
}

/// Returns Σ xᵀ x over the rows x, each with a 1 at its end.
fn products_of_columns<T: Copy + Into<f64> + Sync>(rows: &Rows<T>) -> Triangle {
    let size = rows.width() + 1;
    let parts = in_parts(rows.len(), |part| {
        let mut sums = Triangle::zeros(size);
        // four rows at once, because the sums are what takes the time to load and to store
        let mut four = vec![0.; 4 * size];
        for start in part.clone().step_by(4) {
            four.fill(0.);
            let own = start..part.end.min(start + 4);
            for ((_, inputs), row) in rows.range(own).zip(four.chunks_exact_mut(size)) {
                row.iter_mut().zip(inputs).for_each(|(own, x)| *own = (*x).into());
                row[size - 1] = 1.;
            }
            sums.add_products(&four);
        }
        sums
    });
    let mut sums = Triangle::zeros(size);
    parts.iter().for_each(|part| sums.add(part));
    sums
}

/// Returns the products x xᵀ of any two rows.
fn products_of_rows<T: Copy + Into<f64> + Sync>(rows: &Rows<T>) -> Triangle {
    let mut products = Triangle::zeros(rows.len());
    for (i, own) in rows.range(0..rows.len()) {
        let own: Vec<f64> = own.iter().map(|x| (*x).into()).collect();
        for (product, (_, other)) in products.row_mut(i).iter_mut().zip(rows.range(0..i + 1)) {
            *product = dot(&own, other);
        }
    }
    products
}

/// The fewest rows that a thread of its own pays for, and the most parts: sums have an order that
/// depends on the number of rows alone.
const PART: usize = 4096;
const PARTS: usize = 16;

/// Computes something of ranges that cover all rows, and returns the results in order.
fn in_parts<S: Send>(rows: usize, of: impl Fn(Range<usize>) -> S + Sync) -> Vec<S> {
    let size = PART.max(rows.div_ceil(PARTS));
    let of = |rows: Range<usize>| instructions().dispatch(|| of(rows));
    match rows.div_ceil(size) {
        0 | 1 => vec![of(0..rows)],
        parts => {
            let range = |part| part * size..rows.min((part + 1) * size);
            (0..parts).into_par_iter().map(|part| of(range(part))).collect()
        }
    }
}
