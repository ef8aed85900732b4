//! Steps along the gradient that become smaller where they no longer help.

use candle_core::{DType, Result, Tensor};

use super::pgd::start_point;
use super::{Attack, Norm, Rows, Victim};
use crate::robust::Worst;
use crate::robust::norm::beside;

/// Auto-PGD (Croce and Hein 2020, arXiv:2003.01690): steps with momentum whose length, twice the strength at
/// first, is halved for each row at checkpoints if its loss rose in too few steps or its best point has not
/// improved; the row then continues from its best point (algorithm 1; as in the authors' code, the first checkpoint
/// looks at the number of rises only).
#[derive(Clone, Copy, Debug)]
pub struct Apgd {
    norm: Norm,
    steps: usize,
    starts: u32,
}

/// The share of the new step beside the momentum.
const NEW: f64 = 0.75;

/// The share of steps in which the loss has to rise.
const RISING: f64 = 0.75;

impl Apgd {
    /// Creates the attack with 50 steps from one start, the row itself.
    pub fn new(norm: Norm) -> Self {
        Self { norm, steps: 50, starts: 1 }
    }

    /// Sets the number of steps.
    #[must_use]
    pub fn steps(self, steps: usize) -> Self {
        Self { steps, ..self }
    }

    /// Sets the number of starts: the row itself, then random points.
    #[must_use]
    pub fn starts(self, starts: u32) -> Self {
        Self { starts, ..self }
    }

    /// Attacks from one start, and keeps the worst points of the model's classes.
    fn from(
        &self,
        on: &Victim,
        rows: &Rows,
        start: Tensor,
        radius: f64,
        worst: &mut Worst,
    ) -> Result<()> {
        let ahead = |point: &Point, lengths: &Tensor| -> Result<Tensor> {
            let change = self.norm.direction(&point.gradient)?;
            let change = change.broadcast_mul(&beside(lengths, &point.xs)?)?;
            let ahead = self.norm.project(&(&point.xs + change)?, &rows.xs, radius)?;
            on.limits().within(&ahead, &rows.xs)
        };
        let mut at = Point::measured(on, rows, start, worst)?;
        let mut best = at.clone();
        let mut lengths = (at.losses.ones_like()? * (2. * radius))?;
        let mut xs = ahead(&at, &lengths)?;
        let mut since = Since::new(0, &best.losses)?;
        for step in 1..self.steps {
            let found = Point::measured(on, rows, xs, worst)?;
            since.count(&at.losses, &found.losses)?;
            let before = std::mem::replace(&mut at, found).xs;
            best = best.or(&at, &at.losses.gt(&best.losses)?)?;
            if self.is_checkpoint(step) {
                let halved = since.is_stuck(step, &best.losses)?;
                lengths = halved.where_cond(&(&lengths / 2.)?, &lengths)?;
                at = at.or(&best, &halved)?;
                since = Since { halved, ..Since::new(step, &best.losses)? };
            }
            let moved = ((ahead(&at, &lengths)? * NEW)? + (&at.xs * (1. - NEW))?)?;
            let moved = (moved + ((&at.xs - &before)? * (1. - NEW))?)?;
            xs = on.limits().within(&self.norm.project(&moved, &rows.xs, radius)?, &rows.xs)?;
        }
        worst.keep(&xs, &on.answers(&xs, rows)?)
    }

    /// Returns whether the lengths are looked at after a step.
    fn is_checkpoint(&self, step: usize) -> bool {
        checkpoints().any(|share| (share * self.steps as f64).ceil() as usize == step)
    }
}

/// Returns the shares of the steps after which the lengths are looked at: p₁ = 0.22 and
/// pⱼ₊₁ = pⱼ + max(pⱼ − pⱼ₋₁ − 0.03, 0.06) with p₀ = 0.
fn checkpoints() -> impl Iterator<Item = f64> {
    let next = |&(before, own): &(f64, f64)| Some((own, own + (own - before - 0.03f64).max(0.06)));
    std::iter::successors(Some((0., 0.22)), next).map(|(_, own)| own).take_while(|own| *own <= 1.)
}

/// Points of rows with what the model makes of them.
#[derive(Clone)]
struct Point {
    xs: Tensor,
    gradient: Tensor,
    losses: Tensor,
}

impl Point {
    fn measured(on: &Victim, rows: &Rows, xs: Tensor, worst: &mut Worst) -> Result<Self> {
        let (found, gradient) = on.gradient(&xs, rows)?;
        worst.keep(&xs, &found)?;
        Ok(Self { xs, gradient, losses: found.losses })
    }

    /// Returns the points, or others for the rows of a mask.
    fn or(&self, other: &Self, rows: &Tensor) -> Result<Self> {
        let all = beside(rows, &self.xs)?.broadcast_as(self.xs.shape())?;
        Ok(Self {
            xs: all.where_cond(&other.xs, &self.xs)?,
            gradient: all.where_cond(&other.gradient, &self.gradient)?,
            losses: rows.where_cond(&other.losses, &self.losses)?,
        })
    }
}

/// What has happened to each row since a checkpoint.
struct Since {
    step: usize,
    /// In how many steps the loss has risen.
    rises: Tensor,
    /// The largest loss at the checkpoint.
    best: Tensor,
    /// Whether the length was halved there.
    halved: Tensor,
}

impl Since {
    fn new(step: usize, best: &Tensor) -> Result<Self> {
        let rises = best.zeros_like()?;
        let halved = rises.gt(0f64)?;
        // The first checkpoint has no length to compare with.
        let halved = if step == 0 { rises.eq(0f64)? } else { halved };
        Ok(Self { step, rises, best: best.clone(), halved })
    }

    fn count(&mut self, before: &Tensor, now: &Tensor) -> Result<()> {
        self.rises = (&self.rises + now.gt(before)?.to_dtype(now.dtype())?)?;
        Ok(())
    }

    /// Returns the rows whose loss rose in too few steps, or whose largest loss and length stayed the same.
    fn is_stuck(&self, step: usize, best: &Tensor) -> Result<Tensor> {
        let few = self.rises.lt(RISING * (step - self.step) as f64)?;
        let same = (best.eq(&self.best)?.to_dtype(DType::F32)?
            * self.halved.eq(0u8)?.to_dtype(DType::F32)?)?;
        (few.to_dtype(DType::F32)? + same)?.gt(0f64)
    }
}

impl Attack for Apgd {
    fn name(&self) -> &str {
        "apgd"
    }

    fn norm(&self) -> Option<Norm> {
        Some(self.norm)
    }

    fn keeps_worst(&self) -> bool {
        true
    }

    fn passes(&self) -> usize {
        3 * self.steps * self.starts as usize
    }

    fn apply(&self, on: &Victim, rows: &Rows, strength: f64, _: u32) -> Result<Tensor> {
        if strength == 0. {
            return Ok(rows.xs.clone());
        }
        let mut worst = Worst::clean(on, rows)?;
        for start in 0..self.starts {
            let xs = start_point(on, rows, self.norm, strength, start)?;
            self.from(on, rows, xs, strength, &mut worst)?;
        }
        Ok(worst.rows().clone())
    }
}
