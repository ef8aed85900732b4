//! Columns that equal or determine the target, which may be known only with it.

use std::collections::hash_map::Entry;

use rayon::prelude::*;

use super::evidence::{Counts, is_no_chance, ln_factorial};
use super::key::{self, Keys, MISSING};
use super::ranges::{Ranges, correlation, is_monotone};
use crate::data::table::{Cells, Column, Table, Target, TargetValues, Warning, WarningKind};
use crate::data::words::{listed, shown};

/// Rows that each value of a column has on average, if values can determine the target: fewer could be
/// ids.
const ROWS_OF_A_VALUE: usize = 5;
/// Rows in which a measurement may well keep the order of the target.
const ORDERLY: usize = 100;
/// Rows that a correlation rests on.
const CORRELATED: usize = 20;

/// Warns of each column that equals or determines the target, or almost.
pub fn warnings(table: &Table) -> Vec<Warning> {
    const MOST: usize = 3;
    let Some(target) = &table.target else { return Vec::new() };
    let keys = key::of_target(&target.values);
    let leak = |column| Some((column, leak(column, target, &keys)?));
    let found: Vec<(&Column, Leak)> = table.columns.par_iter().filter_map(leak).collect();
    let texts: Vec<String> = match found.len() {
        0..=MOST => found.iter().map(|(column, leak)| leak.text(column, target)).collect(),
        number => {
            let names = listed(found.iter().map(|(column, _)| column.name.as_str()));
            vec![format!(
                "{number} columns equal or determine the target {}: {names}; are they known before the \
                 target? --column NAME=drop leaves one out",
                shown(&target.name)
            )]
        }
    };
    texts.into_iter().map(|text| Warning::new(WarningKind::Leakage, text)).collect()
}

/// How a column determines the target, and in how many rows.
struct Leak {
    how: How,
    rows: usize,
}

enum How {
    /// It is the target.
    Equal,
    /// Each of so many values goes with one value of the target.
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

fn leak(column: &Column, target: &Target, keys: &[u64]) -> Option<Leak> {
    let rows = Rows::new(&column.cells, keys);
    if equals(&column.cells, &target.values) && is_no_chance(rows.target(), |_| 0.) {
        return Some(Leak { how: How::Equal, rows: keys.len() });
    }
    let how = rows.by_missing().or_else(|| rows.by_values());
    if let Some(how) = how {
        return Some(Leak { how, rows: rows.target().count() });
    }
    let Cells::Numbers(numbers) = &column.cells else { return None };
    match &target.values {
        TargetValues::Classes { names, labels } => {
            let ranges = Ranges::apart(numbers, labels, names.len())?;
            let parts = ranges.len() + usize::from(rows.missing == Missing::One);
            let count = rows.target().count();
            let is_leak = count >= ORDERLY && is_no_chance(rows.target(), |_| ln_factorial(parts));
            is_leak.then_some(Leak { how: How::Ranges, rows: count })
        }
        TargetValues::Numbers(values) => by_numbers(numbers, values, keys),
    }
}

/// The rows of a column in which it may determine the target.
struct Rows<'a> {
    cells: &'a Cells,
    keys: &'a [u64],
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
    fn new(cells: &'a Cells, keys: &'a [u64]) -> Self {
        let mut lacking = key::of_cells(cells).zip(keys).filter(|(cell, _)| *cell == MISSING);
        let missing = match lacking.next() {
            None => Missing::Never,
            Some((_, first)) if lacking.all(|(_, key)| key == first) => Missing::One,
            Some(_) => Missing::Several,
        };
        Self { cells, keys, missing }
    }

    /// Returns the keys of the target.
    fn target(&self) -> impl Iterator<Item = u64> {
        let counts = move |cell: u64| cell != MISSING || self.missing != Missing::Several;
        let rows = key::of_cells(self.cells).zip(self.keys);
        rows.filter(move |(cell, _)| counts(*cell)).map(|(_, key)| *key)
    }

