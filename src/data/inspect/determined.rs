//! Whether a column determines the target.

use std::collections::hash_map::Entry;
use std::f64::consts::LN_2;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::evidence::{Counts, ln_factorial};
use super::key::{self, Keys, MISSING};
use super::ranges::{Ranges, correlation, is_monotone};
use crate::data::table::{Cells, TargetValues};

/// Rows that each value of a column has on average, if values can determine the target: fewer could be
/// ids.
const ROWS_OF_A_VALUE: usize = 5;
/// Rows in which a measurement may well keep the order of the target.
const ORDERLY: usize = 100;
/// Rows that a correlation rests on.
const CORRELATED: usize = 20;

/// How a column determines the target, and in how many rows.
pub struct Leak {
    pub how: How,
    pub rows: usize,
}

pub enum How {
    /// It is the target.
    Equal,
    /// Each value goes with one value of the target; the number of values.
    Values(usize),
    /// One class is where the column is missing, another where it is not.
    Missing,
    /// Classes have ranges that are apart.
    Ranges,
    /// The target only rises or only falls with it.
    Monotone,
    /// The correlation is 1 but for rounding.
    Correlation(f64),
}

/// A target in all rows.
pub struct Goal {
    keys: Vec<u64>,
    counts: OnceLock<Counts>,
}

impl Goal {
    pub fn of(values: &TargetValues) -> Self {
        Self { keys: key::of_target(values), counts: OnceLock::new() }
    }
}

/// Returns how a column determines the target, if it does.
pub fn leak(cells: &Cells, values: &TargetValues, goal: &Goal) -> Option<Leak> {
    let rows = Rows::new(cells, goal);
    let how = match equals(cells, values) && rows.exclude_chance(|_| 0.) {
        true => Some(How::Equal),
        false => rows.by_missing().or_else(|| rows.by_values()),
    };
    if let Some(how) = how {
        return Some(Leak { how, rows: rows.count() });
    }
    let Cells::Numbers(numbers) = cells else { return None };
    let (how, rows) = match values {
        TargetValues::Classes { names, labels } => {
            (rows.by_ranges(numbers, labels, names.len())?, rows)
        }
        TargetValues::Numbers(values) => {
            let rows = rows.present();
            (rows.by_numbers(numbers, values)?, rows)
        }
    };
    Some(Leak { how, rows: rows.count() })
}

/// The rows of a column in which it may determine the target.
struct Rows<'a> {
    cells: &'a Cells,
    goal: &'a Goal,
    missing: Missing,
}

/// The target's values where a column is missing.
#[derive(PartialEq)]
enum Missing {
    /// It is never missing.
    Never,
    /// One value: missing is as good as any other value of the column.
    One,
    /// Several values: only rows that have the column count.
    Several,
}

impl<'a> Rows<'a> {
    fn new(cells: &'a Cells, goal: &'a Goal) -> Self {
        let mut lacking = key::of_cells(cells).zip(&goal.keys).filter(|(cell, _)| *cell == MISSING);
        let missing = match lacking.next() {
            None => Missing::Never,
            Some((_, first)) if lacking.all(|(_, key)| key == first) => Missing::One,
            Some(_) => Missing::Several,
        };
        Self { cells, goal, missing }
    }

    /// Returns the rows that have the column.
    fn present(self) -> Self {
        let missing = match self.missing {
            Missing::Never => Missing::Never,
            Missing::One | Missing::Several => Missing::Several,
        };
        Self { missing, ..self }
    }

    /// Returns the keys of column and target.
    fn keys(&self) -> impl Iterator<Item = (u64, u64)> {
        let is_in = |cell: u64| cell != MISSING || self.missing != Missing::Several;
        let rows = key::of_cells(self.cells).zip(self.goal.keys.iter().copied());
        rows.filter(move |(cell, _)| is_in(*cell))
    }

    fn count(&self) -> usize {
        match self.missing {
            Missing::Several => self.keys().count(),
            Missing::Never | Missing::One => self.goal.keys.len(),
        }
    }

