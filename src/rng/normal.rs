//! Uniform and normal draws from words.
//!
//! A word `w` gives `u = ((w >> 8) + 1/2) 2^-24`, and two words give two standard normals
//! (G. E. P. Box, M. E. Muller, "A Note on the Generation of Random Normal Deviates", 1958):
//!
//! ```text
//! r = sqrt(-2 ln u1)        z0 = r cos(2 pi u2)        z1 = r sin(2 pi u2)
//! ```
//!
//! `ln`, `cos` and `sin` are polynomials of this file, made of fused multiply-adds, IEEE additions,
//! multiplications, square roots and bit operations only. Those are correctly rounded on every CPU
//! and GPU, so every device gives the same bits. The system's own functions differ between platforms.
//!
//! The coefficients are minimax fits made for this crate by Remez' exchange in 50-digit arithmetic,
//! then rounded to f32; a comment at each names the function, the interval and the error.

use std::f32::consts::LN_2;

/// A uniform draw in (0, 1] from the 24 high bits of a word.
///
/// Zero is impossible. One is not: the largest `w >> 8`, plus 1/2, rounds to 2^24.
#[inline(always)]
pub(super) fn uniform(word: u32) -> f32 {
    const SCALE: f32 = 1.0 / (1 << 24) as f32;
    // Through i32, which holds 24 bits exactly: most vector units convert signed integers only.
    ((word >> 8) as i32 as f32 + 0.5) * SCALE
}

/// Two words as they are.
#[inline(always)]
pub(super) fn words(w0: u32, w1: u32) -> [u32; 2] {
    [w0, w1]
}

/// Two uniform draws from two words.
#[inline(always)]
pub(super) fn uniforms(w0: u32, w1: u32) -> [f32; 2] {
    [uniform(w0), uniform(w1)]
}

/// Two standard normals from two words, by Box and Muller.
#[inline(always)]
pub(super) fn box_muller(w0: u32, w1: u32) -> [f32; 2] {
    let radius = (-2.0 * ln(uniform(w0))).sqrt();
    let [cos, sin] = cos_sin_turns(uniform(w1));
    [radius * cos, radius * sin]
}

/// Natural logarithm of a normal, positive, finite number, within 1 ulp on (0, 1].
///
/// With `u = m 2^e`, `m` in [2/3, 4/3) and `f = m - 1` (exact): `ln u = e ln 2 + f + f^2 P(f)`.
#[inline(always)]
pub(super) fn ln(u: f32) -> f32 {
    // P(f) = -1/2 + f Q(f), Q minimax to (ln(1+f) - f + f^2/2) / f^3 on [-1/3, 1/3]; relative error
    // of the logarithm 4.6e-9. Highest power first.
    const P: [f32; 9] = [
        -0.128_916_47,
        0.139_844_3,
        -0.121_842_69,
        0.140_058_71,
        -0.166_804_87,
        0.200_104_06,
        -0.249_997_97,
        0.333_332_15,
        -0.5,
    ];
    // The bits of 2/3: subtracting them leaves e in the exponent field.
    let exponent = u.to_bits().wrapping_sub(0x3F2A_AAAB) & 0xFF80_0000;
    let f = f32::from_bits(u.to_bits().wrapping_sub(exponent)) - 1.0;
    let e = (exponent as i32 >> 23) as f32;
    e.mul_add(LN_2, (f * f).mul_add(polynomial(P, f), f))
}

/// Cosine and sine of `2 pi u` for `u` in [0, 1], within 2e-7.
///
/// In quarter turns, `4 u = k + f` with `k` the nearest integer and `f` in [-1/2, 1/2], exactly.
#[inline(always)]
fn cos_sin_turns(u: f32) -> [f32; 2] {
    // sin(pi/2 f) / f in powers of f^2, |f| <= 1/2: relative error 3.2e-9. Highest power first.
    const SIN: [f32; 4] = [-0.004_601_659_3, 0.079_680_03, -0.645_963_5, 1.570_796_4];
    // cos(pi/2 f) in powers of f^2, |f| <= 1/2: error 5.4e-11. Highest power first.
    const COS: [f32; 5] = [0.000_904_021_6, -0.020_860_29, 0.253_669_23, -1.233_700_5, 1.0];
    // Above 2^23 a float has no fraction, so the sum rounds to an integer, held in the low bits.
    const ROUND: f32 = (1 << 23) as f32;
    let quarters = 4.0 * u;
    let rounded = quarters + ROUND;
    let quadrant = rounded.to_bits();
    let f = quarters - (rounded - ROUND);

    let f2 = f * f;
    let (sin, cos) = (f * polynomial(SIN, f2), polynomial(COS, f2));
    // Quadrants 1 and 3 swap the two; the sine is negative in 2 and 3, the cosine in 1 and 2.
    let (sin, cos) = if quadrant & 1 == 0 { (sin, cos) } else { (cos, sin) };
    [flip_sign(cos, quadrant.wrapping_add(1) & 2), flip_sign(sin, quadrant & 2)]
}

/// `x`, negated where `two` is 2 and not where it is 0.
#[inline(always)]
fn flip_sign(x: f32, two: u32) -> f32 {
    f32::from_bits(x.to_bits() ^ (two << 30))
}

/// Horner's rule in fused multiply-adds, highest power first.
#[inline(always)]
pub(crate) fn polynomial<const N: usize>(coefficients: [f32; N], x: f32) -> f32 {
    let mut sum = coefficients[0];
    for &coefficient in &coefficients[1..] {
        sum = sum.mul_add(x, coefficient);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every uniform that a word can give.
    fn all_uniforms() -> impl Iterator<Item = f32> {
        (0..1 << 24).map(|high| uniform(high << 8))
    }

    #[test]
    fn uniform_stays_in_range_and_order() {
        assert_eq!(uniform(0), 2f32.powi(-25));
        assert_eq!(uniform(0xFF), uniform(0), "the low eight bits do not matter");
        assert_eq!(uniform(u32::MAX), 1.0);
        assert!(all_uniforms().is_sorted());
    }

    #[test]
    fn ln_is_within_one_ulp_everywhere() {
        assert_eq!(ln(1.0), 0.0);
        for u in all_uniforms().filter(|&u| u < 1.0) {
            let exact = f64::from(u).ln();
            let ulp = f64::from((exact as f32).abs().next_up() - (exact as f32).abs());
            let error = (f64::from(ln(u)) - exact).abs() / ulp;
            assert!(error < 1.0, "ln({u}) is off by {error} ulp");
        }
    }

    #[test]
    fn cos_and_sin_are_within_2e_7_everywhere() {
        for u in all_uniforms() {
            let (sin, cos) = (std::f64::consts::TAU * f64::from(u)).sin_cos();
            let [c, s] = cos_sin_turns(u).map(f64::from);
            assert!((c - cos).abs() < 2e-7 && (s - sin).abs() < 2e-7, "u = {u}: {c}, {s}");
        }
    }

    #[test]
    fn extreme_words_give_finite_normals() {
        // r is largest for the smallest uniform: sqrt(50 ln 2) = 5.887050.
        let [z, _] = box_muller(0, 0);
        assert!((z - 5.887_05).abs() < 1e-5, "{z}");
        assert_eq!(box_muller(u32::MAX, 0).map(f32::abs), [0.0, 0.0]);
        assert_eq!(box_muller(u32::MAX, u32::MAX).map(f32::abs), [0.0, 0.0]);
    }
}
