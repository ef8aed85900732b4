//! Tables with few rows.

use crate::data::table::{Table, Warning, WarningKind};
use crate::data::words::count;

/// Warns of fewer than 100 rows, and of fewer than 10 rows for each input column.
pub fn warning(table: &Table) -> Option<Warning> {
    const ROWS: usize = 100;
    const ROWS_OF_A_COLUMN: usize = 10;
    let (rows, columns) = (table.rows.len(), table.columns.len());
    let reason = match (rows < ROWS, rows < ROWS_OF_A_COLUMN * columns) {
        (true, _) => format!("{rows} rows, fewer than {ROWS}"),
        (false, true) => format!(
            "{rows} rows for {}, fewer than {ROWS_OF_A_COLUMN} for each",
            count(columns, "input column")
        ),
        (false, false) => return None,
    };
    let text = format!("{reason}: scores vary much between splits, so expect wide intervals");
    Some(Warning::new(WarningKind::FewRows, text))
}
