//! Rows of numbers in whole cache lines.
//!
//! Rows of 500 floats that follow each other are never aligned, and a vector that crosses a cache
//! line costs two. Here every row begins a line and is filled up with zeros.

/// Sixteen floats of one cache line: one or two vectors of most CPUs.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
pub struct Line(pub [f32; Line::LEN]);

impl Line {
    /// Floats of a line.
    pub const LEN: usize = 16;

    /// Lines of a row of `len` floats.
    pub fn count(len: usize) -> usize {
        len.div_ceil(Self::LEN)
    }
}

/// Copies rows of `len` floats into lines and fills up the last line of each with zeros.
#[inline(always)]
pub fn pack(rows: &[f32], len: usize, lines: &mut [Line]) {
    for (row, lines) in rows.chunks_exact(len).zip(lines.chunks_exact_mut(Line::count(len))) {
        let (whole, tail) = row.as_chunks::<{ Line::LEN }>();
        for (line, floats) in lines.iter_mut().zip(whole) {
            line.0 = *floats;
        }
        if let (Some(line), false) = (lines.last_mut(), tail.is_empty()) {
            *line = Line::default();
            line.0[..tail.len()].copy_from_slice(tail);
        }
    }
}

/// Copies lines back to rows of `len` floats.
#[inline(always)]
pub fn unpack(lines: &[Line], len: usize, rows: &mut [f32]) {
    for (row, lines) in rows.chunks_exact_mut(len).zip(lines.chunks_exact(Line::count(len))) {
        let (whole, tail) = row.as_chunks_mut::<{ Line::LEN }>();
        for (floats, line) in whole.iter_mut().zip(lines) {
            *floats = line.0;
        }
        if let Some(line) = lines.last() {
            tail.copy_from_slice(&line.0[..tail.len()]);
        }
    }
}
