//! Products of a few rows with small weights.
//!
//! All are made of two loops along the long side of the weights: a sum of scaled rows and a dot
//! product, of several rows at a time, so that the common one is read or written once. The order
//! of every sum is fixed: a row's result depends neither on the other rows nor on how many there
//! are.
//!
//! Arrays are filled in loops and not by closures, which would be compiled without the vector
//! instructions that `pulp` chose.

use pulp::Simd;

use super::lines::Line;

/// Rows that a loop takes together.
pub const GROUP: usize = 4;

/// ys = Σ scales[i] · rows[i] in the order of i, added to ys without `SET`, rectified at the end
/// with `RELU`, for R rows ys at once. There is at least one row to sum.
///
/// # Shapes
/// `scales` R times the number of rows; `rows` all of one length, `ys` R of that length.
#[inline(always)]
pub fn sum_scaled<S: Simd, const SET: bool, const RELU: bool, const R: usize>(
    simd: S,
    scales: [&[f32]; R],
    rows: &[Line],
    ys: &mut [Line],
) {
    let count = scales[0].len();
    let len = ys.len() / R;
    if count <= GROUP {
        sum_few::<S, SET, RELU, R>(simd, scales, 0, rows, ys);
        return;
    }
    sum_few::<S, SET, false, R>(simd, scales, 0, &rows[..GROUP * len], ys);
    let mut first = GROUP;
    while count - first > GROUP {
        let group = &rows[first * len..][..GROUP * len];
        sum_few::<S, false, false, R>(simd, scales, first, group, ys);
        first += GROUP;
    }
    sum_few::<S, false, RELU, R>(simd, scales, first, &rows[first * len..], ys);
}

/// [`sum_scaled`] for at most [`GROUP`] rows, whose scales begin at `first`.
#[inline(always)]
fn sum_few<S: Simd, const SET: bool, const RELU: bool, const R: usize>(
    simd: S,
    scales: [&[f32]; R],
    first: usize,
    rows: &[Line],
    ys: &mut [Line],
) {
    match scales[0].len() - first {
        1 => sum_group::<S, SET, RELU, R, 1>(simd, scales, first, rows, ys),
        2 => sum_group::<S, SET, RELU, R, 2>(simd, scales, first, rows, ys),
        3 => sum_group::<S, SET, RELU, R, 3>(simd, scales, first, rows, ys),
        _ => sum_group::<S, SET, RELU, R, GROUP>(simd, scales, first, rows, ys),
    }
}

#[inline(always)]
fn sum_group<S: Simd, const SET: bool, const RELU: bool, const R: usize, const P: usize>(
    simd: S,
    scales: [&[f32]; R],
    first: usize,
    rows: &[Line],
    ys: &mut [Line],
) {
    let len = ys.len() / R;
    let mut rows_of = [rows; P];
    for p in 0..P {
        rows_of[p] = &rows[p * len..][..len];
    }
    let mut splats = [[simd.splat_f32s(0.); P]; R];
    for r in 0..R {
        for p in 0..P {
            splats[r][p] = simd.splat_f32s(scales[r][first + p]);
        }
    }
    for j in 0..len {
        for v in 0..Line::LEN / S::F32_LANES {
            let mut xs = [simd.splat_f32s(0.); P];
            for p in 0..P {
                xs[p] = vectors::<S>(&rows_of[p][j])[v];
            }
            for r in 0..R {
                let y = &mut vectors_mut::<S>(&mut ys[r * len + j])[v];
                let mut sum = if SET { simd.splat_f32s(0.) } else { *y };
                for p in 0..P {
                    sum = simd.mul_add_f32s(splats[r][p], xs[p], sum);
                }
                *y = if RELU { rectified(simd, sum) } else { sum };
            }
        }
    }
}

/// max(x, 0), where NaN stays NaN: it must reach the loss, which stops the replica.
#[inline(always)]
fn rectified<S: Simd>(simd: S, xs: S::f32s) -> S::f32s {
    // In this order: x86 gives the second operand where one is NaN.
    simd.max_f32s(simd.splat_f32s(0.), xs)
}

#[inline(always)]
fn vectors<S: Simd>(line: &Line) -> &[S::f32s] {
    S::as_simd_f32s(&line.0).0
}

#[inline(always)]
fn vectors_mut<S: Simd>(line: &mut Line) -> &mut [S::f32s] {
    S::as_mut_simd_f32s(&mut line.0).0
}

/// The dot product of a vector with each of the rows.
#[inline(always)]
pub fn dots<S: Simd>(simd: S, rows: &[Line], vector: &[Line], mut put: impl FnMut(usize, f32)) {
    let len = vector.len();
    let groups = rows.len() / (GROUP * len);
    for group in 0..groups {
        let sums = dot_group::<S, GROUP>(simd, &rows[group * GROUP * len..], vector);
        for (p, sum) in sums.into_iter().enumerate() {
            put(group * GROUP + p, sum);
        }
    }
    for row in groups * GROUP..rows.len() / len {
        let [sum] = dot_group::<S, 1>(simd, &rows[row * len..], vector);
        put(row, sum);
    }
}

#[inline(always)]
fn dot_group<S: Simd, const P: usize>(simd: S, rows: &[Line], vector: &[Line]) -> [f32; P] {
    let len = vector.len();
    let mut parts = [rows; P];
    for p in 0..P {
        parts[p] = &rows[p * len..][..len];
    }
    let mut sums = [simd.splat_f32s(0.); P];
    for (j, line) in vector.iter().enumerate() {
        for (v, y) in vectors::<S>(line).iter().enumerate() {
            for p in 0..P {
                sums[p] = simd.mul_add_f32s(vectors::<S>(&parts[p][j])[v], *y, sums[p]);
            }
        }
    }
    let mut totals = [0.; P];
    for p in 0..P {
        totals[p] = simd.reduce_sum_f32s(sums[p]);
    }
    totals
}

/// ys = ys + stddev · normals for one row, rectified with `RELU`.
#[inline(always)]
pub fn add_noise<S: Simd, const RELU: bool>(
    simd: S,
    stddev: f32,
    normals: &[f32],
    ys: &mut [Line],
) {
    let (whole, tail) = normals.as_chunks::<{ Line::LEN }>();
    let spread = simd.splat_f32s(stddev);
    for (y, z) in ys.iter_mut().zip(whole) {
        for (y, z) in vectors_mut::<S>(y).iter_mut().zip(S::as_simd_f32s(z).0) {
            let sum = simd.mul_add_f32s(spread, *z, *y);
            *y = if RELU { rectified(simd, sum) } else { sum };
        }
    }
    if let (Some(y), false) = (ys.last_mut(), tail.is_empty()) {
        for (y, z) in y.0.iter_mut().zip(tail) {
            let sum = stddev.mul_add(*z, *y);
            *y = if RELU && sum <= 0. { 0. } else { sum };
        }
    }
}

/// The gradient where the rectifier let its input pass, 0 elsewhere.
#[inline(always)]
pub fn pass_gate<S: Simd>(simd: S, gates: &[Line], grad: &mut [Line]) {
    let zero = simd.splat_f32s(0.);
    for (grad, gate) in grad.iter_mut().zip(gates) {
        for (grad, gate) in vectors_mut::<S>(grad).iter_mut().zip(vectors::<S>(gate)) {
            *grad = simd.select_f32s(simd.greater_than_f32s(*gate, zero), *grad, zero);
        }
    }
}
