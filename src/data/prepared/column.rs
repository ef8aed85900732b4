//! What a column of the table becomes.

use candle_core::{Result, bail};
use serde::{Deserialize, Serialize};

use super::category::categories;
use super::check_len;
use super::number::Number;
use crate::data::table::{Cells, Column, Table};

/// A column of the table, and what it becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedColumn {
    /// Its name in the table.
    pub name: String,
    /// What it becomes.
    #[serde(flatten)]
    pub fitted: Fitted,
}

/// What a column becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fitted {
    /// A standard score, and an indicator if values are missing.
    Number(Number),
    /// One column of 0 and 1 for each category.
    Category {
        /// The categories sorted by name.
        categories: Vec<String>,
    },
    /// Nothing: the training rows have no number.
    Empty,
}

impl FittedColumn {
    /// Fits a column on rows of its table.
    pub(super) fn fit(column: &Column, table: &Table, rows: &[usize]) -> Result<Self> {
        let name = &column.name;
        let fitted = match &column.cells {
            Cells::Numbers(values) => {
                check_len(name, values.len(), table)?;
                match Number::of(rows.iter().map(|row| values[*row]).collect()) {
                    Ok(number) => number.map_or(Fitted::Empty, Fitted::Number),
                    Err(at) => bail!(
                        "column '{name}': expected numbers that f32 holds, received {:e} in row {}",
                        values[rows[at]],
                        table.rows[rows[at]]
                    ),
                }
            }
            Cells::Categories { names, codes } => {
                check_len(name, codes.len(), table)?;
                Fitted::Category { categories: categories(names, codes, rows)? }
            }
        };
        Ok(Self { name: name.clone(), fitted })
    }

    /// Returns the number of columns that it becomes.
    pub(super) fn width(&self) -> usize {
        match &self.fitted {
            Fitted::Number(number) => 1 + usize::from(number.missing > 0),
            Fitted::Category { categories } => categories.len(),
            Fitted::Empty => 0,
        }
    }

    /// Returns the names of the columns that it becomes.
    pub(super) fn names(&self) -> Vec<String> {
        let name = &self.name;
        match &self.fitted {
            Fitted::Number(number) if number.missing > 0 => {
                vec![name.clone(), format!("{name} missing")]
            }
            Fitted::Number(_) => vec![name.clone()],
            Fitted::Category { categories } => {
                categories.iter().map(|category| format!("{name}={category}")).collect()
            }
            Fitted::Empty => Vec::new(),
        }
    }
}
