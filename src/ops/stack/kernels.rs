//! The loops of a stack, in vectors of whatever width the CPU has.
//!
//! The order of every sum is fixed: a row's result depends neither on the other rows nor on how
//! many there are. Arrays are filled in loops and not by closures, which would be compiled without
//! the vector instructions that `pulp` chose.

use bytemuck::{cast_slice, cast_slice_mut};
use pulp::Simd;

use super::lines::Line;
use crate::simd::vectorized;

/// Rows that a loop takes together, so that what they share is read once.
const GROUP: usize = 4;

/// The factors of a [`product`]: that of row r and term k is float `r * row_step + k * term_step`.
#[derive(Clone, Copy)]
pub struct Factors<'a> {
    pub values: &'a [Line],
    pub row_step: usize,
    pub term_step: usize,
}

/// What a [`product`] does with its sums.
#[derive(Clone, Copy)]
pub enum Put<'a> {
    /// Replaces what was there.
    Set,
    /// Replaces it by the larger of the sum and 0.
    Rectify,
    /// Replaces it by the sum where the gate is above 0, and by 0 elsewhere: the gradient below a
    /// rectifier.
    Gate(&'a [Line]),
    /// Adds to it.
    Add,
}

vectorized!(
    pub(super) fn product<'a>(
        factors: Factors<'a>,
        rows: &'a [Line],
        terms: usize,
        put: Put<'a>,
        ys: &'a mut [Line]
    ) = product_simd
);

/// ys[r] = Σ factors(r, k) · rows[k], in the order of k.
///
/// # Shapes
/// `rows` are `terms` ≥ 1 rows of one length, `ys` as many rows of that length as there are sums.
#[inline(always)]
fn product_simd<'a, S: Simd>(
    simd: S,
    factors: Factors<'a>,
    rows: &'a [Line],
    terms: usize,
    put: Put<'a>,
    ys: &'a mut [Line],
) {
    let len = rows.len() / terms;
    for (group, ys) in ys.chunks_mut(GROUP * len).enumerate() {
        let first = group * GROUP;
        match ys.len() / len {
            1 => product_rows::<S, 1>(simd, factors, first, rows, terms, put, ys),
            2 => product_rows::<S, 2>(simd, factors, first, rows, terms, put, ys),
            3 => product_rows::<S, 3>(simd, factors, first, rows, terms, put, ys),
            _ => product_rows::<S, GROUP>(simd, factors, first, rows, terms, put, ys),
        }
    }
}

/// R rows of a product from row `first` on.
#[inline(always)]
fn product_rows<S: Simd, const R: usize>(
    simd: S,
    factors: Factors<'_>,
    first: usize,
    rows: &[Line],
    terms: usize,
    put: Put<'_>,
    ys: &mut [Line],
) {
    let len = rows.len() / terms;
    for done in (0..terms).step_by(GROUP) {
        let count = GROUP.min(terms - done);
        let rows = &rows[done * len..][..count * len];
        let begin = if done > 0 { Put::Add } else { put };
        let end = if done + count < terms { Put::Add } else { put };
        // Unrolled: the tutorial's first layer has three terms, two inputs and the bias.
        match count {
            1 => sum_terms::<S, R, 1>(simd, factors, first, done, rows, [begin, end], ys),
            2 => sum_terms::<S, R, 2>(simd, factors, first, done, rows, [begin, end], ys),
            3 => sum_terms::<S, R, 3>(simd, factors, first, done, rows, [begin, end], ys),
            _ => sum_terms::<S, R, GROUP>(simd, factors, first, done, rows, [begin, end], ys),
        }
    }
}

/// T terms, from term `done` on, of R rows of a product, from row `first` on.
#[inline(always)]
fn sum_terms<S: Simd, const R: usize, const T: usize>(
    simd: S,
    factors: Factors<'_>,
    first: usize,
    done: usize,
    rows: &[Line],
    [begin, end]: [Put<'_>; 2],
    ys: &mut [Line],
) {
    let (values, zero) = (cast_slice::<Line, f32>(factors.values), simd.splat_f32s(0.));
    let mut scales = [[zero; T]; R];
    for (r, scales) in scales.iter_mut().enumerate() {
        for (t, scale) in scales.iter_mut().enumerate() {
            let i = (first + r) * factors.row_step + (done + t) * factors.term_step;
            *scale = simd.splat_f32s(values[i]);
        }
    }
    let (rows, ys) = (vectors::<S>(rows), vectors_mut::<S>(ys));
    let len = ys.len() / R;
    let xs: [_; T] = parts(rows, len);
    let gates: [_; R] = match end {
        Put::Gate(gates) => parts(&vectors::<S>(gates)[first * len..], len),
        _ => [&[][..]; R],
    };
    let ys: [_; R] = parts_mut(ys, len);
    for j in 0..len {
        let mut sums = [zero; R];
        if let Put::Add = begin {
            for r in 0..R {
                sums[r] = ys[r][j];
            }
        }
        for t in 0..T {
            for r in 0..R {
                sums[r] = simd.mul_add_f32s(scales[r][t], xs[t][j], sums[r]);
            }
        }
        if let Put::Rectify = end {
            for sum in &mut sums {
                *sum = at_least(simd, zero, *sum);
            }
        } else if let Put::Gate(_) = end {
            for r in 0..R {
                let open = simd.greater_than_f32s(gates[r][j], zero);
                sums[r] = simd.select_f32s(open, sums[r], zero);
            }
        }
        for r in 0..R {
            ys[r][j] = sums[r];
        }
    }
}

/// The first N pieces of a length.
#[inline(always)]
fn parts<T, const N: usize>(values: &[T], len: usize) -> [&[T]; N] {
    let mut parts = [values; N];
    for n in 0..N {
        parts[n] = &values[n * len..][..len];
    }
    parts
}

/// As [`parts`], to be written.
#[inline(always)]
fn parts_mut<T, const N: usize>(values: &mut [T], len: usize) -> [&mut [T]; N] {
    let mut pieces = values.chunks_exact_mut(len);
    std::array::from_fn(|_| &mut pieces.next().unwrap_or_default()[..len])
}

/// max(floor, x), where NaN stays NaN: it must reach the loss, which stops the replica.
#[inline(always)]
fn at_least<S: Simd>(simd: S, floor: S::f32s, xs: S::f32s) -> S::f32s {
    if S::F32_LANES > 1 {
        // x86 gives the second operand where one is NaN, and others give NaN.
        simd.max_f32s(floor, xs)
    } else {
        simd.select_f32s(simd.greater_than_f32s(floor, xs), floor, xs)
    }
}

#[inline(always)]
fn vectors<S: Simd>(lines: &[Line]) -> &[S::f32s] {
    S::as_simd_f32s(cast_slice(lines)).0
}

#[inline(always)]
fn vectors_mut<S: Simd>(lines: &mut [Line]) -> &mut [S::f32s] {
    S::as_mut_simd_f32s(cast_slice_mut(lines)).0
}

vectorized!(
    pub(super) fn dots<'a>(rows: &'a [Line], vector: &'a [Line], sums: &'a mut [f32])
        = dots_simd
);

