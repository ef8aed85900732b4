//! Values that become missing.

use candle_core::Result;

use crate::robust::{Cell, Change, Form, Row};

/// Lets a share of the cells become missing, as the preparation fills them.
///
/// - A number becomes the training rows' median, and its indicator 1 if it has one.
/// - A category becomes `<missing>`, or none at all if the training rows have no missing one.
/// - A pixel becomes 0.
/// - A value of a step becomes the mean of its channel.
#[derive(Clone, Copy, Debug)]
pub struct Missing;

impl Change for Missing {
    fn is_rate(&self) -> bool {
        true
    }

    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        if let Form::Table { cells, .. } = row.form() {
            let uniforms = row.uniforms(cells.len());
            let gone = cells.iter().zip(&uniforms).filter(|(_, u)| f64::from(**u) <= amount);
            gone.for_each(|(cell, _)| empty(cell, row.values));
            return Ok(());
        }
        let uniforms = row.uniforms(row.values.len());
        row.for_each_free(
            |element, x, own| {
                if f64::from(uniforms[element]) <= amount { own.mean } else { x }
            },
        );
        Ok(())
    }
}

/// Lets a cell of a row be missing.
fn empty(cell: &Cell, row: &mut [f32]) {
    let missing = match cell {
        Cell::Number { input, missing, empty, .. } => {
            row[*input] = *empty;
            missing
        }
        Cell::Category { inputs, missing } => {
            inputs.iter().for_each(|input| row[*input] = 0.);
            missing
        }
    };
    if let Some(indicator) = missing {
        row[*indicator] = 1.;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, image, sequence, table, values};

    /// The median of the first number has the score 0.5 and an indicator, that of the last one the score 0.
    #[test]
    fn all_cells_of_a_table_go_missing() -> Result<()> {
        let (of, xs) = table(3)?;
        let found = changed(&of, Missing, &xs, 0, 1.)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(found, vec![vec![0.5, 1., 1., 0., 0., 0.]; 3]);
        Ok(())
    }

    #[test]
    fn a_share_of_the_cells_goes_missing_each_on_its_own() -> Result<()> {
        let (of, xs) = table(4000)?;
        let found = changed(&of, Missing, &xs, 0, 0.3)?;
        let rows = found.squeeze(0)?.to_vec2::<f32>()?;
        let bound = 4. * (0.3 * 0.7 / 4000f64).sqrt();
        let share = rows.iter().filter(|row| row[2] == 1.).count() as f64 / 4000.;
        assert!((share - 0.3).abs() < bound, "{share} of the categories");
        let both = rows.iter().filter(|row| row[2] == 1. && row[5] == 0.).count() as f64 / 4000.;
        assert!((both - 0.09).abs() < bound, "{both} of the categories and numbers");
        for row in rows {
            assert_eq!(row[2] + row[3] + row[4], 1., "one category");
            assert!(row[1] == 0. || row[0] == 0.5, "a missing number is the median");
        }
        Ok(())
    }

    #[test]
    fn pixels_become_black_and_steps_the_mean() -> Result<()> {
        let (of, xs) = image(4, 4)?;
        assert_eq!(values(&changed(&of, Missing, &xs, 0, 1.)?)?, [0.; 16]);
        let (of, xs) = sequence()?;
        let found = changed(&of, Missing, &xs, 0, 1.)?;
        assert_eq!(values(&found)?, [2., 1., 2., 1., 2., 1., 0., 0.]);
        Ok(())
    }
}
