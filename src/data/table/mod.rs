//! Tables: named columns of numbers and categories, with a target to predict.

mod join;
mod read;

pub use read::{
    CategoryRows, ColumnChoice, ColumnKind, ColumnReading, Decimal, Format, Header, ReadOptions,
    Reading, Role, Rows, Schema, SchemaColumn, SchemaTarget, Separator, TargetKind, Warning,
    WarningKind,
};

/// A table in memory. Columns that carry no information were left out by the reader.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The inputs, in the order of the file.
    pub columns: Vec<Column>,
    /// What is to be predicted, if the table has it.
    pub target: Option<Target>,
    /// The number of each row in the file: 1 is the first row after the header.
    pub rows: Vec<usize>,
}

/// An input column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    /// Its cells, one for each row of the table.
    pub cells: Cells,
}

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Finite numbers; NaN is a missing value.
    Numbers(Vec<f64>),
    /// Categories: the distinct names sorted by their bytes, and the index of each cell's name.
    Categories {
        /// The names.
        names: Vec<String>,
        /// An index into `names`, or `None` for a missing value.
        codes: Vec<Option<u32>>,
    },
}

/// The column to predict.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its name in the header.
    pub name: String,
    /// Its values, one for each row of the table.
    pub values: TargetValues,
}

/// The values of a target, of which none is missing.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetValues {
    /// Classes: their names in sorted order (whole numbers by value, texts by their bytes), and the
    /// index of each row's class.
    Classes {
        /// The names.
        names: Vec<String>,
        /// An index into `names`.
        labels: Vec<u32>,
    },
    /// Finite numbers.
    Numbers(Vec<f64>),
}
