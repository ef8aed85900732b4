//! The rows of a matrix without their zeros, for gradients that a rectifier and a pooling leave mostly empty.

use pulp::Simd;

use crate::simd::vectorized;

/// Rows of numbers without their zeros (compressed sparse rows).
#[derive(Default)]
pub struct Sparse {
    /// Where each row ends.
    ends: Vec<usize>,
    /// The column and the value of each number.
    numbers: Vec<(u32, f32)>,
}

impl Sparse {
    /// Takes rows of `width` numbers and leaves those out that are zero.
    pub fn fill(&mut self, rows: &[f32], width: usize) {
        self.ends.clear();
        self.numbers.resize(rows.len(), (0, 0.));
        let (numbers, mut count) = (&mut self.numbers[..], 0);
        for row in rows.chunks_exact(width) {
            // Each number is written, and the next one over it if it was zero: no branch to guess.
            for (column, &x) in (0..).zip(row) {
                numbers[count] = (column, x);
                count += usize::from(x != 0.);
            }
            self.ends.push(count);
        }
        self.numbers.truncate(count);
    }

    /// Returns how many numbers are left.
    pub fn count(&self) -> usize {
        self.numbers.len()
    }

    /// Adds the product with vectors of `width` floats, vector k beginning at `k * step`: that of row r to what begins
    /// at `places[r]`. The bits are those of the dense product, which adds zeros.
    pub fn add_product(
        &self,
        (vectors, step): (&[f32], usize),
        (places, width): (&[usize], usize),
        out: &mut [f32],
    ) {
        add_product(self, vectors, step, places, width, out);
    }
}

vectorized!(
    fn add_product<'a>(
        rows: &'a Sparse,
        vectors: &'a [f32],
        step: usize,
        places: &'a [usize],
        width: usize,
        out: &'a mut [f32]
    ) = add_product_simd
);

#[inline(always)]
fn add_product_simd<'a, S: Simd>(
    simd: S,
    rows: &'a Sparse,
    vectors: &'a [f32],
    step: usize,
    places: &'a [usize],
    width: usize,
    out: &'a mut [f32],
) {
    let mut column = 0;
    while column < width {
        // Many sums at a time, so that none waits for another and a row's numbers are read once.
        column += match (width - column) / S::F32_LANES {
            12.. => columns::<S, 12>(simd, rows, vectors, step, places, column, out),
            6.. => columns::<S, 6>(simd, rows, vectors, step, places, column, out),
            4.. => columns::<S, 4>(simd, rows, vectors, step, places, column, out),
            _ => columns::<S, 1>(simd, rows, vectors, step, places, column, out),
        };
    }
}

/// V vectors of all rows, from `column` on; gives how many floats that is.
#[allow(clippy::manual_memcpy)]
#[inline(always)]
fn columns<S: Simd, const V: usize>(
    simd: S,
    rows: &Sparse,
    vectors: &[f32],
    step: usize,
    places: &[usize],
    column: usize,
    out: &mut [f32],
) -> usize {
    let width = V * S::F32_LANES;
    let mut end = rows.count();
    for (r, place) in places.iter().enumerate().rev() {
        let start = if r > 0 { rows.ends[r - 1] } else { 0 };
        let out = S::as_mut_simd_f32s(&mut out[place + column..][..width]).0;
        let mut sums = [simd.splat_f32s(0.); V];
        for v in 0..V {
            sums[v] = out[v];
        }
        for &(k, x) in &rows.numbers[start..end] {
            let vector = S::as_simd_f32s(&vectors[k as usize * step + column..][..width]).0;
            let x = simd.splat_f32s(x);
            for v in 0..V {
                sums[v] = simd.mul_add_f32s(x, vector[v], sums[v]);
            }
        }
        for v in 0..V {
            out[v] = sums[v];
        }
        end = start;
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::product::starts;
    use crate::simd;

    /// Bit for bit what a loop over all numbers gives, zeros too, from the last row to the first.
    #[test]
    fn zeros_that_are_left_out_change_no_bit() {
        let number = |i: usize| ((i * 7919 + 1) % 2003) as f32 / 1001.5 - 1.;
        for (rows, terms, width) in [(1, 1, 16), (5, 7, 96), (9, 16, 240), (4, 3, 64)] {
            let full = |i| if i * 7919 % 5 < 3 { 0. } else { number(i) };
            let numbers: Vec<f32> = (0..rows * terms).map(full).collect();
            let vectors: Vec<f32> = (0..terms * width).map(number).collect();
            // Places overlap as the patches of an image do.
            let places = starts(rows, 16);
            let mut expected: Vec<f32> = (0..width + 16 * rows).map(number).collect();
            let begin = expected.clone();
            for (place, row) in places.iter().zip(numbers.chunks(terms)).rev() {
                for (x, vector) in row.iter().zip(vectors.chunks(width)) {
                    for (sum, y) in expected[*place..].iter_mut().zip(vector) {
                        *sum = x.mul_add(*y, *sum);
                    }
                }
            }
            let mut sparse = Sparse::default();
            sparse.fill(&vectors, width); // What another matrix has left does not matter.
            sparse.fill(&numbers, terms);
            assert_eq!(sparse.count(), numbers.iter().filter(|x| **x != 0.).count());
            for (name, arch) in simd::available() {
                let mut out = begin.clone();
                simd::with(arch, || {
                    sparse.add_product((&vectors, width), (&places, width), &mut out);
                });
                assert_eq!(out, expected, "{name} {rows} {terms} {width}");
            }
        }
    }

    #[test]
    fn not_a_number_is_not_left_out() {
        let mut sparse = Sparse::default();
        sparse.fill(&[0., f32::NAN, 1., 0.], 2);
        let mut out = [0.; 32];
        sparse.add_product((&[1.; 32], 16), (&[0, 16], 16), &mut out);
        assert!(out[..16].iter().all(|x| x.is_nan()));
        assert_eq!(out[16..], [1.; 16]);
    }
}
