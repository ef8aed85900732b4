//! Philox4x32-10, the counter-based generator under every draw.
//!
//! Ten rounds of two 32×32→64-bit products mix a 128-bit counter with a 64-bit key:
//!
//! ```text
//! (h0, l0) = 0xD2511F53 * c0        (h1, l1) = 0xCD9E8D57 * c2
//! c' = [h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0]        k' = [k0 + 0x9E3779B9, k1 + 0xBB67AE85]
//! ```
//!
//! Reference: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As Easy
//! as 1, 2, 3", SC 2011; the known answers are those of the authors' Random123 library.

const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// The four words of one block: Philox4x32 with ten rounds.
///
/// ```
/// use candle_noise::rng::philox4x32;
///
/// let words = philox4x32([0; 4], [0; 2]);
/// assert_eq!(words, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
/// ```
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    rounds([counter.map(u64::from)], key)[0].map(|word| word as u32)
}

/// The ten rounds on 32-bit words held in 64-bit lanes.
///
/// Only the low halves of the arguments and of the result mean anything. Leaving rubbish in the
/// high halves saves the masking: the product reads low halves only, which is just what a vector
/// multiplier (`pmuludq` and its kin) does, so a loop around this function vectorizes well.
///
/// The rounds are written out: a loop of ten would stand inside that loop, and whether the compiler
/// unrolls it in time depends on its other settings.
#[inline(always)]
pub(super) fn rounds<const N: usize>(mut c: [[u64; 4]; N], mut key: [u32; 2]) -> [[u64; 4]; N] {
    two_rounds(&mut c, &mut key);
    two_rounds(&mut c, &mut key);
    two_rounds(&mut c, &mut key);
    two_rounds(&mut c, &mut key);
    two_rounds(&mut c, &mut key);
    c
}

#[inline(always)]
fn two_rounds<const N: usize>(c: &mut [[u64; 4]; N], key: &mut [u32; 2]) {
    round(c, key);
    round(c, key);
}

#[inline(always)]
fn round<const N: usize>(c: &mut [[u64; 4]; N], key: &mut [u32; 2]) {
    for [c0, c1, c2, c3] in c {
        let p0 = low(*c0) * MULTIPLIERS[0];
        let p1 = low(*c2) * MULTIPLIERS[1];
        (*c0, *c1) = ((p1 >> 32) ^ *c1 ^ u64::from(key[0]), p1);
        (*c2, *c3) = ((p0 >> 32) ^ *c3 ^ u64::from(key[1]), p0);
    }
    *key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
}

/// The low 32 bits of a lane.
#[inline(always)]
pub(super) fn low(lane: u64) -> u64 {
    lane & 0xFFFF_FFFF
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The three `philox4x32 10` lines of Random123's `kat_vectors`.
    #[test]
    fn known_answers() {
        let zero = philox4x32([0; 4], [0; 2]);
        assert_eq!(zero, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let ones = philox4x32([u32::MAX; 4], [u32::MAX; 2]);
        assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let pi = philox4x32(counter, [0xa409_3822, 0x299f_31d0]);
        assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn high_halves_do_not_matter() {
        let (counter, key) = ([1, 2, 3, 4], [5, 6]);
        let dirty = counter.map(|word| word | 0xDEAD_BEEF_0000_0000);
        let clean = philox4x32(counter.map(|word| word as u32), key);
        assert_eq!(rounds([dirty], key)[0].map(|word| word as u32), clean);
    }
}
