//! Linear systems of a symmetric positive definite matrix.

/// The lower triangle of a symmetric matrix, row by row; row i has i + 1 numbers.
#[derive(Clone, Debug)]
pub(super) struct Triangle {
    rows: Vec<Vec<f64>>,
}

impl Triangle {
    /// Returns a matrix of zeros.
    pub fn zeros(size: usize) -> Self {
        Self { rows: (1..=size).map(|len| vec![0.; len]).collect() }
    }

    /// Returns a row up to the diagonal.
    pub fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.rows[row]
    }

    /// Returns the diagonal.
    pub fn diagonal(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().enumerate().map(|(i, row)| row[i])
    }

    /// Adds another matrix of the same size.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.rows.iter_mut().flatten().zip(other.rows.iter().flatten()) {
            *own += other;
        }
    }

    /// Adds Σ xᵀ x over four rows x.
    #[inline(always)]
    pub fn add_products(&mut self, four: &[f64]) {
        let size = self.rows.len();
        let (a, rest) = four.split_at(size);
        let (b, rest) = rest.split_at(size);
        let (c, d) = rest.split_at(size);
        for (i, row) in self.rows.iter_mut().enumerate() {
            let own = [a[i], b[i], c[i], d[i]];
            let others = a.iter().zip(b).zip(c.iter().zip(d));
            for (sum, ((a, b), (c, d))) in row.iter_mut().zip(others) {
                *sum += (own[0] * a + own[1] * b) + (own[2] * c + own[3] * d);
            }
        }
    }

    /// Returns L with L Lᵀ = A. A pivot that round-off may have made, 0 or less in the worst case, is
    /// raised to its size.
    pub fn cholesky(mut self) -> Cholesky {
        let least = 1e-14 * self.diagonal().fold(f64::MIN_POSITIVE, f64::max);
        for i in 0..self.rows.len() {
            let (above, rest) = self.rows.split_at_mut(i);
            let row = &mut rest[0];
            for (j, other) in above.iter().enumerate() {
                row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            row[i] = (row[i] - dot(&row[..i], &row[..i])).max(least).sqrt();
        }
        Cholesky { rows: self.rows }
    }
}

/// The factor L of a matrix L Lᵀ.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    rows: Vec<Vec<f64>>,
}

impl Cholesky {
    /// Returns the whole matrix, row by row.
    pub fn to_square(&self) -> Vec<f64> {
        let size = self.rows.len();
        let zeros = |row: &Vec<f64>| vec![0.; size - row.len()];
        self.rows.iter().flat_map(|row| row.iter().copied().chain(zeros(row))).collect()
    }

    /// Replaces b by the solution x of L Lᵀ x = b.
    pub fn solve(&self, b: &mut [f64]) {
        for (i, row) in self.rows.iter().enumerate() {
            b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
        }
        for (i, row) in self.rows.iter().enumerate().rev() {
            b[i] /= row[i];
            let x = b[i];
            for (b, l) in b[..i].iter_mut().zip(row) {
                *b -= l * x;
            }
        }
    }
}

/// Adds a multiple of a vector.
#[inline(always)]
pub(super) fn add<T: Copy + Into<f64>>(sum: &mut [f64], factor: f64, vector: &[T]) {
    for (sum, x) in sum.iter_mut().zip(vector) {
        *sum += factor * (*x).into();
    }
}

/// Returns Σ a b in four partial sums.
#[inline(always)]
pub(super) fn dot<T: Copy + Into<f64>>(a: &[f64], b: &[T]) -> f64 {
    let mut sums = [0.; 4];
    let (fours, others) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest = fours.remainder().iter().zip(others.remainder());
    let rest: f64 = rest.map(|(a, b)| a * (*b).into()).sum();
    for (a, b) in fours.zip(others) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * (*b).into();
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```text
    /// ⎡ 4 2 −2⎤   ⎡ 2    ⎤ ⎡2 1 −1⎤
    /// ⎢ 2 5  3⎥ = ⎢ 1 2  ⎥ ⎢  2  2⎥        A (1, −2, 3)ᵀ = (−6, 1, 19)ᵀ
    /// ⎣−2 3  9⎦   ⎣−1 2 2⎦ ⎣     2⎦
    /// ```
    #[test]
    fn a_system_by_hand() {
        let mut matrix = Triangle::zeros(3);
        matrix.row_mut(0)[0] = 4.;
        matrix.row_mut(1).copy_from_slice(&[2., 5.]);
        matrix.row_mut(2).copy_from_slice(&[-2., 3., 9.]);
        let factor = matrix.cholesky();
        assert_eq!(factor.rows, [vec![2.], vec![1., 2.], vec![-1., 2., 2.]]);
        let mut b = [-6., 1., 19.];
        factor.solve(&mut b);
        assert_eq!(b, [1., -2., 3.]);
    }

    #[test]
    fn a_product_of_seven() {
        let ones: Vec<f32> = (1..=7).map(|i| i as f32).collect();
        assert_eq!(dot(&[1., 2., 3., 4., 5., 6., 7.], &ones), 140.);
    }
}
