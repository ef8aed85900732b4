//! Rows with the same inputs: one may train and the other test.

use rayon::prelude::*;

use super::key::{mixed, of_cells, of_code, of_number, of_target};
use crate::data::split::Split;
use crate::data::table::{Cells, Column, Table, Warning, WarningKind};
use crate::data::words::count;

/// Warns of rows whose inputs are those of an earlier row, two missing values being equal, and counts
/// those with another target. Copies that all are in one group are in one fold.
pub fn warning(table: &Table, split: &Split) -> Option<Warning> {
    let target = of_target(&table.target.as_ref()?.values);
    let groups: Option<Vec<u64>> = match split {
        Split::Grouped { groups, .. } => Some(of_cells(&groups.cells).collect()),
        _ => None,
    };
    let mut rows: Vec<(u64, usize)> = hashes(table).into_iter().zip(0..).collect();
    rows.par_sort_unstable();
    let (mut copies, mut others) = (0, 0);
    for same in rows.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
        let (first, rest) = (same[0].1, &same[1..]);
        let differ = |of: &[u64]| rest.iter().filter(|(_, row)| of[*row] != of[first]).count();
        if groups.as_ref().is_none_or(|groups| differ(groups) > 0) {
            copies += rest.len();
            others += differ(&target);
        }
    }
    let rows = count(copies, "row");
    let (all, verb) = (table.rows.len(), if copies == 1 { "has" } else { "have" });
    let others = match others {
        0 => "none with another target".to_string(),
        others => format!("{others} with another target"),
    };
    let remedy = if groups.is_some() { "" } else { "; --group COLUMN keeps them in one fold" };
    let text = format!(
        "{rows} of {all} {verb} the same inputs as an earlier row, {others}: copies may be training \
         and test rows at once{remedy}"
    );
    (copies > 0).then(|| Warning::new(WarningKind::DuplicateRows, text))
}

/// Returns a hash of the inputs of each row. That two of a million different rows have the same one has
/// a probability of 3e-8.
fn hashes(table: &Table) -> Vec<u64> {
    const ROWS: usize = 1 << 14;
    let mut hashes = vec![0; table.rows.len()];
    let add = |(part, hashes): (usize, &mut [u64])| {
        for Column { cells, .. } in &table.columns {
            let rows = part * ROWS..part * ROWS + hashes.len();
            match cells {
                Cells::Numbers(numbers) => {
                    let cells = hashes.iter_mut().zip(&numbers[rows]);
                    cells.for_each(|(hash, number)| *hash = mixed(*hash ^ of_number(*number)));
                }
                Cells::Categories { codes, .. } => {
                    let cells = hashes.iter_mut().zip(&codes[rows]);
                    cells.for_each(|(hash, code)| *hash = mixed(*hash ^ of_code(*code)));
                }
            }
        }
    };
    hashes.par_chunks_mut(ROWS).enumerate().for_each(add);
    hashes
}
