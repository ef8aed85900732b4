//! What was decided about a table, for people and for files of results.

use serde::{Deserialize, Serialize};

use super::choose::Reason;
use super::schema::ColumnKind;

/// What was read, and what was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reading {
    /// The file.
    pub file: String,
    /// SHA-256 of the file's bytes, as they are in the file.
    pub sha256: String,
    /// Number of rows of the table.
    pub rows: usize,
    /// All columns of the file, in its order.
    pub columns: Vec<ColumnReading>,
    /// Each decision in a sentence.
    pub decisions: Vec<String>,
    /// What may mislead about scores on this table. [`inspect`](crate::data::inspect::inspect) fills
    /// it in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// What was read from a file of test rows, if they are not those of this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_file: Option<Box<Reading>>,
}

/// A column of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ColumnReading {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub role: Role,
    /// What it holds, if it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ColumnKind>,
    /// The share of missing values, if it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<f64>,
    /// Why it was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The mean of an input or target of numbers. [`inspect`](crate::data::inspect::inspect) fills in
    /// this and what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// The sample standard deviation (n − 1) of an input or target of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// The most frequent categories of an input, or classes of the target, in descending order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryRows>,
    /// The number of categories beyond those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub further_categories: usize,
}

/// A category or class, and how frequent it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryRows {
    /// Its name.
    pub name: String,
    /// The number of its rows.
    pub rows: usize,
}

/// What may mislead about scores on a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// What is suspected.
    pub kind: WarningKind,
    /// The warning in a sentence.
    pub text: String,
}

/// What is suspected of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarningKind {
    /// A column may hold what is only known with the target.
    Leakage,
    /// Copies of a row may be training and test rows at once.
    DuplicateRows,
    /// A class is too frequent or too rare.
    ClassImbalance,
    /// There are few rows.
    FewRows,
    /// The target follows the order of the rows.
    RowOrder,
}

impl Warning {
    pub(in crate::data) fn new(kind: WarningKind, text: String) -> Self {
        Self { kind, text }
    }
}

/// What became of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// It is an input.
    Input,
    /// It is what is predicted.
    Target,
    /// It was left out.
    Dropped,
    /// It is no input: it keeps rows together in one fold.
    Group,
    /// It is no input: its later rows are test rows.
    Time,
}

impl ColumnReading {
    pub(super) fn new(
        name: &str,
        role: Role,
        kind: Option<ColumnKind>,
        missing: Option<f64>,
    ) -> Self {
        Self {
            name: name.into(),
            role,
            kind,
            missing,
            reason: None,
            mean: None,
            std: None,
            categories: Vec::new(),
            further_categories: 0,
        }
    }

    pub(super) fn dropped(
        name: &str,
        reason: &Reason,
        kind: Option<ColumnKind>,
        missing: Option<f64>,
    ) -> Self {
        let reason = Some(reason.sentence());
        Self { reason, ..Self::new(name, Role::Dropped, kind, missing) }
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
