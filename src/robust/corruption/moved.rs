//! Images that are moved.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Moves an image by c pixels to the right, the left, the bottom or the top, each equally likely. Positions between
/// pixels are interpolated linearly, and the uncovered edge becomes black.
#[derive(Clone, Copy, Debug)]
pub struct Moved;

impl Change for Moved {
    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let [height, width] = row.image()?;
        let direction = row.uniforms(1)[0];
        let sign = if (direction * 4.).ceil() % 2. == 0. { -1. } else { 1. };
        if direction <= 0.5 {
            (0..height).for_each(|y| shift(row.values, y * width, 1, width, sign * amount));
        } else {
            (0..width).for_each(|x| shift(row.values, x, width, height, sign * amount));
        }
        Ok(())
    }
}

/// Moves `len` pixels from a first one on that are `stride` apart towards the last one.
fn shift(pixels: &mut [f32], first: usize, stride: usize, len: usize, by: f64) {
    let line: Vec<f32> = pixels.iter().skip(first).step_by(stride).take(len).copied().collect();
    let (whole, part) = (by.floor(), by - by.floor());
    let at = |place: f64| {
        let is_inside = (0.0..len as f64).contains(&place);
        if is_inside { f64::from(line[place as usize]) } else { 0. }
    };
    for to in 0..len {
        let from = to as f64 - whole;
        pixels[first + to * stride] = ((1. - part) * at(from) + part * at(from - 1.)) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::Form;
    use crate::robust::testing::{changed, values};
    use candle_core::{Device, Tensor};

    #[test]
    fn pixels_move_and_black_follows() {
        for (by, expected) in [
            (1., [0., 0.25, 0.5, 1.]),
            (0.5, [0.125, 0.375, 0.75, 0.75]),
            (-1., [0.5, 1., 0.5, 0.]),
            (-1.5, [0.75, 0.75, 0.25, 0.]),
            (9., [0.; 4]),
        ] {
            let mut line = [0.25, 0.5, 1., 0.5];
            shift(&mut line, 0, 1, 4, by);
            assert_eq!(line, expected, "by {by}");
        }
        let mut image = [0.25, 0.5, 1., 0.5];
        shift(&mut image, 1, 2, 2, 1.);
        assert_eq!(image, [0.25, 0., 1., 0.5]);
    }

    /// A bright pixel in the middle of 3×3 ends at one of four places: each a quarter of 4000 times.
    #[test]
    fn all_directions_are_equally_likely() -> Result<()> {
        let of = Form::Image { height: 3, width: 3 }.measured(None)?;
        let mut pixels = [0f32; 9];
        pixels[4] = 1.;
        let xs = Tensor::from_slice(&pixels, (1, 1, 1, 3, 3), &Device::Cpu)?;
        let xs = xs.broadcast_as((1, 4000, 1, 3, 3))?.contiguous()?;
        let found = values(&changed(&of, Moved, &xs, 0, 1.)?)?;
        let mut counts = [0f64; 9];
        for image in found.chunks_exact(9) {
            counts.iter_mut().zip(image).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        for (place, count) in counts.into_iter().enumerate() {
            let expected = if place % 2 == 1 { 1000. } else { 0. };
            assert!((count - expected).abs() < 4. * 750f64.sqrt(), "{count} at {place}");
        }
        Ok(())
    }
}