/// The dot product of a vector with each of the rows.
#[inline(always)]
fn dots_simd<'a, S: Simd>(simd: S, rows: &'a [Line], vector: &'a [Line], sums: &'a mut [f32]) {
    let len = vector.len();
    for (rows, sums) in rows.chunks(GROUP * len).zip(sums.chunks_mut(GROUP)) {
        if sums.len() == GROUP {
            dot_group::<S, GROUP>(simd, rows, vector, sums);
            continue;
        }
        for (row, sum) in rows.chunks_exact(len).zip(sums.chunks_mut(1)) {
            dot_group::<S, 1>(simd, row, vector, sum);
        }
    }
}

/// Each sum has sixteen partial sums, one for each place of a line, whatever the width of the
/// vectors: its bits do not depend on the CPU.
#[inline(always)]
fn dot_group<S: Simd, const R: usize>(simd: S, rows: &[Line], vector: &[Line], sums: &mut [f32]) {
    let (rows, vector) = (vectors::<S>(rows), vectors::<S>(vector));
    let parts: [_; R] = parts(rows, vector.len());
    let width = Line::LEN / S::F32_LANES;
    let mut totals = [[simd.splat_f32s(0.); Line::LEN]; R];
    for j in (0..vector.len()).step_by(width) {
        for v in 0..width {
            for r in 0..R {
                totals[r][v] = simd.mul_add_f32s(parts[r][j + v], vector[j + v], totals[r][v]);
            }
        }
    }
    for r in 0..R {
        sums[r] = sum_line(simd, &mut totals[r], width);
    }
}

/// The sum of the first `width` vectors, a line in all, by halves: 16 sums become 8, 4, 2 and 1.
#[inline(always)]
fn sum_line<S: Simd>(simd: S, line: &mut [S::f32s; Line::LEN], width: usize) -> f32 {
    let mut count = width;
    while count > 1 {
        count /= 2;
        for v in 0..count {
            line[v] = simd.add_f32s(line[v], line[v + count]);
        }
    }
    match *cast_slice::<S::f32s, f32>(&line[..1]) {
        // ARM's own sum of a vector has another order.
        [a, b, c, d] => (a + c) + (b + d),
        _ => simd.reduce_sum_f32s(line[0]),
    }
}

vectorized!(
    pub(super) fn add_noise<'a>(
        stddev: f32,
        normals: &'a [f32],
        width: usize,
        rectify: bool,
        ys: &'a mut [Line]
    ) = add_noise_simd
);

/// ys = ys + stddev · normals, then the larger of the sum and 0 with `rectify`.
///
/// # Shapes
/// `normals` are rows of `width`, `ys` the same rows in lines.
#[inline(always)]
fn add_noise_simd<'a, S: Simd>(
    simd: S,
    stddev: f32,
    normals: &'a [f32],
    width: usize,
    rectify: bool,
    ys: &'a mut [Line],
) {
    let least = if rectify { 0. } else { f32::NEG_INFINITY };
    let (spread, floor) = (simd.splat_f32s(stddev), simd.splat_f32s(least));
    let rows = ys.chunks_exact_mut(Line::count(width)).zip(normals.chunks_exact(width));
    for (ys, normals) in rows {
        let (whole, tail) = normals.as_chunks::<{ Line::LEN }>();
        let zs = S::as_simd_f32s(whole.as_flattened()).0;
        for (y, z) in vectors_mut::<S>(&mut ys[..whole.len()]).iter_mut().zip(zs) {
            *y = at_least(simd, floor, simd.mul_add_f32s(spread, *z, *y));
        }
        for (y, z) in ys[whole.len()].0.iter_mut().zip(tail) {
            let sum = stddev.mul_add(*z, *y);
            *y = if sum < least { least } else { sum };
        }
    }
}
