//! The columns of a table that a preparation reads.

use std::collections::BTreeMap;

use candle_core::{Result, bail};

use super::category::MISSING;
use super::number::Number;
use super::{Fitted, FittedColumn, check_len};
use crate::data::table::{Cells, Column, Table};

/// A column of the table with what becomes of it.
pub(super) struct Source<'a> {
    /// The name of the column.
    pub name: &'a str,
    /// The number of prepared columns.
    pub width: usize,
    cells: Matched<'a>,
}

/// The cells of a column and what they become. Without cells all are missing.
enum Matched<'a> {
    Numbers {
        cells: Option<&'a [f64]>,
        number: &'a Number,
    },
    Categories {
        cells: Option<&'a [Option<u32>]>,
        places: Vec<Option<usize>>,
        missing: Option<usize>,
    },
}

/// Finds the columns of a preparation in a table.
pub(super) fn sources<'a>(
    columns: &'a [FittedColumn],
    table: &'a Table,
) -> Result<Vec<Source<'a>>> {
    let own: BTreeMap<&str, &Column> =
        table.columns.iter().map(|column| (column.name.as_str(), column)).collect();
    let (mut sources, mut absent) = (Vec::new(), Vec::new());
    for column in columns.iter().filter(|column| column.width() > 0) {
        match own.get(column.name.as_str()) {
            Some(found) => sources.push(Source::new(column, found, table)?),
            None => absent.push(format!("'{}'", column.name)),
        }
    }
    if !absent.is_empty() {
        bail!(
            "expected the columns of the training table, received a table without {}",
            absent.join(", ")
        )
    }
    Ok(sources)
}

impl<'a> Source<'a> {
    fn new(column: &'a FittedColumn, found: &'a Column, table: &Table) -> Result<Self> {
        let name = column.name.as_str();
        let cells = match &found.cells {
            Cells::Numbers(values) => values.len(),
            Cells::Categories { codes, .. } => codes.len(),
        };
        check_len(name, cells, table)?;
        let cells = match (&column.fitted, &found.cells) {
            (Fitted::Number(number), Cells::Numbers(values)) => {
                Matched::Numbers { cells: Some(values), number }
            }
            // A column of missing values alone has no kind of its own.
            (Fitted::Number(number), Cells::Categories { codes, .. })
                if codes.iter().all(Option::is_none) =>
            {
                Matched::Numbers { cells: None, number }
            }
            (Fitted::Category { categories }, Cells::Categories { names, codes }) => {
                let places = names.iter().map(|name| place(categories, name)).collect();
                Matched::Categories {
                    cells: Some(codes),
                    places,
                    missing: place(categories, MISSING),
                }
            }
            (Fitted::Category { categories }, Cells::Numbers(values))
                if values.iter().all(|x| x.is_nan()) =>
            {
                let missing = place(categories, MISSING);
                Matched::Categories { cells: None, places: Vec::new(), missing }
            }
            (Fitted::Category { .. }, Cells::Numbers(_)) => bail!(
                "column '{name}': expected categories as in the training table, received numbers"
            ),
            (Fitted::Number(_) | Fitted::Empty, _) => bail!(
                "column '{name}': expected numbers as in the training table, received categories"
            ),
        };
        Ok(Self { name, width: column.width(), cells })
    }

    /// Fills this source's columns of rows that are `width` apart and 0, and marks the rows with a
    /// number outside of the training rows' range. Returns how many cells have an unknown category.
    pub fn fill(
        &self,
        rows: &[usize],
        filled: &mut [f32],
        width: usize,
        outside: &mut [bool],
    ) -> usize {
        let rows = rows.iter().zip(filled.chunks_mut(width));
        match &self.cells {
            Matched::Numbers { cells, number } => {
                for ((&row, filled), outside) in rows.zip(outside) {
                    let x = cells.map_or(f64::NAN, |cells| cells[row]);
                    let present = if x.is_nan() { number.median } else { x };
                    filled[0] = number.score(present) as f32;
                    if number.missing > 0 {
                        filled[1] = f32::from(u8::from(x.is_nan()));
                    }
                    *outside |= number.is_outside(x);
                }
                0
            }
            Matched::Categories { cells, places, missing } => {
                let mut unknown = 0;
                for (&row, filled) in rows {
                    let place = match cells.and_then(|cells| cells[row]) {
                        Some(code) => places.get(code as usize).copied().flatten(),
                        None => *missing,
                    };
                    match place {
                        Some(place) => filled[place] = 1.,
                        None => unknown += 1,
                    }
                }
                unknown
            }
        }
    }
}

/// Returns the place of a name among sorted categories.
fn place(categories: &[String], name: &str) -> Option<usize> {
    categories.binary_search_by(|category| category.as_str().cmp(name)).ok()
}
