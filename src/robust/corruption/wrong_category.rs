//! Wrong categories.

use candle_core::Result;

use crate::robust::{Cell, Change, Row};

/// Replaces a share of the categories by other ones of the training rows, all equally likely. A missing category
/// stays, and none becomes missing.
#[derive(Clone, Copy, Debug)]
pub struct WrongCategory;

impl Change for WrongCategory {
    fn is_rate(&self) -> bool {
        true
    }

    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let cells = row.cells()?;
        let uniforms = row.uniforms(2 * cells.len());
        for (cell, [changes, other]) in cells.iter().zip(uniforms.as_chunks().0) {
            let Cell::Category { inputs, missing } = cell else { continue };
            let is_missing = missing.is_some_and(|input| row.values[input] != 0.);
            if f64::from(*changes) > amount || is_missing {
                continue;
            }
            let is_other = |input: &usize| row.values[*input] == 0. && Some(*input) != *missing;
            let others: Vec<usize> = inputs.iter().copied().filter(is_other).collect();
            let place = (f64::from(*other) * others.len() as f64).ceil() as usize;
            let Some(other) = place.checked_sub(1).and_then(|place| others.get(place)) else {
                continue;
            };
            inputs.iter().for_each(|input| row.values[*input] = 0.);
            row.values[*other] = 1.;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, table, values};

    #[test]
    fn two_categories_change_places() -> Result<()> {
        let (of, xs) = table(4)?;
        let found = changed(&of, WrongCategory, &xs, 0, 1.)?;
        let expected = [[0f32, 0., 1.], [0., 1., 0.]].repeat(2).concat();
        assert_eq!(values(&found.narrow(2, 2, 3)?)?, expected);
        for (start, len) in [(0, 2), (5, 1)] {
            let kept = xs.narrow(2, start, len)?;
            assert_eq!(values(&found.narrow(2, start, len)?)?, values(&kept)?);
        }
        Ok(())
    }
}
