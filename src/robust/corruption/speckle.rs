//! Speckle.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Adds noise in proportion to the value: y = x + c · x · z.
#[derive(Clone, Copy, Debug)]
pub struct Speckle;

impl Change for Speckle {
    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let normals = row.normals(row.values.len());
        row.for_each_free(|element, x, _| x + amount as f32 * x * normals[element]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, image, values};

    #[test]
    fn the_standard_deviation_is_a_share_of_the_pixel() -> Result<()> {
        let (of, xs) = image(60, 60)?;
        for grey in [0., 0.1, 0.4] {
            let xs = (xs.zeros_like()? + f64::from(grey))?;
            let found = values(&changed(&of, Speckle, &xs, 0, 0.2)?)?;
            let squares: f64 = found.iter().map(|x| f64::from(x - grey).powi(2)).sum();
            let (std, expected) = ((squares / 3600.).sqrt(), 0.2 * f64::from(grey));
            assert!((std - expected).abs() <= 4. * expected / 7200f64.sqrt(), "{std} at {grey}");
        }
        Ok(())
    }
}
