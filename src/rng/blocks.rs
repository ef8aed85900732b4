//! Consecutive blocks of consecutive rows, as vectors see them.
//!
//! Rows lie after one another, each of `row_blocks` blocks, and lanes run over row ends, so narrow
//! rows are as cheap a block as long ones. Where a row's length is no multiple of four, its last
//! block has draws too many; [`Cursor::compact`] drops them.

use super::address::Address;
use super::philox::{low, rounds};

/// The most blocks made at a time: a piece's arrays fit the first-level cache.
pub(super) const PIECE: usize = 128;

/// Rows of at least this many blocks are wide: a piece ends where such a row does.
const WIDE: u64 = 4096;

/// Some rows of one length: `count` of them, `len` elements each, from row `first` on.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub first: u32,
    pub len: usize,
    pub count: usize,
}

/// The next block to make.
pub(super) struct Cursor {
    row: u64,
    /// The block within the row.
    block: u64,
    row_blocks: u64,
    /// Blocks to make from here on, over all rows.
    left: u64,
    /// Elements in the last block of a row, 1 to 4.
    last: usize,
    /// Dividing by `row_blocks` is multiplying by this and shifting by 31; 0 for wide rows.
    inverse: u64,
}

impl Cursor {
    #[inline(always)]
    pub fn new(rows: &Rows) -> Self {
        let row_blocks = rows.len.div_ceil(4) as u64;
        Self {
            row: u64::from(rows.first),
            block: 0,
            row_blocks,
            left: row_blocks * rows.count as u64,
            last: (rows.len - 1) % 4 + 1,
            // Rounded up: exact for every `x` with `x * row_blocks < 2^31`, here `x < WIDE + PIECE`.
            inverse: if row_blocks < WIDE { (1 << 31) / row_blocks + 1 } else { 0 },
        }
    }

    /// How many blocks the next piece has; 0 at the end.
    #[inline(always)]
    pub fn piece(&self) -> usize {
        let wide = self.inverse == 0;
        let reach = if wide { self.left.min(self.row_blocks - self.block) } else { self.left };
        reach.min(PIECE as u64) as usize
    }

    /// Whether every row is a whole number of blocks.
    #[inline(always)]
    pub fn is_dense(&self) -> bool {
        self.last == 4
    }

    /// The words of the blocks from here on: word 0 and word 2 of each to `firsts`, 1 and 3 to
    /// `seconds`, two in an element, little-endian.
    ///
    /// Both halves of the arrays are filled together, which hides the multiplier's latency: 4% of
    /// the time of a normal with AVX-512, 10% with AVX2.
    #[inline(always)]
    pub fn words(&self, address: &Address, firsts: &mut [u64], seconds: &mut [u64]) {
        let (step, stream) = (u64::from(address.step), address.stream as u64);
        // Wrapping, though nothing wraps: a check for overflow would keep the loop from vectors.
        let counter = |i: u64| {
            let block = self.block.wrapping_add(i);
            let rows = low(block).wrapping_mul(self.inverse) >> 31;
            let done = low(rows).wrapping_mul(low(self.row_blocks));
            [block.wrapping_sub(done), self.row.wrapping_add(rows), step, stream]
        };
        let half = firsts.len() / 2;
        let (firsts, upper_firsts) = firsts.split_at_mut(half);
        let (seconds, upper_seconds) = seconds.split_at_mut(half);
        let lower = firsts.iter_mut().zip(seconds);
        let upper = upper_firsts.iter_mut().zip(upper_seconds);
        for (i, (lower, upper)) in (0..).zip(lower.zip(upper)) {
            let counters = [counter(i), counter(half as u64 + i)];
            let [a, b] = rounds(counters, address.key.words());
            (*lower.0, *lower.1) = (packed(a[0], a[2]), packed(a[1], a[3]));
            (*upper.0, *upper.1) = (packed(b[0], b[2]), packed(b[1], b[3]));
        }
    }

    /// Moves the draws of blocks from here on to the front, leaving out those past a row's end.
    ///
    /// Returns how many are left. Blocks move whole: the next one overwrites what is too much.
    #[inline(always)]
    pub fn compact<T: Copy>(&self, draws: &mut [T]) -> usize {
        let (mut kept, mut block) = (0, self.block);
        for from in (0..draws.len()).step_by(4) {
            draws.copy_within(from..from + 4, kept);
            block += 1;
            let ends = block == self.row_blocks;
            kept += if ends { self.last } else { 4 };
            block = if ends { 0 } else { block };
        }
        kept
    }

    #[inline(always)]
    pub fn advance(&mut self, blocks: usize) {
        self.left -= blocks as u64;
        self.block += blocks as u64;
        self.row += self.block / self.row_blocks;
        self.block %= self.row_blocks;
    }
}

/// Two words in one element, so that memory has the first one first on every machine.
#[inline(always)]
fn packed(first: u64, second: u64) -> u64 {
    (low(first) | (second << 32)).to_le()
}

#[cfg(test)]
mod tests {
    use super::super::key::Stream;
    use super::*;

    #[test]
    fn words_follow_the_rows() {
        let address = Address::new(5, "a", Stream::Data, 6);
        for (row_blocks, count) in [(1, 300), (2, 100), (125, 4), (4095, 2), (4096, 2), (5000, 2)] {
            let mut expected = (3..).flat_map(|row| (0..row_blocks).map(move |block| (row, block)));
            let mut cursor = Cursor::new(&Rows { first: 3, len: 4 * row_blocks as usize, count });
            while cursor.piece() > 0 {
                let (mut firsts, mut seconds) = ([0; PIECE], [0; PIECE]);
                cursor.words(&address, &mut firsts, &mut seconds);
                for (&first, &second) in firsts.iter().zip(&seconds).take(cursor.piece()) {
                    let (row, block) = expected.next().unwrap();
                    let [w0, w1, w2, w3] = address.block(row, block).map(u64::from);
                    assert_eq!([first, second], [packed(w0, w2), packed(w1, w3)]);
                }
                cursor.advance(cursor.piece());
            }
            assert_eq!(expected.next(), Some((3 + count as u32, 0)), "all rows are made");
        }
    }

    #[test]
    fn compact_leaves_out_what_is_past_the_row() {
        let cursor = Cursor::new(&Rows { first: 0, len: 6, count: 2 });
        assert!(!cursor.is_dense());
        let mut draws = [0, 1, 2, 3, 4, 5, -1, -1, 6, 7, 8, 9, 10, 11, -1, -1];
        let kept = cursor.compact(&mut draws);
        assert!(draws[..kept].iter().copied().eq(0..12));
    }
}
