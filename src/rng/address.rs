//! The address of a draw, frozen like the key: a change would change everyone's results.
//!
//! ```text
//! counter = [element / 4, row, step, stream]        the draw is word element % 4 of the block
//! ```
//!
//! A normal draw takes its pair's two words, so elements 2i and 2i+1 share theirs.

use super::blocks::Rows;
use super::key::{Key, Stream};
use super::laplace::laplace;
use super::normal::{box_muller, uniforms, words};
use super::philox::philox4x32;
use super::stream_rng::PhiloxRng;
use super::vector::{Added, Copied, Draws};
use crate::simd::instructions;

/// The longest row that an [`Address`] can name: 2^34 elements, where memory can hold them.
pub const MAX_ROW_LEN: usize =
    if usize::BITS < 64 { usize::MAX } else { 0x4_0000_0000_u64 as usize };

/// A matrix of draws, rows by elements, of any size: the `fill` methods read some rows of it.
///
/// The matrix has 2^32 rows of [`MAX_ROW_LEN`] elements. A short row is the beginning of a longer
/// one, and the caller refuses what does not fit.
///
/// # Panics
/// The `fill` methods and [`add_normal`](Self::add_normal) panic when the elements to fill are not
/// a whole number of rows, or lie outside the matrix.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Address {
    /// Seed and site.
    pub key: Key,
    /// What the draws are for.
    pub stream: Stream,
    /// How often the site has drawn before.
    pub step: u32,
}

impl Address {
    /// The draws of the site at path `site` under `seed`, for one purpose at one step.
    pub fn new(seed: u64, site: &str, stream: Stream, step: u32) -> Self {
        Self { key: Key::new(seed, site), stream, step }
    }

    /// The words of elements `4 * block..4 * block + 4` of a row: all else is made of them.
    pub fn block(&self, row: u32, block: u32) -> [u32; 4] {
        philox4x32([block, row, self.step, self.stream as u32], self.key.words())
    }

    /// Fills rows with raw words, for shuffles.
    pub fn fill_words(&self, first_row: u32, row_len: usize, out: &mut [u32]) {
        self.fill(first_row, row_len, out, words);
    }

    /// Fills rows with uniform draws in (0, 1]: `((word >> 8) + 1/2) 2^-24`, computed in f32.
    pub fn fill_uniform(&self, first_row: u32, row_len: usize, out: &mut [f32]) {
        self.fill(first_row, row_len, out, uniforms);
    }

    /// Fills rows with standard normal draws: Box and Muller's of words 0 and 1, 2 and 3, ….
    pub fn fill_normal(&self, first_row: u32, row_len: usize, out: &mut [f32]) {
        self.fill(first_row, row_len, out, box_muller);
    }

    /// Fills rows with draws of the standard Laplace distribution, of density exp(-|x|) / 2.
    pub fn fill_laplace(&self, first_row: u32, row_len: usize, out: &mut [f32]) {
        self.fill(first_row, row_len, out, laplace);
    }

    /// Adds noise in one pass: `y = fma(stddev, z, x)`, with `z` from [`Self::fill_normal`].
    ///
    /// A `stddev` of 0 copies `xs` bit for bit, where adding zeros would turn some -0 into +0.
    ///
    /// # Panics
    /// As the `fill` methods, and when `xs` and `ys` differ in length.
    pub fn add_normal(
        &self,
        first_row: u32,
        row_len: usize,
        stddev: f32,
        xs: &[f32],
        ys: &mut [f32],
    ) {
        assert_eq!(xs.len(), ys.len(), "expected xs and ys of one length");
        let rows = rows(first_row, row_len, ys.len());
        if stddev == 0.0 {
            return ys.copy_from_slice(xs);
        }
        let sink = Added { scale: stddev, xs, ys };
        instructions().dispatch(Draws { address: *self, rows, pair: box_muller, sink });
    }

    /// The definition of [`Self::fill_normal`], a block at a time, which tests compare with.
    pub fn fill_normal_plain(&self, first_row: u32, row_len: usize, out: &mut [f32]) {
        let rows = rows(first_row, row_len, out.len());
        for (zs, row) in out.chunks_exact_mut(rows.len).zip(first_row..=u32::MAX) {
            for (zs, block) in zs.chunks_mut(4).zip(0..=u32::MAX) {
                let [w0, w1, w2, w3] = self.block(row, block);
                let [[z0, z1], [z2, z3]] = [box_muller(w0, w1), box_muller(w2, w3)];
                zs.copy_from_slice(&[z0, z1, z2, z3][..zs.len()]);
            }
        }
    }

    /// The numbers 0..len in random order: Fisher–Yates from the end, one word a position, taken to
    /// 0..=i by multiplication (its bias is below len / 2³²).
    pub fn permutation(&self, row: u32, len: usize) -> Vec<u32> {
        let mut words = vec![0; len];
        self.fill_words(row, len, &mut words);
        let mut order: Vec<u32> = (0..len as u32).collect();
        for i in (1..len).rev() {
            let other = (u64::from(words[i]) * (i as u64 + 1)) >> 32;
            order.swap(i, other as usize);
        }
        order
    }

