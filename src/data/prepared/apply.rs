//! Applies a preparation to rows of a table.

use candle_core::{Result, bail};
use rayon::prelude::*;

use super::source::{Source, sources};
use super::{Preparation, check_rows};
use crate::data::table::Table;

/// Inputs of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// The inputs, row by row.
    pub values: Vec<f32>,
    /// The names of the inputs, as many as each row has values.
    pub names: Vec<String>,
    /// The columns with categories that the training rows do not have.
    pub unknown: Vec<Unknown>,
    /// The number of rows with a number below or above those of all training rows.
    pub outside: usize,
    /// The columns of the table that the preparation does not know.
    pub ignored: Vec<String>,
}

/// Cells of a column whose category the training rows do not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The column.
    pub column: String,
    /// The number of such cells.
    pub cells: usize,
}

impl Preparation {
    /// Prepares rows of a table, whose columns are matched by name.
    ///
    /// # Errors
    /// If the table does not have these rows or lacks columns, a column is of another kind, or a
    /// value is too large for f32. The error names the columns and the row.
    pub fn apply(&self, table: &Table, rows: &[usize]) -> Result<Prepared> {
        /// Rows of a piece that one thread fills column by column.
        const PIECE: usize = 1024;
        check_rows(table, rows)?;
        let (sources, names) = (sources(&self.columns, table)?, self.names());
        let width = names.len();
        let mut values = vec![0.; rows.len() * width];
        let pieces = values.par_chunks_mut(PIECE * width).zip(rows.par_chunks(PIECE));
        let filled: Vec<Filled> =
            pieces.map(|(piece, rows)| fill(&sources, rows, piece, width)).collect();

        let mut cells = vec![0; sources.len()];
        for (piece, filled) in filled.iter().enumerate() {
            if let Some(at) = filled.infinite {
                let row = rows[piece * PIECE + at / width];
                bail!(
                    "column '{}': expected numbers that f32 holds after preparation, received a \
                     larger one in row {}",
                    names[at % width],
                    table.rows[row]
                )
            }
            cells.iter_mut().zip(&filled.unknown).for_each(|(sum, cells)| *sum += cells);
        }
        let columns = sources.iter().map(|source| source.name);
        let unknown = columns.zip(cells).filter(|(_, cells)| *cells > 0);
        let known = |name: &String| self.columns.iter().any(|column| column.name == *name);
        let all = table.columns.iter().map(|column| &column.name);
        Ok(Prepared {
            values,
            names,
            unknown: unknown
                .map(|(column, cells)| Unknown { column: column.to_string(), cells })
                .collect(),
            outside: filled.iter().map(|filled| filled.outside).sum(),
            ignored: all.filter(|name| !known(name)).cloned().collect(),
        })
    }
}

/// What was found in a piece.
struct Filled {
    /// Cells of an unknown category in each column.
    unknown: Vec<usize>,
    /// Rows with a number outside of the training rows' range.
    outside: usize,
    /// The index of a value that is not finite.
    infinite: Option<usize>,
}

/// Fills a piece of zeros with some rows.
fn fill(sources: &[Source], rows: &[usize], piece: &mut [f32], width: usize) -> Filled {
    let (mut first, mut outside) = (0, vec![false; rows.len()]);
    let mut unknown = Vec::with_capacity(sources.len());
    for source in sources {
        unknown.push(source.fill(rows, &mut piece[first..], width, &mut outside));
        first += source.width;
    }
    Filled {
        unknown,
        outside: outside.into_iter().filter(|outside| *outside).count(),
        infinite: piece.iter().position(|x| !x.is_finite()),
    }
}
