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

    /// Returns those of the rows with these numbers.
    pub(super) fn select(&self, numbers: &Tensor) -> Result<Self> {
        let part = |own: &Tensor| own.contiguous()?.index_select(numbers, 1);
        Ok(Self { xs: part(&self.xs)?, losses: part(&self.losses)?, wrong: part(&self.wrong)? })
    }

    /// Replaces the rows with these numbers by others.
    pub(super) fn replace(&mut self, numbers: &[u32], others: &Self) -> Result<()> {
        let all = self.losses.dim(1)? as u32;
        let mut order: Vec<u32> = (0..all).collect();
        for (place, number) in (all..).zip(numbers) {
            order[*number as usize] = place;
        }
        let order = Tensor::new(order, self.losses.device())?;
        let replaced = |own, other| Tensor::cat(&[own, other], 1)?.index_select(&order, 1);
        let (losses, wrong) =
            (replaced(&self.losses, &others.losses)?, replaced(&self.wrong, &others.wrong)?);
        *self = Self { xs: replaced(&self.xs, &others.xs)?, losses, wrong };
        Ok(())
    }

    /// Returns the rows.
    pub fn rows(&self) -> &Tensor {
        &self.xs
    }
}
