//! Values that are scaled.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Multiplies distances from the mean, as a sensor of another sensitivity: y = m + c (x − m).
#[derive(Clone, Copy, Debug)]
pub struct Scaled;

impl Change for Scaled {
    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        row.for_each_free(|_, x, own| own.mean + amount as f32 * (x - own.mean));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, sequence, values};

    /// The mean of 0, 2 and 4 is 2.
    #[test]
    fn distances_from_the_mean_are_multiplied() -> Result<()> {
        let (of, xs) = sequence()?;
        let found = values(&changed(&of, Scaled, &xs, 0, 1.5)?)?;
        assert_eq!(found, [-1., 1., 2., 1., 5., 1., 0., 0.]);
        Ok(())
    }
}
