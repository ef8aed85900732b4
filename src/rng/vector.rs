//! Many draws at a time, in vectors of whatever width the CPU has.
//!
//! The loops are plain Rust, which the compiler turns into vectors: `pulp` compiles them once for
//! each instruction set and picks one at run time. Every operation has one right answer, so the bits
//! do not depend on the choice.
//!
//! A block has two pairs of words, (w0, w1) and (w2, w3). The first words of all pairs go to one
//! array and the second ones to another, so that Box and Muller's logarithm and sine both see full
//! vectors; their results, the even and the odd elements, are interleaved at the end.

use std::ops::Range;

use pulp::bytemuck::cast_slice;
use pulp::{Simd, WithSimd};

use super::address::Address;
use super::blocks::{Cursor, PIECE, Rows};

/// Blocks are made in multiples of this, so that vectors are full.
const LANES: usize = 16;

/// Where draws go, and what is done with them there.
pub(super) trait Sink {
    /// A kind of draw.
    type Item: Copy + Default;

    /// The place for all draws, in order.
    fn out(&mut self) -> &mut [Self::Item];

    /// Called after some draws have been written to `out`.
    fn finish(&mut self, written: Range<usize>);
}

/// Draws are the result.
pub(super) struct Copied<'a, T>(pub &'a mut [T]);

impl<T: Copy + Default> Sink for Copied<'_, T> {
    type Item = T;

    #[inline(always)]
    fn out(&mut self) -> &mut [T] {
        self.0
    }

    #[inline(always)]
    fn finish(&mut self, _written: Range<usize>) {}
}

/// `y = fma(scale, draw, x)`, for `xs` and `ys` of one length.
pub(super) struct Added<'a> {
    pub scale: f32,
    pub xs: &'a [f32],
    pub ys: &'a mut [f32],
}

impl Sink for Added<'_> {
    type Item = f32;

    #[inline(always)]
    fn out(&mut self) -> &mut [f32] {
        self.ys
    }

    #[inline(always)]
    fn finish(&mut self, written: Range<usize>) {
        for (y, x) in self.ys[written.clone()].iter_mut().zip(&self.xs[written]) {
            *y = self.scale.mul_add(*y, *x);
        }
    }
}

/// The work: which rows of which address, what to make of two words, where to put it.
pub(super) struct Draws<F, S> {
    pub address: Address,
    pub rows: Rows,
    pub pair: F,
    pub sink: S,
}

impl<F, S> WithSimd for Draws<F, S>
where
    S: Sink,
    F: Fn(u32, u32) -> [S::Item; 2],
{
    type Output = ();

    #[inline(always)]
    fn with_simd<V: Simd>(mut self, _instructions: V) {
        let (mut firsts, mut seconds) = ([0; PIECE], [0; PIECE]);
        let mut evens = [S::Item::default(); 2 * PIECE];
        let mut odds = evens;
        let mut draws = [S::Item::default(); 4 * PIECE];

        let mut cursor = Cursor::new(&self.rows);
        let mut at = 0;
        while cursor.piece() > 0 {
            let blocks = cursor.piece();
            let lanes = blocks.next_multiple_of(LANES);
            let (firsts, seconds) = (&mut firsts[..lanes], &mut seconds[..lanes]);
            cursor.words(&self.address, firsts, seconds);

            let words = cast_slice::<u64, u32>(firsts).iter().zip(cast_slice(seconds));
            for ((even, odd), (&first, &second)) in evens.iter_mut().zip(&mut odds).zip(words) {
                [*even, *odd] = (self.pair)(u32::from_le(first), u32::from_le(second));
            }

            let out = &mut self.sink.out()[at..];
            let (evens, odds) = (&evens[..2 * blocks], &odds[..2 * blocks]);
            let kept = if cursor.is_dense() {
                interleave(evens, odds, &mut out[..4 * blocks]);
                4 * blocks
            } else {
                let draws = &mut draws[..4 * blocks];
                interleave(evens, odds, draws);
                let kept = cursor.compact(draws);
                out[..kept].copy_from_slice(&draws[..kept]);
                kept
            };
            self.sink.finish(at..at + kept);
            at += kept;
            cursor.advance(blocks);
        }
    }
}

#[inline(always)]
fn interleave<T: Copy>(evens: &[T], odds: &[T], out: &mut [T]) {
    let (pairs, _) = out.as_chunks_mut();
    for (pair, (&even, &odd)) in pairs.iter_mut().zip(evens.iter().zip(odds)) {
        *pair = [even, odd];
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::Stream;
    use super::super::normal::box_muller;
    use super::*;
    use crate::simd;

    fn bits(xs: &[f32]) -> Vec<u32> {
        xs.iter().map(|x| x.to_bits()).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_plain_bits() {
        let address = Address::new(42, "hidden.0", Stream::Noise, 5);
        let narrow = (1..=13).flat_map(|len| [1, 2, 15, 16, 17, 70].map(|count| (len, count)));
        let wide = [(499, 9), (500, 9), (512, 3), (16_383, 2), (16_385, 3), (20_002, 2)];
        for (len, count) in narrow.chain(wide) {
            for first in [0, 7, u32::MAX - count as u32 + 1] {
                let mut plain = vec![0.0; len * count];
                address.fill_normal_plain(first, len, &mut plain);
                for (name, set) in simd::available() {
                    let mut zs = vec![f32::NAN; plain.len()];
                    let rows = Rows { first, len, count };
                    set.dispatch(Draws { address, rows, pair: box_muller, sink: Copied(&mut zs) });
                    assert_eq!(bits(&zs), bits(&plain), "{name}: {count} x {len} from {first}");
                }
            }
        }
    }

    #[test]
    fn added_noise_is_one_fused_multiply_add_of_the_same_draws() {
        let address = Address::new(1, "", Stream::TestNoise, 0);
        for (len, count) in [(1, 40), (3, 100), (500, 5), (16_390, 2)] {
            let xs: Vec<f32> = (0..len * count).map(|i| (i as f32).sin()).collect();
            let mut zs = vec![0.0; xs.len()];
            address.fill_normal_plain(3, len, &mut zs);
            let ys: Vec<f32> = zs.iter().zip(&xs).map(|(z, x)| 0.3f32.mul_add(*z, *x)).collect();
            for (name, set) in simd::available() {
                let mut added = vec![f32::NAN; xs.len()];
                let sink = Added { scale: 0.3, xs: &xs, ys: &mut added };
                let rows = Rows { first: 3, len, count };
                set.dispatch(Draws { address, rows, pair: box_muller, sink });
                assert_eq!(bits(&added), bits(&ys), "{name}: {count} x {len}");
            }
        }
    }
}
