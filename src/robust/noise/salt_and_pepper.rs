//! Salt and pepper.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Replaces a share of the values by the lowest or the highest one, equally often: black and white pixels, the range
/// of an input over the training rows, or 2 scales around its mean if that is not known.
#[derive(Clone, Copy, Debug)]
pub struct SaltAndPepper;

/// The distance of salt and pepper from the mean, in scales, of inputs without a range.
const FAR: f32 = 2.;

impl Change for SaltAndPepper {
    fn is_rate(&self) -> bool {
        true
    }

    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let uniforms = row.uniforms(row.values.len());
        row.for_each_free(|element, x, own| {
            let far = FAR * own.scale;
            let is_known = own.low.is_finite() && own.high.is_finite();
            let around = (own.mean - far, own.mean + far);
            let (low, high) = if is_known { (own.low, own.high) } else { around };
            match f64::from(uniforms[element]) {
                u if u <= amount / 2. => low,
                u if u <= amount => high,
                _ => x,
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, image, table, unmeasured_points, values};

    /// 0.5 becomes 0 or 1: the share of each is 0.1 within 4 standard errors.
    #[test]
    fn a_share_of_the_pixels_becomes_black_or_white() -> Result<()> {
        let (of, xs) = image(100, 100)?;
        let grey = (xs.zeros_like()? + 0.5)?;
        let found = values(&changed(&of, SaltAndPepper, &grey, 0, 0.2)?)?;
        let bound = 4. * (0.1 * 0.9 / 10_000f64).sqrt();
        for value in [0., 1.] {
            let share = found.iter().filter(|x| **x == value).count() as f64 / 10_000.;
            assert!((share - 0.1).abs() < bound, "{share} are {value}");
        }
        assert!(found.iter().all(|x| [0., 0.5, 1.].contains(x)));
        assert!(values(&changed(&of, SaltAndPepper, &grey, 0, 1.)?)?.iter().all(|x| *x != 0.5));
        Ok(())
    }

    #[test]
    fn numbers_go_to_the_ends_of_their_range() -> Result<()> {
        let (of, xs) = table(20)?;
        let found = changed(&of, SaltAndPepper, &xs, 0, 1.)?;
        assert!(values(&found.narrow(2, 5, 1)?)?.iter().all(|x| [-1., 1.].contains(x)));
        let (of, xs) = unmeasured_points()?;
        let found = changed(&of, SaltAndPepper, &xs, 0, 1.)?;
        assert!(values(&found)?.iter().all(|x| [-2., 2.].contains(x)));
        Ok(())
    }

    #[test]
    fn shares_above_1_are_refused() -> Result<()> {
        let (of, xs) = table(2)?;
        let refused = changed(&of, SaltAndPepper, &xs, 0, 1.5).unwrap_err().to_string();
        assert!(refused.starts_with("expected a share from 0 to 1, received 1.5"), "{refused}");
        assert!(changed(&of, SaltAndPepper, &xs, 0, f64::NAN).is_err());
        Ok(())
    }
}
