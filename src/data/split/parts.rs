//! The rows of a fold.

/// Rows to train on. Only a [`Split`](super::Split) makes them, so what is fitted on training rows
/// has not seen a row of the test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainRows(Vec<usize>);

impl TrainRows {
    pub(super) fn new(rows: Vec<usize>) -> Self {
        Self(rows)
    }

    /// Returns the rows of the table, in ascending order.
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

/// The rows of one fold, each part in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The training rows.
    pub train: TrainRows,
    /// The validation rows, which are taken out of the training rows. None unless asked for.
    pub validation: Vec<usize>,
    /// The test rows.
    pub test: Vec<usize>,
}
