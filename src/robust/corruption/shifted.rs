//! Values that are shifted.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Adds the same to all rows, as a sensor that has drifted: y = x + c · scale, c in standard deviations, or the
/// brightness of an image.
#[derive(Clone, Copy, Debug)]
pub struct Shifted;

impl Change for Shifted {
    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        row.for_each_free(|_, x, own| x + amount as f32 * own.scale);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, image, table, values};

    /// Law 61: a column that is shifted by c standard deviations moves its prepared value by c.
    #[test]
    fn prepared_values_move_by_the_amount() -> Result<()> {
        let (of, xs) = table(6)?;
        let before = xs.squeeze(0)?.to_vec2::<f32>()?;
        let after = changed(&of, Shifted, &xs, 0, 0.25)?.squeeze(0)?.to_vec2::<f32>()?;
        for (before, after) in before.into_iter().zip(after) {
            let first = if before[1] == 1. { before[0] } else { before[0] + 0.25 };
            assert_eq!(after[0], first, "a missing number stays");
            assert_eq!(after[1..5], before[1..5]);
            assert_eq!(after[5], before[5] + 0.25);
        }
        Ok(())
    }

    #[test]
    fn brighter_pixels_end_at_white() -> Result<()> {
        let (of, xs) = image(1, 4)?;
        assert_eq!(values(&changed(&of, Shifted, &xs, 0, 0.5)?)?, [0.5, 0.75, 1., 1.]);
        Ok(())
    }
}
