//! Contrast.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Multiplies distances from the image's own mean: y = m + c (x − m).
#[derive(Clone, Copy, Debug)]
pub struct Contrast;

impl Change for Contrast {
    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        row.image()?;
        let count = row.values.len().max(1) as f64;
        let mean = row.values.iter().copied().map(f64::from).sum::<f64>() / count;
        for pixel in row.values.iter_mut() {
            *pixel = (mean + amount * (f64::from(*pixel) - mean)) as f32;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, image, values};

    /// The mean of 0, 1/4, 1/2 and 3/4 is 3/8.
    #[test]
    fn pixels_move_to_the_mean() -> Result<()> {
        let (of, xs) = image(2, 2)?;
        let found = values(&changed(&of, Contrast, &xs, 0, 0.5)?)?;
        assert_eq!(found, [0.1875, 0.3125, 0.4375, 0.5625]);
        Ok(())
    }
}
