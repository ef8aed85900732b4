//! The worst rows that an attack has found.

use candle_core::{Result, Tensor};

use super::norm::beside;
use super::{Answers, Rows, Victim};

/// The worst rows that an attack has found: wrong classes first, then larger losses.
#[derive(Clone, Debug)]
pub struct Worst {
    xs: Tensor,
    losses: Tensor,
    wrong: Tensor,
}

impl Worst {
    /// Starts with rows as they are.
    ///
    /// # Errors
    /// If the model fails.
    pub fn clean(on: &Victim, rows: &Rows) -> Result<Self> {
        let Answers { losses, wrong, .. } = on.answers(&rows.xs, rows)?;
        Ok(Self { xs: rows.xs.clone(), losses, wrong })
    }

    /// Keeps those of other rows that are worse.
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn keep(&mut self, xs: &Tensor, found: &Answers) -> Result<()> {
        const WRONG: f64 = 1e30;
        let worse = ((&found.wrong - &self.wrong)? * WRONG)?;
        let worse = (worse + (&found.losses - &self.losses)?)?.gt(0f64)?;
        self.losses = worse.where_cond(&found.losses, &self.losses)?;
        self.wrong = worse.where_cond(&found.wrong, &self.wrong)?;
        let worse = beside(&worse, xs)?.broadcast_as(xs.shape())?;
        self.xs = worse.where_cond(xs, &self.xs)?;
        Ok(())
    }

    /// Returns the rows.
    pub fn rows(&self) -> &Tensor {
        &self.xs
    }
}
