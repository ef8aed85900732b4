//! Cells from other rows.

use candle_core::Result;

use crate::robust::{Cell, Change, Row};

/// Replaces a share of the cells by those of rows that were measured, each cell's row being drawn with equal chances:
/// a number with its indicator of missing values, and a category as a whole. A cell's values are then as frequent as
/// in the measured rows, but fit the rest of their row no longer (Breiman 2001, doi:10.1023/A:1010933404324, permutes
/// all of a column so).
#[derive(Clone, Copy, Debug)]
pub struct Swapped;

impl Change for Swapped {
    fn is_rate(&self) -> bool {
        true
    }

    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let cells = row.cells()?;
        let len = row.values.len();
        let donors = row.donors();
        let count = donors.len() / len.max(1);
        let uniforms = row.uniforms(2 * cells.len());
        for (cell, [changes, donor]) in cells.iter().zip(uniforms.as_chunks().0) {
            if f64::from(*changes) > amount || count == 0 {
                continue;
            }
            // The numbers are above 0.
            let donor = (f64::from(*donor) * count as f64).ceil() as usize - 1;
            let from = &donors[donor * len..][..len];
            match cell {
                Cell::Number { input, missing, .. } => {
                    for input in [Some(*input), *missing].into_iter().flatten() {
                        row.values[input] = from[input];
                    }
                }
                Cell::Category { inputs, .. } => {
                    inputs.iter().for_each(|input| row.values[*input] = from[*input]);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, table};

    /// Law 55: each value is one of its column's, and the share of changed cells is the rate, without the cells that
    /// meet themselves.
    #[test]
    fn cells_take_values_of_their_own_column() -> Result<()> {
        let (of, xs) = table(2000)?;
        let before = xs.squeeze(0)?.to_vec2::<f32>()?;
        let after = changed(&of, Swapped, &xs, 0, 0.25)?.squeeze(0)?.to_vec2::<f32>()?;
        for input in 0..6 {
            let known: Vec<u32> = before.iter().map(|row| row[input].to_bits()).collect();
            assert!(after.iter().all(|row| known.contains(&row[input].to_bits())), "input {input}");
        }
        for row in &after {
            assert_eq!(row[2] + row[3] + row[4], 1., "a category is whole");
            assert_eq!(row[1] == 1., row[0] == 0.5, "a number comes with its indicator");
        }
        let differ = before.iter().zip(&after).filter(|(x, y)| x[5] != y[5]).count() as f64;
        let bound = 4. * (0.25 * 0.75 / 2000f64).sqrt();
        assert!((differ / 2000. - 0.25).abs() < bound, "{differ} of 2000 numbers changed");
        Ok(())
    }
}
