//! Rows of numbers in whole cache lines.
//!
//! Rows of 500 floats that follow each other are never aligned, and a vector that crosses a cache
//! line costs two. Here every row begins a line and has room for one number more, the 1 that a
//! bias is multiplied by.

use bytemuck::{Pod, Zeroable};

/// Sixteen floats of one cache line: one or two vectors of most CPUs.
#[derive(Clone, Copy, Default, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line(pub [f32; Line::LEN]);

impl Line {
    /// Floats of a line.
    pub const LEN: usize = 16;

    /// Lines of a row of `len` floats and one more. Never a power of two from 1 KiB on: a cache
    /// keeps few lines at such distances from each other.
    pub fn count(len: usize) -> usize {
        let lines = len / Self::LEN + 1;
        if lines.is_multiple_of(16) { lines + 1 } else { lines }
    }
}

/// Copies rows of `len` floats into lines, each followed by `last` and filled up with zeros.
pub fn pack(rows: &[f32], len: usize, last: f32, lines: &mut [Line]) {
    for (row, lines) in rows.chunks_exact(len).zip(lines.chunks_exact_mut(Line::count(len))) {
        let (whole, tail) = row.as_chunks::<{ Line::LEN }>();
        for (line, floats) in lines.iter_mut().zip(whole) {
            line.0 = *floats;
        }
        // In place: a line that is put together elsewhere and then moved waits for its own stores.
        let rest = &mut lines[whole.len()..];
        for line in rest.iter_mut() {
            *line = Line::default();
        }
        copy_short(tail, &mut rest[0].0);
        rest[0].0[tail.len()] = last;
    }
}

/// Copies the first `len` floats of each row back.
pub fn unpack(lines: &[Line], len: usize, rows: &mut [f32]) {
    for (row, lines) in rows.chunks_exact_mut(len).zip(lines.chunks_exact(Line::count(len))) {
        let (whole, tail) = row.as_chunks_mut::<{ Line::LEN }>();
        for (floats, line) in whole.iter_mut().zip(lines) {
            *floats = line.0;
        }
        let len = tail.len();
        copy_short(&lines[whole.len()].0[..len], tail);
    }
}

/// Copies fewer floats than a line has. In pieces of fixed lengths: a call of `memcpy` takes longer
/// than the one or two floats of the tutorial's rows.
#[inline]
fn copy_short(from: &[f32], to: &mut [f32]) {
    let mut done = 0;
    copy_piece::<8>(from, to, &mut done);
    copy_piece::<4>(from, to, &mut done);
    copy_piece::<2>(from, to, &mut done);
    copy_piece::<1>(from, to, &mut done);
}

/// Copies N floats from position `done` on, if there are N.
#[inline]
fn copy_piece<const N: usize>(from: &[f32], to: &mut [f32], done: &mut usize) {
    if let Some((piece, _)) = from[*done..].split_first_chunk::<N>() {
        to[*done..][..N].copy_from_slice(piece);
        *done += N;
    }
}

/// Element `i` of a row.
pub fn at(row: &[Line], i: usize) -> f32 {
    row[i / Line::LEN].0[i % Line::LEN]
}

/// Makes room for `len` lines; what is there stays.
pub fn grow(lines: &mut Vec<Line>, len: usize) {
    lines.resize(len.max(lines.len()), Line::default());
}
