//! A row of an [`Address`] as a generator of `rand`, so that every distribution can draw from it.

use rand::rand_core::block::{BlockRng, BlockRngCore};
use rand::{RngCore, SeedableRng};

use super::address::Address;
use super::key::Stream;

/// The words of one row in order, those of [`Address::fill_words`]; 2^34 of them, then again.
///
/// ```
/// use candle_noise::rng::{Address, Stream};
/// use rand_distr::{Distribution, Exp1};
///
/// let mut rng = Address::new(42, "data", Stream::Data, 0).rng(7);
/// let waiting_time: f64 = Exp1.sample(&mut rng);
/// assert!(waiting_time > 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct PhiloxRng(BlockRng<Blocks>);

/// Where the generator stands: the next block of a row.
#[derive(Clone, Debug)]
struct Blocks {
    address: Address,
    row: u32,
    next: u32,
}

impl BlockRngCore for Blocks {
    type Item = u32;
    type Results = [u32; 4];

    fn generate(&mut self, words: &mut [u32; 4]) {
        *words = self.address.block(self.row, self.next);
        self.next = self.next.wrapping_add(1);
    }
}

impl PhiloxRng {
    pub(super) fn new(address: Address, row: u32) -> Self {
        Self(BlockRng::new(Blocks { address, row, next: 0 }))
    }
}

impl RngCore for PhiloxRng {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

/// For code that asks for a seed alone: row 0 of the site with the empty path, [`Stream::Data`].
impl SeedableRng for PhiloxRng {
    /// The 64-bit seed, little-endian.
    type Seed = [u8; 8];

    fn from_seed(seed: Self::Seed) -> Self {
        Self::seed_from_u64(u64::from_le_bytes(seed))
    }

    fn seed_from_u64(seed: u64) -> Self {
        Address::new(seed, "", Stream::Data, 0).rng(0)
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;
    use rand_distr::{Distribution, Exp1, StandardNormal};

    use super::*;

    fn address() -> Address {
        Address::new(42, "data", Stream::Data, 3)
    }

    #[test]
    fn words_are_those_of_the_row() {
        let mut words = [0; 11];
        address().fill_words(7, 11, &mut words);
        let mut rng = address().rng(7);
        assert_eq!(words, std::array::from_fn(|_| rng.next_u32()));

        let mut rng = address().rng(7);
        let long = rng.next_u64();
        assert_eq!([long as u32, (long >> 32) as u32], words[..2]);
        let mut bytes = [0; 8];
        rng.clone().fill_bytes(&mut bytes);
        assert_eq!(bytes[..4], words[2].to_le_bytes());
        assert_eq!(bytes[4..], words[3].to_le_bytes());
        assert_eq!(rng.next_u32(), words[2], "a clone does not advance its original");
    }

    #[test]
    fn distributions_draw_from_it() {
        let n = 100_000;
        let exponential: Vec<f64> = address().rng(0).sample_iter(Exp1).take(n).collect();
        let mean = exponential.iter().sum::<f64>() / n as f64;
        // The standard error of the mean is 1 / sqrt(n).
        assert!((mean - 1.0).abs() < 5.0 / (n as f64).sqrt(), "{mean}");
        let [x, y]: [f64; 2] = [0, 1].map(|row| StandardNormal.sample(&mut address().rng(row)));
        assert_ne!(x, y, "rows differ");
    }

    #[test]
    fn seeds_are_64_bits_in_little_endian() {
        let first = |mut rng: PhiloxRng| rng.next_u64();
        let seeded = |seed| first(PhiloxRng::seed_from_u64(seed));
        assert_eq!(first(PhiloxRng::from_seed([1, 0, 0, 0, 2, 0, 0, 0])), seeded(1 + (2 << 32)));
        assert_ne!(seeded(1), seeded(1 + (2 << 32)));
    }
}
