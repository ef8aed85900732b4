//! Numbers whose order is that of the target.

use std::cmp::Ordering;

use rayon::prelude::*;

/// The ranges of a column of numbers in which each class lies.
pub struct Ranges(Vec<Option<[f64; 2]>>);

impl Ranges {
    /// Returns the ranges if no two of them overlap. Missing numbers lie nowhere.
    pub fn apart(numbers: &[f64], labels: &[u32], classes: usize) -> Option<Self> {
        // Ranges only grow: most columns are done after the first look.
        const FIRST: usize = 1 << 10;
        let mut ranges = Self(vec![None; classes]);
        for (row, (x, label)) in (1..).zip(numbers.iter().zip(labels)) {
            if !x.is_nan() {
                let [low, high] = ranges.0[*label as usize].get_or_insert([*x, *x]);
                (*low, *high) = (low.min(*x), high.max(*x));
            }
            if row >= FIRST && usize::is_power_of_two(row) && ranges.overlap() {
                return None;
            }
        }
        (!ranges.overlap()).then_some(ranges)
    }

    fn overlap(&self) -> bool {
        let mut found: Vec<[f64; 2]> = self.0.iter().flatten().copied().collect();
        found.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
        found.windows(2).any(|pair| pair[0][1] >= pair[1][0])
    }

    /// Returns the number of ranges.
    pub fn len(&self) -> usize {
        self.0.iter().flatten().count()
    }
}

/// Returns whether one column only rises or only falls with another, and equal values of the first go
/// with one value of the other. Rows without the first do not matter.
pub fn is_monotone(xs: &[f64], ys: &[f64]) -> bool {
    let rows = || xs.iter().copied().zip(ys.iter().copied()).filter(|(x, _)| !x.is_nan());
    // The rows as they are tell of most columns that they are not.
    if !go_one_way(rows().zip(rows().skip(1))) {
        return false;
    }
    let mut sorted: Vec<Row> = rows().collect();
    sorted.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    go_one_way(sorted.windows(2).map(|pair| (pair[0], pair[1])))
}

/// A number of each column.
type Row = (f64, f64);

/// Returns whether all steps go up, or all go down, and none straight up or down.
fn go_one_way(mut pairs: impl Iterator<Item = (Row, Row)>) -> bool {
    let mut first = None;
    pairs.all(|((x, y), (next_x, next_y))| match (x.partial_cmp(&next_x), y.partial_cmp(&next_y)) {
        (_, Some(Ordering::Equal)) => true,
        (Some(Ordering::Equal), _) => false,
        (x, y) => *first.get_or_insert(x == y) == (x == y),
    })
}

/// Returns Pearson's correlation over the rows in which neither number is missing.
pub fn correlation(xs: &[f64], ys: &[f64]) -> f64 {
    let rows =
        || xs.iter().copied().zip(ys.iter().copied()).filter(|(x, y)| !x.is_nan() && !y.is_nan());
    let count = rows().count();
    let (x, y) = rows().fold((0., 0.), |sum, (x, y)| (sum.0 + x, sum.1 + y));
    let (x_mean, y_mean) = (x / count as f64, y / count as f64);
    let [xx, yy, xy] = rows().fold([0.; 3], |[xx, yy, xy], (x, y)| {
        let (x, y) = (x - x_mean, y - y_mean);
        [xx + x * x, yy + y * y, xy + x * y]
    });
    xy / (xx * yy).sqrt()
}
