//! What makes rows worse: a trait, and a file for each attack that follows the gradient.

mod apgd;
mod fgsm;
mod pgd;
mod worst_of;

use std::fmt::Debug;

use candle_core::{Result, Tensor};

pub use apgd::Apgd;
pub use fgsm::Fgsm;
pub use pgd::Pgd;
pub use worst_of::WorstOf;

use super::{Norm, Rows, Victim};

/// What changes rows: an attack, noise or a corruption. `docs/extending.md` shows how to write one.
pub trait Attack: Debug + Send + Sync {
    /// Returns the name: lower-case words with hyphens, such as `salt-and-pepper`.
    fn name(&self) -> &str;

    /// Returns how the strength is measured, if it bounds the size of the change.
    fn norm(&self) -> Option<Norm> {
        None
    }

    /// Returns whether each strength keeps the worst rows of all smaller ones, as an attacker who may do more may
    /// do less.
    fn keeps_worst(&self) -> bool {
        false
    }

    /// Returns the number of draws over which scores are averaged.
    fn draws(&self) -> u32 {
        1
    }

    /// Returns about how many passes through the model a draw takes, for estimates of time.
    fn passes(&self) -> usize {
        1
    }

    /// Returns changed rows: those of a draw. Strength 0 changes nothing.
    ///
    /// # Shapes
    /// As `rows.xs`.
    ///
    /// # Errors
    /// If the model fails, or rows of this kind cannot be changed so.
    fn apply(&self, on: &Victim, rows: &Rows, strength: f64, draw: u32) -> Result<Tensor>;
}
