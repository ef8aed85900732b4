//! Uniform noise.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Adds uniform numbers: y = x + s · scale · u with u uniform in ±√3, whose standard deviation is 1.
#[derive(Clone, Copy, Debug)]
pub struct Uniform;

impl Change for Uniform {
    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let uniforms = row.uniforms(row.values.len());
        let half_width = (amount * 3f64.sqrt()) as f32;
        row.for_each_free(|element, x, own| {
            x + half_width * own.scale * (2. * uniforms[element] - 1.)
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, table, values};

    /// The variance of u² is 9/5 - 1 = 4/5 if that of u is 1.
    #[test]
    fn the_standard_deviation_is_the_strength() -> Result<()> {
        let (of, xs) = table(4000)?;
        let found = changed(&of, Uniform, &xs, 0, 2.)?;
        let changes = values(&(found - xs)?.narrow(2, 5, 1)?)?;
        let bound = 2. * 3f32.sqrt() + 1e-6;
        assert!(changes.iter().all(|x| x.abs() <= bound), "beyond {bound}");
        let variance = changes.iter().map(|x| f64::from(x * x)).sum::<f64>() / 4000.;
        assert!((variance / 4. - 1.).abs() < 4. * (0.8f64 / 4000.).sqrt(), "variance {variance}");
        Ok(())
    }
}