    /// Returns whether the order of the target is no chance, given the logarithm of the number of such orders.
    fn exclude_chance(&self, ln_ways: impl Fn(Counts) -> f64) -> bool {
        let counts = match self.missing {
            Missing::Several => Counts::of(self.keys().map(|(_, key)| key)),
            Missing::Never | Missing::One => {
                *self.goal.counts.get_or_init(|| Counts::of(self.goal.keys.iter().copied()))
            }
        };
        counts.exclude_chance(ln_ways(counts))
    }

    fn by_missing(&self) -> Option<How> {
        let mut present = self.keys().filter(|(cell, _)| *cell != MISSING);
        let (_, first) = present.next().filter(|_| self.missing == Missing::One)?;
        let is_leak = present.all(|(_, key)| key == first)
            && self.exclude_chance(|counts| 2. * (counts.values as f64).ln());
        is_leak.then_some(How::Missing)
    }

    fn by_values(&self) -> Option<How> {
        let most = self.goal.keys.len() / ROWS_OF_A_VALUE;
        let mut found: Keys<u64> = Keys::default();
        for (cell, target) in self.keys() {
            if found.len() > most {
                return None;
            }
            match found.entry(cell) {
                Entry::Occupied(own) if *own.get() != target => return None,
                Entry::Occupied(_) => {}
                Entry::Vacant(own) => {
                    own.insert(target);
                }
            }
        }
        let values = found.len();
        let is_leak = self.count() >= ROWS_OF_A_VALUE * values
            && self.exclude_chance(|counts| values as f64 * (counts.values as f64).ln());
        is_leak.then_some(How::Values(values))
    }

    fn by_ranges(&self, numbers: &[f64], labels: &[u32], classes: usize) -> Option<How> {
        let ranges = Ranges::apart(numbers, labels, classes)?;
        let parts = ranges.len() + usize::from(self.missing == Missing::One);
        let is_leak = self.count() >= ORDERLY && self.exclude_chance(|_| ln_factorial(parts));
        is_leak.then_some(How::Ranges)
    }

    fn by_numbers(&self, numbers: &[f64], values: &[f64]) -> Option<How> {
        let rows = self.count();
        if rows >= ORDERLY && is_monotone(numbers, values) && self.exclude_chance(|_| LN_2) {
            return Some(How::Monotone);
        }
        let r = correlation(numbers, values);
        let is_leak =
            rows >= CORRELATED && r.abs() > 0.9999 && inner_correlation(numbers, values) > 0.99;
        is_leak.then_some(How::Correlation(r))
    }
}

/// Returns the size of the correlation over the middle half of the target, on which a few huge values
/// have no influence.
fn inner_correlation(numbers: &[f64], values: &[f64]) -> f64 {
    let rows = || numbers.iter().zip(values).filter(|(x, _)| !x.is_nan());
    let mut sorted: Vec<f64> = rows().map(|(_, y)| *y).collect();
    sorted.par_sort_unstable_by(f64::total_cmp);
    let middle = sorted[sorted.len() / 4]..=sorted[sorted.len() * 3 / 4];
    let (xs, ys): (Vec<f64>, Vec<f64>) = rows().filter(|(_, y)| middle.contains(*y)).unzip();
    correlation(&xs, &ys).abs()
}

/// Returns whether a column is the target.
fn equals(cells: &Cells, values: &TargetValues) -> bool {
    match (cells, values) {
        (Cells::Numbers(numbers), TargetValues::Numbers(values)) => numbers == values,
        (Cells::Numbers(numbers), TargetValues::Classes { names, labels }) => {
            let classes: Vec<Option<f64>> = names.iter().map(|name| name.parse().ok()).collect();
            let mut rows = numbers.iter().zip(labels);
            rows.all(|(x, label)| classes[*label as usize] == Some(*x))
        }
        (Cells::Categories { names, codes }, TargetValues::Classes { names: classes, labels }) => {
            let mut rows = codes.iter().zip(labels);
            rows.all(|(code, label)| {
                code.is_some_and(|code| names[code as usize] == classes[*label as usize])
            })
        }
        (Cells::Categories { .. }, TargetValues::Numbers(_)) => false,
    }
}
