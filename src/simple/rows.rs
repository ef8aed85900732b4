//! The inputs and the classes of a simple model.

use std::ops::Range;

use anyhow::{Result, ensure};

/// Rows of inputs in single or double precision, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    count: usize,
    width: usize,
    values: &'a [T],
}

impl<'a, T: Copy + Into<f64>> Rows<'a, T> {
    /// Takes `count` rows of `width` inputs.
    ///
    /// # Errors
    /// If there is another number of values, or one is not finite.
    pub fn new(count: usize, width: usize, values: &'a [T]) -> Result<Self> {
        ensure!(
            values.len() == count * width,
            "expected {count} rows of {width} inputs, received {} values",
            values.len()
        );
        if let Some(at) = values.iter().position(|value| !(*value).into().is_finite()) {
            let (row, column, value) = (at / width, at % width, values[at].into());
            anyhow::bail!("expected finite inputs, received {value} in row {row}, column {column}");
        }
        Ok(Self::unchecked(count, width, values))
    }

    /// Takes rows that are known to be finite.
    pub(super) fn unchecked(count: usize, width: usize, values: &'a [T]) -> Self {
        Self { count, width, values }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the number of inputs of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns some of the rows, each with its index.
    #[inline(always)]
    pub(super) fn range(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, &'a [T])> {
        let own = *self;
        rows.map(move |row| (row, &own.values[row * own.width..(row + 1) * own.width]))
    }
}

/// Returns the number of rows of each class.
pub(super) fn class_counts(labels: &[u32], classes: usize) -> Result<Vec<usize>> {
    let mut counts = vec![0; classes];
    for (row, label) in labels.iter().enumerate() {
        match counts.get_mut(*label as usize) {
            Some(count) => *count += 1,
            None => {
                anyhow::bail!("expected a class below {classes}, received {label} in row {row}")
            }
        }
    }
    Ok(counts)
}