    fn by_missing(&self) -> Option<How> {
        let mut present = key::of_cells(self.cells).zip(self.keys).filter(|row| row.0 != MISSING);
        let (_, first) = present.next().filter(|_| self.missing == Missing::One)?;
        let is_leak = present.all(|(_, key)| key == first)
            && is_no_chance(self.target(), |counts| 2. * (counts.values as f64).ln());
        is_leak.then_some(How::Missing)
    }

    fn by_values(&self) -> Option<How> {
        let most = self.keys.len() / ROWS_OF_A_VALUE;
        let mut found: Keys<u64> = Keys::default();
        for (cell, target) in key::of_cells(self.cells).zip(self.keys) {
            if cell == MISSING && self.missing == Missing::Several {
                continue;
            }
            match found.entry(cell) {
                Entry::Occupied(own) if own.get() != target => return None,
                Entry::Occupied(_) => {}
                Entry::Vacant(own) => {
                    own.insert(*target);
                }
            }
            if found.len() > most {
                return None;
            }
        }
        let values = found.len();
        let ways = |counts: Counts| values as f64 * (counts.values as f64).ln();
        let is_leak =
            self.target().count() >= ROWS_OF_A_VALUE * values && is_no_chance(self.target(), ways);
        is_leak.then_some(How::Values(values))
    }
}

/// Returns how numbers determine others in the rows that have them.
fn by_numbers(numbers: &[f64], values: &[f64], keys: &[u64]) -> Option<Leak> {
    let (r, rows) = correlation(numbers, values);
    let target = || numbers.iter().zip(keys).filter(|(x, _)| !x.is_nan()).map(|(_, key)| *key);
    if rows >= ORDERLY
        && is_monotone(numbers, values)
        && is_no_chance(target(), |_| std::f64::consts::LN_2)
    {
        return Some(Leak { how: How::Monotone, rows });
    }
    let is_leak =
        rows >= CORRELATED && r.abs() > 0.9999 && inner_correlation(numbers, values) > 0.99;
    is_leak.then_some(Leak { how: How::Correlation(r), rows })
}

/// Returns the size of the correlation over the middle half of the target, on which a few huge values
/// have no influence.
fn inner_correlation(numbers: &[f64], values: &[f64]) -> f64 {
    let rows = || numbers.iter().zip(values).filter(|(x, _)| !x.is_nan());
    let mut sorted: Vec<f64> = rows().map(|(_, y)| *y).collect();
    sorted.par_sort_unstable_by(f64::total_cmp);
    let middle = sorted[sorted.len() / 4]..=sorted[sorted.len() * 3 / 4];
    let (xs, ys): (Vec<f64>, Vec<f64>) = rows().filter(|(_, y)| middle.contains(*y)).unzip();
    correlation(&xs, &ys).0.abs()
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

impl Leak {
    fn text(&self, column: &Column, target: &Target) -> String {
        let (name, goal) = (shown(&column.name), shown(&target.name));
        let value = match target.values {
            TargetValues::Classes { .. } => "class",
            TargetValues::Numbers(_) => "value",
        };
        let verb = match self.how {
            How::Equal => "equals",
            How::Correlation(_) => "almost determines",
            _ => "determines",
        };
        let why = match self.how {
            How::Equal => String::new(),
            How::Values(1) => format!(", its one value going with one {value}"),
            How::Values(values) => format!(", each of its {values} values going with one {value}"),
            How::Missing => format!(", being missing for one {value} alone"),
            How::Ranges => ", its ranges of the classes being apart".to_string(),
            How::Monotone => ", which only rises or only falls with it".to_string(),
            How::Correlation(r) => format!(", with a correlation of {r:.5}"),
        };
        let rows = self.rows;
        format!(
            "column {name} {verb} the target {goal} in all {rows} rows{why}: is it known before the \
             target? --column {name}=drop leaves it out"
        )
    }
}
