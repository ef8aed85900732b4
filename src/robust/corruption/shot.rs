//! Shot noise.

use candle_core::{Error, Result};
use rand_distr::{Distribution, Poisson};

use crate::robust::{Change, Row};

/// Counts photons, c of them at white: y = n / c, n being a Poisson number with the mean c · x.
#[derive(Clone, Copy, Debug)]
pub struct Shot;

impl Change for Shot {
    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        row.image()?;
        let mut rng = row.rng();
        for pixel in row.values.iter_mut() {
            let mean = f64::from(*pixel) * amount;
            *pixel = if mean > 0. {
                (Poisson::new(mean).map_err(Error::wrap)?.sample(&mut rng) / amount) as f32
            } else {
                0.
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, image, values};

    /// The variance of a Poisson number is its mean, 5 photons here.
    #[test]
    fn photons_have_the_mean_and_variance_of_poisson_numbers() -> Result<()> {
        let (of, xs) = image(60, 60)?;
        let xs = (xs.zeros_like()? + 0.1)?;
        let found = values(&changed(&of, Shot, &xs, 0, 50.)?)?;
        let photons: Vec<f64> = found.iter().map(|x| f64::from(x * 50.)).collect();
        assert!(photons.iter().all(|n| (n - n.round()).abs() < 1e-4), "whole photons");
        let mean = photons.iter().sum::<f64>() / 3600.;
        let variance = photons.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / 3600.;
        assert!((mean - 5.).abs() < 4. * (5f64 / 3600.).sqrt(), "mean {mean}");
        // The fourth central moment is λ + 3λ² = 80, so that the variance of the squares is 55.
        assert!((variance - 5.).abs() < 4. * (55f64 / 3600.).sqrt(), "variance {variance}");
        Ok(())
    }

    #[test]
    fn black_stays_black() -> Result<()> {
        let (of, xs) = image(3, 3)?;
        assert_eq!(values(&changed(&of, Shot, &xs.zeros_like()?, 0, 50.)?)?, [0.; 9]);
        Ok(())
    }
}
