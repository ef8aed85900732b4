//! One step along the gradient.

use candle_core::{Result, Tensor};

use super::{Attack, Norm, Rows, Victim};

/// The fast gradient method: one step of the full strength in the direction in which the loss rises fastest
/// (Goodfellow et al. 2015, arXiv:1412.6572).
///
/// ```text
/// L∞: x + ε sign(g)        L2: x + ε g / |g|
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fgsm {
    norm: Norm,
}

impl Fgsm {
    /// Creates the attack.
    pub fn new(norm: Norm) -> Self {
        Self { norm }
    }
}

impl Attack for Fgsm {
    fn name(&self) -> &str {
        "fgsm"
    }

    fn norm(&self) -> Option<Norm> {
        Some(self.norm)
    }

    fn passes(&self) -> usize {
        3
    }

    fn apply(&self, on: &Victim, rows: &Rows, strength: f64, _: u32) -> Result<Tensor> {
        if strength == 0. {
            return Ok(rows.xs.clone());
        }
        let (_, gradient) = on.gradient(&rows.xs, rows)?;
        let moved = (&rows.xs + (self.norm.direction(&gradient)? * strength)?)?;
        on.limits().within(&moved, &rows.xs)
    }
}
