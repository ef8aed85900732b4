//! The functions of the logistic loss and of gates, in fused multiply-adds and IEEE operations only: they
//! become vectors, and give the same bits on every CPU, which the C library's do not.
//!
//! To be called in functions that [`vectorized`](crate::simd::vectorized) compiles, as the other loops of the ops.

use crate::rng::polynomial;

/// Both for the kernels.
#[cfg(feature = "cuda")]
pub(super) const CUDA_SOURCE: &str = include_str!("logistic.cuh");

/// Taylor's series of (exp r − 1) / r, whose next term is below 2e-8 for |r| ≤ ln 2 / 2. Highest power
/// first.
const EXP_M1: [f32; 7] = [1. / 5040., 1. / 720., 1. / 120., 1. / 24., 1. / 6., 1. / 2., 1.];

/// x = n ln 2 + r, n an integer and |r| ≤ ln 2 / 2, as (r, 2ⁿ), for −87 ≤ x ≤ 0; what is less counts as
/// −87, and NaN stays NaN.
#[inline(always)]
fn reduced(x: f32) -> (f32, f32) {
    // ln 2 in two parts: n times the first has no rounding.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    // Here a float has no fraction: the sum rounds to an integer, held in the low bits.
    const ROUND: f32 = 1.5 * (1 << 23) as f32;
    const LOWEST: f32 = -87.;
    // Not `max`, which would hide NaN.
    let x = if x < LOWEST { LOWEST } else { x };
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LN_2[1], n.mul_add(-LN_2[0], x));
    let power = (rounded.to_bits() << 23).wrapping_add(1f32.to_bits());
    (r, f32::from_bits(power))
}

/// exp(−|z|), within 2e-7 of its value; NaN for NaN. Below 87 it stays where it is, at 1.6e-38.
///
/// With −|z| = n ln 2 + r: exp(−|z|) = 2ⁿ exp r.
#[inline(always)]
pub fn exp_neg_abs(z: f32) -> f32 {
    let (r, power) = reduced(-z.abs());
    polynomial(EXP_M1, r).mul_add(r, 1.) * power
}

/// 1 / (1 + exp(−z)), within 4e-7 of its value; NaN for NaN.
#[inline(always)]
pub fn sigmoid(z: f32) -> f32 {
    let t = exp_neg_abs(z);
    let upper = 1. / (1. + t);
    if z < 0. { t * upper } else { upper }
}

/// tanh z, within 4e-7 of its value; NaN for NaN.
///
/// With m = exp(−2|z|) − 1 = 2ⁿ (exp r − 1) + (2ⁿ − 1), which loses no digits near 0:
/// tanh |z| = −m / (2 + m).
#[inline(always)]
pub fn tanh(z: f32) -> f32 {
    let (r, power) = reduced(-2. * z.abs());
    let m = power.mul_add(polynomial(EXP_M1, r) * r, power - 1.);
    (-m / (2. + m)).copysign(z)
}

/// ln(1 + t) for t in [0, 1], within 2e-7 of its value; NaN for NaN.
///
/// ln(1 + t) = 2 artanh s with s = t / (2 + t) ≤ 1/3.
#[inline(always)]
pub fn ln_1p(t: f32) -> f32 {
    // artanh(s) / s in powers of s²: the next term is below 2e-8 of the sum. Highest power first.
    const ARTANH: [f32; 7] = [1. / 13., 1. / 11., 1. / 9., 1. / 7., 1. / 5., 1. / 3., 1.];
    let s = t / (2. + t);
    2. * s * polynomial(ARTANH, s * s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_within_their_error_everywhere() {
        let relative = |found: f32, expected: f64| (f64::from(found) / expected - 1.).abs();
        for i in 1..80_000 {
            let z = i as f32 * 1e-3;
            for z in [z, -z, z * 1e-4, -z * 1e-4] {
                let wide = f64::from(z);
                let (found, expected) = (sigmoid(z), 1. / (1. + (-wide).exp()));
                assert!(relative(found, expected) < 4e-7, "sigmoid({z}) is not {found}");
                assert!(relative(tanh(z), wide.tanh()) < 4e-7, "tanh({z}) is not {}", tanh(z));
            }
        }
        assert_eq!((sigmoid(0.), tanh(0.), tanh(1e9), tanh(-1e9)), (0.5, 0., 1., -1.));
        assert!(sigmoid(1e9) == 1. && sigmoid(-1e9) < 1e-30);
        assert!(sigmoid(f32::NAN).is_nan() && tanh(f32::NAN).is_nan());
    }

    /// Against double precision, from 0 to where nothing changes any more, and at the ends.
    #[test]
    fn both_are_within_their_error_everywhere() {
        let relative = |found: f32, expected: f64| (f64::from(found) / expected - 1.).abs();
        for i in 0..87_000 {
            let z = i as f32 * 1e-3;
            let (found, expected) = (exp_neg_abs(z), (-f64::from(z)).exp());
            assert!(relative(found, expected) < 2e-7, "exp(-{z}) is not {found}");
            assert_eq!(exp_neg_abs(-z), found);
            let (t, tail) = (f64::from(found), ln_1p(found));
            assert!(relative(tail, t.ln_1p()) < 2e-7, "ln(1 + {t}) is not {tail}");
        }
        assert_eq!((exp_neg_abs(0.), ln_1p(0.)), (1., 0.));
        assert!(relative(ln_1p(1.), 2f64.ln()) < 2e-7);
        assert!(exp_neg_abs(f32::INFINITY) < 1.7e-38 && exp_neg_abs(1e9) > 0.);
        assert!(exp_neg_abs(f32::NAN).is_nan() && ln_1p(f32::NAN).is_nan());
    }
}
