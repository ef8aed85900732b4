//! Noise on the rows that a trained model sees.
//!
//! | name | what it does with strength s |
//! |---|---|
//! | `gaussian` | x + s · scale · z |
//! | `uniform` | x + s · scale · u, u uniform in ±√3, of the same standard deviation |
//! | `salt-and-pepper` | a share s of the values becomes the lowest or the highest one |
//! | `missing` | a share s of the cells becomes missing |
//!
//! The scale of an input is its standard deviation, and 1 for pixels ([`Measured`]). Numbers that are missing,
//! categories, masks and padding get no noise; pixels are clipped to 0 and 1.

mod gaussian;
mod missing;
mod salt_and_pepper;
mod uniform;

use std::sync::Arc;

use candle_core::{Result, Tensor};

pub use gaussian::Gaussian;
pub use missing::Missing;
pub use salt_and_pepper::SaltAndPepper;
pub use uniform::Uniform;

use super::change::check;
use super::row::each_row;
use super::{Attack, Change, Measured, Row, Rows, Victim};

/// Noise on rows: a change by the strength, averaged over draws.
#[derive(Clone, Debug)]
pub struct Noise {
    name: String,
    change: Arc<dyn Change>,
    of: Measured,
    draws: u32,
}

impl Noise {
    /// Creates noise with 10 draws. The name is also the site of its draws.
    pub fn new(name: &str, change: impl Change + 'static, of: &Measured) -> Self {
        Self { name: name.to_string(), change: Arc::new(change), of: of.clone(), draws: 10 }
    }

    /// Sets the number of draws over which scores are averaged.
    #[must_use]
    pub fn with_draws(self, draws: u32) -> Self {
        Self { draws, ..self }
    }
}

impl Attack for Noise {
    fn name(&self) -> &str {
        &self.name
    }

    fn draws(&self) -> u32 {
        self.draws
    }

    fn apply(&self, on: &Victim, rows: &Rows, strength: f64, draw: u32) -> Result<Tensor> {
        check(&*self.change, strength)?;
        if strength == 0. {
            return Ok(rows.xs.clone());
        }
        let change = |row: &mut Row| self.change.change(row, strength);
        each_row(&self.of, rows, on.seeds(), (&self.name, draw), change)
    }
}

/// Returns all noise.
pub fn noises(of: &Measured) -> Vec<Noise> {
    vec![
        Noise::new("gaussian", Gaussian, of),
        Noise::new("uniform", Uniform, of),
        Noise::new("salt-and-pepper", SaltAndPepper, of),
        Noise::new("missing", Missing, of),
    ]
}
