//! Laplace draws from words: the magnitude by inversion, the sign from a bit of its own.
//!
//! The 24 high bits of a word give u in (0, 1] and the lowest its sign: x = ± ln u, of density
//! exp(-|x|) / 2, mean 0 and variance 2. The logarithm is that of the normal draws, so every device
//! gives the same bits.

use super::normal::{ln, uniform};

/// Two draws from two words.
#[inline(always)]
pub(super) fn laplace(w0: u32, w1: u32) -> [f32; 2] {
    let draw = |word: u32| f32::from_bits(ln(uniform(word)).to_bits() ^ (word << 31));
    [draw(w0), draw(w1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_signs() {
        // u = (k + 1/2) 2^-24; even words keep the sign of ln u, odd ones turn it.
        let k = |u: f64| ((u * f64::from(1 << 24)) as u32) << 8;
        for u in [1e-6, 0.1, 0.5, 0.9] {
            let [low, high] = laplace(k(u), k(u) | 1);
            assert_eq!(low, -high);
            assert!((f64::from(low) - u.ln()).abs() < 1e-6 / u, "{u}: {low}");
        }
        assert_eq!(laplace(u32::MAX, u32::MAX - 1).map(f32::abs), [0., 0.]);
        // The largest draw: 25 ln 2.
        assert!((laplace(1, 0)[0] - 17.328_68).abs() < 1e-5);
    }
}