    /// A generator of the words of one row, from which every distribution of `rand_distr` draws.
    pub fn rng(&self, row: u32) -> PhiloxRng {
        PhiloxRng::new(*self, row)
    }

    fn fill<T: Copy + Default>(
        &self,
        first_row: u32,
        row_len: usize,
        out: &mut [T],
        pair: impl Fn(u32, u32) -> [T; 2],
    ) {
        let rows = rows(first_row, row_len, out.len());
        instructions().dispatch(Draws { address: *self, rows, pair, sink: Copied(out) });
    }
}

/// The rows that fill `total` elements, unless [`Address`] panics.
fn rows(first: u32, len: usize, total: usize) -> Rows {
    if total == 0 {
        return Rows { first, len: 1, count: 0 };
    }
    assert!(
        len > 0 && total.is_multiple_of(len),
        "expected a whole number of rows of {len} elements, received {total} elements"
    );
    assert!(len <= MAX_ROW_LEN, "expected rows of at most {MAX_ROW_LEN} elements, received {len}");
    let count = total / len;
    assert!(
        u64::from(first) + count as u64 <= 1 << 32,
        "expected rows below 2^32, received {count} rows from row {first} on"
    );
    Rows { first, len, count }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise() -> Address {
        Address::new(42, "hidden.0", Stream::Noise, 0)
    }

    /// If this fails, everyone's results have changed. The bits were computed apart from this code,
    /// in exact rational arithmetic rounded to f32 after each operation.
    #[test]
    fn bits_are_frozen() {
        let row_0 = [
            0x3eca7529, 0x3f47b479, 0xbea24ed2, 0x3f090a3c, 0x3f722a20, 0xbe68ff4b, 0xbe2674d5,
            0xbf444517,
        ];
        let row_7 = [
            0xbfbf5676, 0x40063cd7, 0x3de49962, 0x3e3ffc40, 0x3de07e9d, 0x3f033773, 0xbc06650e,
            0xbff38899,
        ];
        for (row, bits) in [(0, row_0), (7, row_7)] {
            let mut zs = [0.0; 8];
            noise().fill_normal(row, 8, &mut zs);
            assert_eq!(zs.map(f32::to_bits), bits, "row {row}");
        }
    }

    #[test]
    fn words_and_uniforms_are_those_of_the_blocks() {
        let (mut words, mut uniforms) = ([0; 14], [0.0; 14]);
        noise().fill_words(9, 7, &mut words);
        assert_eq!(words[..4], noise().block(9, 0));
        assert_eq!(words[4..7], noise().block(9, 1)[..3]);
        assert_eq!(words[7..11], noise().block(10, 0));
        noise().fill_uniform(9, 7, &mut uniforms);
        assert_eq!(uniforms, words.map(|word| ((word >> 8) as f32 + 0.5) * 2f32.powi(-24)));
    }

    #[test]
    fn noise_is_added() {
        let (xs, mut ys, mut zs) = ([1.0, -2.0, 0.5, 3.0], [0.0; 4], [0.0; 4]);
        noise().add_normal(3, 2, 0.1, &xs, &mut ys);
        noise().fill_normal(3, 2, &mut zs);
        assert_eq!(ys, std::array::from_fn(|i| 0.1f32.mul_add(zs[i], xs[i])));
    }

    #[test]
    fn no_spread_leaves_every_bit() {
        let (xs, mut ys) = ([-0.0, 0.0, f32::INFINITY, -1.5].repeat(8), [f32::NAN; 32]);
        noise().add_normal(0, 4, 0.0, &xs, &mut ys);
        assert!(xs.iter().map(|x| x.to_bits()).eq(ys.map(f32::to_bits)));
    }

    #[test]
    fn nothing_to_fill_is_fine() {
        noise().fill_normal(0, 0, &mut []);
        noise().fill_normal(u32::MAX, 5, &mut []);
        noise().fill_normal_plain(0, 0, &mut []);
    }

    #[test]
    #[should_panic(expected = "whole number of rows of 3 elements, received 7 elements")]
    fn broken_rows_are_refused() {
        noise().fill_normal(0, 3, &mut [0.0; 7]);
    }

    #[test]
    #[should_panic(expected = "whole number of rows of 0 elements, received 1 elements")]
    fn empty_rows_are_refused() {
        noise().fill_words(0, 0, &mut [0]);
    }

    #[test]
    #[should_panic(expected = "rows below 2^32, received 2 rows from row 4294967295 on")]
    fn rows_past_the_last_are_refused() {
        noise().fill_normal(u32::MAX, 3, &mut [0.0; 6]);
    }

    #[test]
    #[should_panic(expected = "xs and ys of one length")]
    fn added_arrays_have_one_length() {
        noise().add_normal(0, 1, 0.1, &[0.0; 2], &mut [0.0; 1]);
    }
}
