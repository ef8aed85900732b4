//! Preparation: what a network takes as inputs and targets, fitted on training rows alone.
//!
//! Numbers: a missing value becomes the training rows' median, and the column gets an indicator
//! (0 or 1) right after it if training rows have missing values; then the number, not its
//! indicator, gets the standard score with the training rows' mean and population standard
//! deviation. A column of one number becomes 0; a column without a number in the training rows is
//! left out, and [`Preparation::left_out`] names it. Categories: one column of 0 and 1 for each
//! category of the training rows, `<missing>` being one. A category that the training rows do not
//! have is 0 in all of them, and counted.

mod apply;
mod category;
mod column;
mod number;
mod source;
mod target;

use candle_core::{Result, bail};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use apply::{Prepared, Unknown};
pub use category::MISSING;
pub use column::{Fitted, FittedColumn};
pub use number::Number;
pub use target::{FittedTarget, TargetScale};

use super::split::TrainRows;
use super::table::Table;

/// A preparation fitted on training rows. It is plain data: numbers keep their bits in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preparation {
    /// The columns of the table, in its order.
    pub columns: Vec<FittedColumn>,
    /// The target.
    pub target: FittedTarget,
}

impl Preparation {
    /// Fits a preparation on training rows of a table.
    ///
    /// # Errors
    /// If the rows do not belong to the table, the table has no target, f32 cannot hold a number, or
    /// no column has a value in the training rows. The error names the column and the row.
    pub fn fit(table: &Table, rows: &TrainRows) -> Result<Self> {
        let rows = rows.as_slice();
        check_rows(table, rows)?;
        let Some(target) = &table.target else {
            bail!("expected a table with a target to prepare, received one without")
        };
        let fit = |column| FittedColumn::fit(column, table, rows);
        let columns: Vec<FittedColumn> =
            table.columns.par_iter().map(fit).collect::<Result<_>>()?;
        if columns.iter().all(|column| column.width() == 0) {
            bail!(
                "expected a column with values in the training rows, received {} columns without",
                columns.len()
            )
        }
        Ok(Self { columns, target: FittedTarget::fit(target, table, rows)? })
    }

    /// Returns the names of the prepared columns: `age`, `age missing`, `sex=female`.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().flat_map(FittedColumn::names).collect()
    }

    /// Returns the number of the table's column that each prepared column is of: the indicators of a category
    /// share it.
    pub fn sources(&self) -> Vec<usize> {
        let of = |(number, own): (usize, &FittedColumn)| vec![number; own.names().len()];
        self.columns.iter().enumerate().flat_map(of).collect()
    }

    /// Returns the names of the columns without a number in the training rows, which are left out.
    pub fn left_out(&self) -> Vec<&str> {
        let empty = self.columns.iter().filter(|column| matches!(column.fitted, Fitted::Empty));
        empty.map(|column| column.name.as_str()).collect()
    }
}

/// Refuses no rows, and rows that a table does not have.
fn check_rows(table: &Table, rows: &[usize]) -> Result<()> {
    let all = table.rows.len();
    match rows.iter().max() {
        None => bail!("expected rows to prepare, received none"),
        Some(row) if *row >= all => bail!("expected rows below {all}, received {row}"),
        Some(_) => Ok(()),
    }
}

/// Refuses a column with another number of cells than the table has rows.
fn check_len(name: &str, cells: usize, table: &Table) -> Result<()> {
    let rows = table.rows.len();
    if cells != rows {
        bail!("column '{name}': expected {rows} cells, received {cells}")
    }
    Ok(())
}
