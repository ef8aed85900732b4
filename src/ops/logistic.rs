//! The two functions of the logistic loss, in fused multiply-adds and IEEE operations only: they
//! become vectors, and give the same bits on every CPU, which the C library's do not.
//!
//! To be called in functions that `pulp::with_simd` compiles, as the other loops of the ops.

use crate::rng::polynomial;

/// Both for the kernels.
#[cfg(feature = "cuda")]
pub(super) const CUDA_SOURCE: &str = include_str!("logistic.cuh");

/// exp(−|z|), within 2e-7 of its value; NaN for NaN. Below 87 it stays where it is, at 1.6e-38.
///
/// With x = −|z| = n ln 2 + r, n an integer and |r| ≤ ln 2 / 2: exp x = 2ⁿ exp r.
#[inline(always)]
pub fn exp_neg_abs(z: f32) -> f32 {
    // Taylor's series of exp: the next term is below 6e-9. Highest power first.
    const EXP: [f32; 8] = [1. / 5040., 1. / 720., 1. / 120., 1. / 24., 1. / 6., 1. / 2., 1., 1.];
    // ln 2 in two parts: n times the first has no rounding.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    // Here a float has no fraction: the sum rounds to an integer, held in the low bits.
    const ROUND: f32 = 1.5 * (1 << 23) as f32;
    const LOWEST: f32 = -87.;
    let x = -z.abs();
    // Not `max`, which would hide NaN.
    let x = if x < LOWEST { LOWEST } else { x };
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LN_2[1], n.mul_add(-LN_2[0], x));
    let power = (rounded.to_bits() << 23).wrapping_add(1f32.to_bits());
    polynomial(EXP, r) * f32::from_bits(power)
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
