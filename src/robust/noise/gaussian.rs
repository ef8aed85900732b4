//! Gaussian noise.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Adds normal numbers: y = x + s · scale · z.
#[derive(Clone, Copy, Debug)]
pub struct Gaussian;

impl Change for Gaussian {
    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let normals = row.normals(row.values.len());
        let amount = amount as f32;
        row.for_each_free(|element, x, own| x + amount * own.scale * normals[element]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, sequence, table, values};
    use candle_core::Tensor;

    /// The standard error of the mean of n draws is σ/√n, that of the standard deviation σ/√(2n).
    #[test]
    fn the_standard_deviation_is_strength_times_scale() -> Result<()> {
        let (of, xs) = table(4000)?;
        let found = changed(&of, Gaussian, &xs, 0, 0.5)?;
        let numbers = |t: &Tensor, input| t.narrow(2, input, 1)?.flatten_all()?.to_vec1::<f32>();
        let (before, after) = (numbers(&xs, 5)?, numbers(&found, 5)?);
        let changes: Vec<f64> = before.iter().zip(&after).map(|(x, y)| f64::from(y - x)).collect();
        let mean = changes.iter().sum::<f64>() / 4000.;
        let std = (changes.iter().map(|x| x * x).sum::<f64>() / 4000.).sqrt();
        assert!(mean.abs() < 4. * 0.5 / 4000f64.sqrt(), "mean {mean}");
        assert!((std - 0.5).abs() < 4. * 0.5 / 8000f64.sqrt(), "standard deviation {std}");
        for fixed in 1..5 {
            assert_eq!(numbers(&xs, fixed)?, numbers(&found, fixed)?, "input {fixed}");
        }
        let (before, after) = (numbers(&xs, 0)?, numbers(&found, 0)?);
        for (row, missing) in numbers(&xs, 1)?.into_iter().enumerate() {
            assert_eq!(before[row] == after[row], missing == 1., "row {row}");
        }
        Ok(())
    }

    #[test]
    fn draws_depend_neither_on_the_batch_nor_on_the_padding() -> Result<()> {
        let (of, xs) = table(10)?;
        let whole = changed(&of, Gaussian, &xs, 0, 1.)?;
        let first = changed(&of, Gaussian, &xs.narrow(1, 0, 5)?, 0, 1.)?;
        let second = changed(&of, Gaussian, &xs.narrow(1, 5, 5)?, 5, 1.)?;
        assert_eq!(values(&whole)?, values(&Tensor::cat(&[first, second], 1)?)?);
        let (of, xs) = sequence()?;
        let padded = xs.pad_with_zeros(2, 0, 3)?;
        let found = changed(&of, Gaussian, &padded, 0, 1.)?;
        assert_eq!(values(&found.narrow(2, 0, 4)?)?, values(&changed(&of, Gaussian, &xs, 0, 1.)?)?);
        assert!(values(&found.narrow(2, 4, 3)?)?.iter().all(|x| *x == 0.));
        Ok(())
    }
}
