//! Many small steps along the gradient.

use candle_core::{DType, Result, Tensor};

use super::{Attack, Norm, Rows, Victim};
use crate::robust::Worst;
use crate::robust::norm::beside;

/// Projected gradient descent: small steps along the gradient that stay within the strength, from the row itself
/// and, with several starts, from random points (Madry et al. 2018, arXiv:1706.06083). It keeps the worst of all
/// points that it has seen.
#[derive(Clone, Copy, Debug)]
pub struct Pgd {
    norm: Norm,
    steps: usize,
    step: f64,
    starts: u32,
}

impl Pgd {
    /// Creates the attack with 40 steps of 2.5 / 40 of the strength from one start, the row itself.
    pub fn new(norm: Norm) -> Self {
        Self { norm, steps: 40, step: 2.5 / 40., starts: 1 }
    }

    /// Sets the number of steps, of 2.5 / steps of the strength each, as Madry et al. do.
    #[must_use]
    pub fn steps(self, steps: usize) -> Self {
        Self { steps, step: 2.5 / steps as f64, ..self }
    }

    /// Sets the length of a step as a share of the strength.
    #[must_use]
    pub fn step(self, step: f64) -> Self {
        Self { step, ..self }
    }

    /// Sets the number of starts: the row itself, then random points.
    #[must_use]
    pub fn starts(self, starts: u32) -> Self {
        Self { starts, ..self }
    }
}

impl Attack for Pgd {
    fn name(&self) -> &str {
        "pgd"
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

impl Pgd {
    /// Attacks from one start. Rows that come back to one of their last two points see no other points: they are
    /// done, and the steps continue with the rest.
    fn from(
        &self,
        on: &Victim,
        rows: &Rows,
        start: Tensor,
        strength: f64,
        worst: &mut Worst,
    ) -> Result<()> {
        let mut numbers: Vec<u32> = (0..rows.xs.dim(1)? as u32).collect();
        let (mut rows, mut found) = (rows.clone(), worst.clone());
        let (mut before, mut xs) = (start.clone(), start);
        for _ in 0..self.steps {
            let (answers, gradient) = on.gradient(&xs, &rows)?;
            found.keep(&xs, &answers)?;
            let moved = (&xs + (self.norm.direction(&gradient)? * (self.step * strength))?)?;
            let moved = self.norm.project(&moved, &rows.xs, strength)?;
            let next = on.limits().within(&moved, &rows.xs)?;
            let moving = moving(&next, [&xs, &before])?;
            (before, xs) = (xs, next);
            // A few rows are not worth the copies.
            if !on.is_averaged() && moving.len() * 32 < numbers.len() * 31 {
                worst.replace(&numbers, &found)?;
                numbers = moving.iter().map(|place| numbers[*place as usize]).collect();
                if numbers.is_empty() {
                    return Ok(());
                }
                let places = Tensor::new(moving, xs.device())?;
                (rows, found) = (rows.select(&places)?, found.select(&places)?);
                (before, xs) = (before.index_select(&places, 1)?, xs.index_select(&places, 1)?);
            }
        }
        found.keep(&xs, &on.answers(&xs, &rows)?)?;
        worst.replace(&numbers, &found)
    }
}

/// Returns the indices of rows that differ from both points in some replica.
fn moving(xs: &Tensor, points: [&Tensor; 2]) -> Result<Vec<u32>> {
    let differs = |point| xs.ne(point)?.flatten_from(2)?.max(2)?.to_dtype(DType::F32);
    let moves = (differs(points[0])? * differs(points[1])?)?.max(0)?.to_vec1::<f32>()?;
    Ok((0..).zip(moves).filter(|(_, moves)| *moves > 0.).map(|(place, _)| place).collect())
}

/// Returns where a start begins: the first one at the rows, others at points drawn uniformly from the ball of a radius
/// around them, within the limits.
pub(super) fn start_point(
    on: &Victim,
    rows: &Rows,
    norm: Norm,
    radius: f64,
    start: u32,
) -> Result<Tensor> {
    if start == 0 {
        return Ok(rows.xs.clone());
    }
    let (seeds, len) = (on.seeds(), rows.row_len());
    let change = match norm {
        Norm::Linf => {
            let uniforms = rows.uniforms(seeds, "attack.start", start, len)?;
            ((uniforms * 2.)? - 1.)?.reshape(rows.xs.shape())?
        }
        Norm::L2 => {
            let normals = rows.normals(seeds, "attack.start", start)?;
            let uniforms = rows.uniforms(seeds, "attack.radius", start, 1)?.squeeze(2)?;
            let radii = uniforms.powf(1. / len as f64)?;
            norm.direction(&normals)?.broadcast_mul(&beside(&radii, &rows.xs)?)?
        }
    };
    on.limits().within(&(&rows.xs + (change * radius)?)?, &rows.xs)
}
