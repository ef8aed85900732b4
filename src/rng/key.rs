//! What names a matrix of draws: seed, site and stream.
//!
//! Everything here is frozen: a change would change everyone's results.
//!
//! ```text
//! site = FNV-1a of the path        key = philox(counter = [site_lo, site_hi, 0, 0], key = seed)[0..2]
//! ```

use super::philox::philox4x32;

/// What a draw is for. Streams of one key never share a draw; the numbers are fixed for ever.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u32)]
pub enum Stream {
    /// Initial weights.
    Init = 0,
    /// The order of samples within an epoch.
    Shuffle = 1,
    /// Which samples go into which part of a data set.
    Split = 2,
    /// Synthetic data.
    Data = 3,
    /// Noise while training.
    Noise = 4,
    /// Noise while evaluating.
    TestNoise = 5,
    /// Starting points and trials of adversarial attacks.
    Attack = 6,
    /// Resampling for confidence intervals.
    Bootstrap = 7,
}

/// A 64-bit hash of a site's path, such as `"hidden.0"`: FNV-1a (Fowler, Noll, Vo).
pub const fn site_hash(path: &str) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325;
    let mut i = 0;
    while i < path.len() {
        hash = (hash ^ path.as_bytes()[i] as u64).wrapping_mul(0x0000_0100_0000_01B3);
        i += 1;
    }
    hash
}

/// The Philox key of one site under one seed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key([u32; 2]);

impl Key {
    /// The key of the site at path `site`. All 64 bits of `seed` count.
    pub fn new(seed: u64, site: &str) -> Self {
        let ([seed_lo, seed_hi], [site_lo, site_hi]) = (halves(seed), halves(site_hash(site)));
        let [k0, k1, ..] = philox4x32([site_lo, site_hi, 0, 0], [seed_lo, seed_hi]);
        Self([k0, k1])
    }

    /// The key of [`words`](Self::words).
    pub(crate) fn from_words(words: [u32; 2]) -> Self {
        Self(words)
    }

    /// The two words that go into Philox.
    pub fn words(self) -> [u32; 2] {
        self.0
    }
}

fn halves(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of the FNV authors' test suite.
    #[test]
    fn site_hash_is_fnv_1a() {
        assert_eq!(site_hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(site_hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(site_hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn keys_are_frozen() {
        assert_eq!(Key::new(42, "hidden.0").words(), [0x1d0b_48dd, 0x5ba2_c046]);
        assert_ne!(Key::new(42, "hidden.1"), Key::new(42, "hidden.0"));
        assert_ne!(Key::new(43, "hidden.0"), Key::new(42, "hidden.0"));
        assert_ne!(Key::new(42 + (1 << 32), "hidden.0"), Key::new(42, "hidden.0"));
    }

    #[test]
    fn stream_numbers_are_frozen() {
        use Stream::*;
        let streams = [Init, Shuffle, Split, Data, Noise, TestNoise, Attack, Bootstrap];
        assert_eq!(streams.map(|stream| stream as u32), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
