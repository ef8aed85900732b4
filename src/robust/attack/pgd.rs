//! Many small steps along the gradient.

use candle_core::{Result, Tensor};

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
    pub fn steps(self, steps: usize) -> Self {
        Self { steps, step: 2.5 / steps as f64, ..self }
    }

    /// Sets the length of a step as a share of the strength.
    pub fn step(self, step: f64) -> Self {
        Self { step, ..self }
    }

    /// Sets the number of starts: the row itself, then random points.
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
            let mut xs = start_point(on, rows, self.norm, strength, start)?;
            for _ in 0..self.steps {
                let (found, gradient) = on.gradient(&xs, rows)?;
                worst.keep(&xs, &found)?;
                let moved = (&xs + (self.norm.direction(&gradient)? * (self.step * strength))?)?;
                let moved = self.norm.project(&moved, &rows.xs, strength)?;
                xs = on.limits().within(&moved, &rows.xs)?;
            }
            worst.keep(&xs, &on.answers(&xs, rows)?)?;
        }
        Ok(worst.rows().clone())
    }
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
