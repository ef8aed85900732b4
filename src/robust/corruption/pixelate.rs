//! Coarse pixels.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Makes an image smaller and large again: a height of ⌊c · H⌋ blocks and a width of ⌊c · W⌋, at least 1, each the
/// mean of the pixels whose centres lie in it, as a box filter and enlarging to the nearest block do.
#[derive(Clone, Copy, Debug)]
pub struct Pixelate;

impl Change for Pixelate {
    fn is_rate(&self) -> bool {
        true
    }

    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let [height, width] = row.image()?;
        let [(rows, tall), (columns, wide)] = [height, width].map(|len| blocks(len, amount));
        let (mut sums, mut counts) = (vec![0f64; tall * wide], vec![0f64; tall * wide]);
        for (line, down) in row.values.chunks(width.max(1)).zip(&rows) {
            for (pixel, right) in line.iter().zip(&columns) {
                sums[down * wide + right] += f64::from(*pixel);
                counts[down * wide + right] += 1.;
            }
        }
        for (line, down) in row.values.chunks_mut(width.max(1)).zip(&rows) {
            for (pixel, right) in line.iter_mut().zip(&columns) {
                let block = down * wide + right;
                *pixel = (sums[block] / counts[block]) as f32;
            }
        }
        Ok(())
    }
}

/// Returns the block of each pixel of a line, and the number of blocks.
fn blocks(len: usize, share: f64) -> (Vec<usize>, usize) {
    let count = ((len as f64 * share) as usize).max(1);
    ((0..len).map(|pixel| (2 * pixel + 1) * count / (2 * len)).collect(), count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, image, values};

    /// Rows 0, 1/4 / 1/2, 3/4: half of the width is one block, half of the height too.
    #[test]
    fn blocks_have_the_mean_of_their_pixels() -> Result<()> {
        let (of, xs) = image(2, 2)?;
        assert_eq!(values(&changed(&of, Pixelate, &xs, 0, 0.5)?)?, [0.375; 4]);
        let (of, xs) = image(1, 4)?;
        let found = values(&changed(&of, Pixelate, &xs, 0, 0.5)?)?;
        assert_eq!(found, [0.125, 0.125, 0.625, 0.625]);
        assert_eq!(values(&changed(&of, Pixelate, &xs, 0, 1.)?)?, values(&xs)?);
        Ok(())
    }

    /// Of 5 pixels the centres 0.1, 0.3, 0.5, 0.7 and 0.9 of the length lie in the thirds 0, 0, 1, 2 and 2.
    #[test]
    fn a_pixel_is_in_the_block_of_its_centre() {
        assert_eq!(blocks(5, 0.65), (vec![0, 0, 1, 2, 2], 3));
        assert_eq!(blocks(3, 0.1), (vec![0; 3], 1));
    }
}
