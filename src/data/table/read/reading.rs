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
}

impl ColumnReading {
    pub(super) fn new(
        name: &str,
        role: Role,
        kind: Option<ColumnKind>,
        missing: Option<f64>,
    ) -> Self {
        Self { name: name.into(), role, kind, missing, reason: None }
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
