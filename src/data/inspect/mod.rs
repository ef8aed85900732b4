//! What to know of a table before scores on it are believed: statistics of its columns, and warnings.
//!
//! | warning | rule |
//! |---|---|
//! | [`Leakage`](WarningKind::Leakage) | a column equals or determines the target |
//! | [`DuplicateRows`](WarningKind::DuplicateRows) | rows have the same inputs |
//! | [`ClassImbalance`](WarningKind::ClassImbalance) | a class is too frequent or too rare |
//! | [`FewRows`](WarningKind::FewRows) | fewer than 100 rows, or than 10 for each input |
//! | [`RowOrder`](WarningKind::RowOrder) | the target follows the order of the rows |
//!
//! A million rows of 30 columns take a fraction of a second.

mod balance;
mod determined;
mod duplicates;
mod evidence;
mod few;
mod key;
mod leakage;
mod order;
mod ranges;
mod statistics;

use rayon::prelude::*;

use super::split::Split;
#[cfg(doc)]
use super::table::WarningKind;
use super::table::{ColumnReading, Reading, Role, Table};

/// Adds to what was decided about a table the statistics of its columns, the part that columns have in
/// a split, and warnings. A column that splits the rows is no input; the table may have it or not.
pub fn inspect(reading: &mut Reading, table: &Table, split: &Split) {
    let splits = match split {
        Split::Grouped { groups, .. } => Some((groups.name.as_str(), Role::Group)),
        Split::Time { times, .. } => Some((times.name.as_str(), Role::Time)),
        _ => None,
    };
    let has = |name: &str| table.columns.iter().any(|column| column.name == name);
    if let Some((name, role)) = splits.filter(|(name, _)| !has(name)) {
        let own = reading.columns.iter_mut().find(|column| column.name == name);
        own.into_iter().for_each(|column| column.role = role);
    }
    reading.columns.par_iter_mut().for_each(|column| describe(column, table));
    let warnings = leakage::warnings(table).into_iter();
    let warnings = warnings.chain(duplicates::warning(table, split));
    let warnings = warnings.chain(balance::warnings(table, split));
    let warnings = warnings.chain(few::warning(table));
    reading.warnings = warnings.chain(order::warning(table, split)).collect();
}

/// Adds the statistics of an input or the target.
fn describe(reading: &mut ColumnReading, table: &Table) {
    match reading.role {
        Role::Input => {
            let own = table.columns.iter().find(|column| column.name == reading.name);
            own.into_iter().for_each(|column| statistics::of_cells(reading, &column.cells));
        }
        Role::Target => {
            let own = table.target.iter();
            own.for_each(|target| statistics::of_target(reading, &target.values));
        }
        Role::Dropped | Role::Group | Role::Time => {}
    }
}
