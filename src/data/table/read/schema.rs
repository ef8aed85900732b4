//! The columns that a table must have.

use serde::{Deserialize, Serialize};

use super::super::{Cells, Table, TargetValues};

/// The columns that a model was trained on, which new tables must have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Schema {
    /// The inputs.
    pub columns: Vec<SchemaColumn>,
    /// What is predicted.
    pub target: Option<SchemaTarget>,
}

/// An input column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchemaColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// Categories.
    Category,
}

/// The column to predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchemaTarget {
    /// Its name.
    pub name: String,
    /// The names of its classes in order, or `None` if it holds numbers.
    pub classes: Option<Vec<String>>,
}

/// Which rows of a new table are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// All. The table has a target if each row has one.
    All,
    /// Those with a target, which the table must have.
    Labelled,
}

impl Schema {
    /// Returns what the columns of a table are.
    pub fn of(table: &Table) -> Self {
        let columns = table.columns.iter().map(|column| SchemaColumn {
            name: column.name.clone(),
            kind: ColumnKind::of(&column.cells),
        });
        let target = table.target.as_ref().map(|target| SchemaTarget {
            name: target.name.clone(),
            classes: match &target.values {
                TargetValues::Classes { names, .. } => Some(names.clone()),
                TargetValues::Numbers(_) => None,
            },
        });
        Self { columns: columns.collect(), target }
    }
}

impl ColumnKind {
    pub(super) fn of(cells: &Cells) -> Self {
        match cells {
            Cells::Numbers(_) => Self::Number,
            Cells::Categories { .. } => Self::Category,
        }
    }

    pub(super) fn of_target(values: &TargetValues) -> Self {
        match values {
            TargetValues::Numbers(_) => Self::Number,
            TargetValues::Classes { .. } => Self::Category,
        }
    }
}
