//! Linear functions of the inputs.

use anyhow::{Result, ensure};

use super::cholesky::dot;
use super::rows::Rows;

/// Some outputs w · x + b.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Linear {
    width: usize,
    /// The weights of an output and its intercept, output by output.
    coefficients: Vec<f64>,
}

impl Linear {
    pub fn new(width: usize, coefficients: Vec<f64>) -> Self {
        Self { width, coefficients }
    }

    /// Returns the weights and the intercept of each output.
    pub fn outputs(&self) -> impl ExactSizeIterator<Item = (&[f64], f64)> {
        let own = self.coefficients.chunks_exact(self.width + 1);
        own.map(|own| (&own[..self.width], own[self.width]))
    }

    /// Returns the outputs of each row.
    pub fn of<'a, T: Copy + Into<f64>>(
        &'a self,
        rows: &'a Rows<'_, T>,
    ) -> Result<impl Iterator<Item = Vec<f64>> + 'a> {
        ensure!(
            rows.width() == self.width,
            "expected rows of {} inputs, received {}",
            self.width,
            rows.width()
        );
        let of_row = |inputs| self.outputs().map(|(w, b)| dot(w, inputs) + b).collect();
        Ok(rows.range(0..rows.len()).map(move |(_, inputs)| of_row(inputs)))
    }
}
