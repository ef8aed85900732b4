//! Splits that keep groups together.

use candle_core::{Result, bail};

use super::folds;
use crate::data::RandomState;
use crate::data::table::{Cells, Column};

/// Returns the test rows of each fold of `GroupKFold(folds, shuffle=True, random_state=seed)`: the
/// folds have as many groups, not as many rows.
pub(super) fn folds(column: &Column, folds: usize, seed: u32) -> Result<Vec<Vec<usize>>> {
    folds::check(folds)?;
    let groups = Groups::new(column)?;
    if groups.count < folds {
        bail!(
            "expected at least {folds} groups in column '{}' for {folds} folds, received {}",
            column.name,
            groups.count
        )
    }
    let fold_of_group = folds::shuffled(groups.count, folds, seed);
    let fold_of_row: Vec<usize> = groups.of_row.iter().map(|group| fold_of_group[*group]).collect();
    Ok(folds::rows_of_folds(&fold_of_row, folds))
}

/// Splits rows into those that stay and at least `count` that are taken: whole groups in the order
/// of a shuffle, until there are enough rows.
pub(super) fn take(
    column: &Column,
    rows: &[usize],
    count: usize,
    seed: u32,
) -> Result<[Vec<usize>; 2]> {
    let groups = Groups::new(column)?;
    let mut sizes = vec![0; groups.count];
    rows.iter().for_each(|row| sizes[groups.of_row[*row]] += 1);
    let mut order: Vec<usize> = (0..groups.count).filter(|group| sizes[*group] > 0).collect();
    RandomState::new(seed).shuffle(&mut order);
    let (mut enough, mut taken) = (0, vec![false; groups.count]);
    for group in order {
        if enough < count {
            enough += sizes[group];
            taken[group] = true;
        }
    }
    if enough == rows.len() {
        bail!(
            "expected groups in column '{}' that leave training rows, received groups so large that \
             {count} rows or more take all {}",
            column.name,
            rows.len()
        )
    }
    let (taken, stay) = rows.iter().partition(|row| taken[groups.of_row[**row]]);
    Ok([stay, taken])
}

/// The groups of a table, numbered in the order of their values.
struct Groups {
    count: usize,
    of_row: Vec<usize>,
}

impl Groups {
    fn new(column: &Column) -> Result<Self> {
        match &column.cells {
            Cells::Numbers(values) => {
                let mut distinct = values.clone();
                distinct.sort_unstable_by(f64::total_cmp);
                distinct.dedup();
                // -0 is 0.
                let of_row = values.iter().map(|x| distinct.partition_point(|y| y < x)).collect();
                Ok(Self { count: distinct.len(), of_row })
            }
            // A name without rows, which were left out for another reason, is no group.
            Cells::Categories { names, codes } => {
                let codes: Vec<usize> = codes.iter().flatten().map(|code| *code as usize).collect();
                let mut number = vec![0; names.len()];
                codes.iter().for_each(|code| number[*code] = 1);
                let mut count = 0;
                for number in &mut number {
                    count += *number;
                    *number = count - *number;
                }
                Ok(Self { count, of_row: codes.into_iter().map(|code| number[code]).collect() })
            }
        }
    }
}
