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
        let mut line = Line::default();
        line.0[..tail.len()].copy_from_slice(tail);
        line.0[tail.len()] = last;
        lines[whole.len()] = line;
        lines[whole.len() + 1..].fill(Line::default());
    }
}

/// Copies the first `len` floats of each row back.
pub fn unpack(lines: &[Line], len: usize, rows: &mut [f32]) {
    for (row, lines) in rows.chunks_exact_mut(len).zip(lines.chunks_exact(Line::count(len))) {
        let (whole, tail) = row.as_chunks_mut::<{ Line::LEN }>();
        for (floats, line) in whole.iter_mut().zip(lines) {
            *floats = line.0;
        }
        tail.copy_from_slice(&lines[whole.len()].0[..tail.len()]);
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
