//! Reads tables from files as people have them: what is not told is guessed, each guess is reported,
//! and what is wrong is named with its line and its column.

mod builder;
mod choose;
mod dialect;
mod expected;
mod fault;
mod guessed;
mod head;
mod input;
mod load;
mod number;
mod options;
mod reading;
mod records;
mod schema;
mod target;
mod texts;

use std::path::Path;

use anyhow::{Error, Result};

use self::fault::Fault;
use self::head::Head;
use self::input::Source;
use super::Table;
use crate::data::words::shown;

pub use number::Decimal;
pub use options::{ColumnChoice, Format, Header, ReadOptions, Separator, TargetKind};
pub use reading::{CategoryRows, ColumnReading, Reading, Role, Warning, WarningKind};
pub use schema::{ColumnKind, Rows, Schema, SchemaColumn, SchemaTarget};

impl Table {
    /// Reads a table from a file of comma-separated values or the like, plain or packed by gzip; the
    /// path "-" is standard input. Rows without a target are dropped, and so are columns that carry no
    /// information. Memory is proportional to the columns that are kept, not to the file.
    ///
    /// # Errors
    /// If the file cannot be read or is no table, a line has another number of fields, a column is not
    /// what the options say, a number is infinite in single precision, or nothing is left to predict
    /// or to predict from.
    pub fn read(path: &Path, options: &ReadOptions) -> Result<(Self, Reading)> {
        guess(Source::open(path)?, options)
    }

    /// Reads a table from the bytes of a file, as [`Table::read`]; `name` is what messages call it.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn from_bytes(bytes: &[u8], name: &str, options: &ReadOptions) -> Result<(Self, Reading)> {
        guess(Source::memory(bytes, name), options)
    }

    /// Reads a table that must have the columns of a schema, from a file as [`Table::read`]. Its
    /// columns are found by their names; others are ignored.
    ///
    /// # Errors
    /// If the file cannot be read or is no table, a column is missing, a line has another number of
    /// fields, or a cell is text instead of a number, infinite in single precision, or a class that the
    /// schema does not have.
    pub fn read_as(
        path: &Path,
        schema: &Schema,
        rows: Rows,
        format: &Format,
    ) -> Result<(Self, Reading)> {
        expect(Source::open(path)?, schema, rows, format)
    }

    /// Reads a table that must have the columns of a schema from the bytes of a file, as
    /// [`Table::read_as`]; `name` is what messages call it.
    ///
    /// # Errors
    /// As [`Table::read_as`].
    pub fn from_bytes_as(
        bytes: &[u8],
        name: &str,
        schema: &Schema,
        rows: Rows,
        format: &Format,
    ) -> Result<(Self, Reading)> {
        expect(Source::memory(bytes, name), schema, rows, format)
    }
}

fn guess(mut source: Source<'_>, options: &ReadOptions) -> Result<(Table, Reading)> {
    let named: Vec<&str> = options.target.as_deref().into_iter().collect();
    let head = Head::read(&mut source, &options.format, &named);
    let head = head.map_err(|fault| located(fault, &mut source, &[]))?;
    let table = guessed::read(&mut source, &head, options);
    table.map_err(|fault| located(fault, &mut source, &head.names))
}

fn expect(
    mut source: Source<'_>,
    schema: &Schema,
    rows: Rows,
    format: &Format,
) -> Result<(Table, Reading)> {
    let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let head = Head::read(&mut source, format, &names);
    let head = head.map_err(|fault| located(fault, &mut source, &[]))?;
    let table = expected::read(&mut source, &head, schema, rows);
    table.map_err(|fault| located(fault, &mut source, &head.names))
}

/// Returns an error as a line that begins with the file, the line and the column.
fn located(fault: Fault, source: &mut Source<'_>, names: &[String]) -> Error {
    match fault {
        Fault::File(what) => Error::msg(format!("{}: {what}", source.name)),
        Fault::At { byte, column, what } => {
            let line = match source.lines(&[byte]) {
                Ok(lines) => format!(", line {}", lines[0]),
                Err(_) => String::new(),
            };
            let column = column.map_or(String::new(), |i| {
                let name = names.get(i).map_or_else(|| (i + 1).to_string(), |name| shown(name));
                format!(", column {name}")
            });
            Error::msg(format!("{}{line}{column}: {what}", source.name))
        }
    }
}
