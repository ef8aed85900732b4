//! Small grey-scale images in rows.

use anyhow::{Result, ensure};

use super::{
    axis::Axis,
    canvas::{BLACK, Pixel, WHITE, blend},
    frame::Frame,
};

/// Side of the square for an image, gap between two, and minimum width of a row, in pixels.
const SIDE: f64 = 84.0;
const GAP: f64 = 12.0;
const WIDTH: f64 = 416.0;
/// Maximum number of images in a row, and of rows.
const MOST: [usize; 2] = [20, 12];

/// A grey-scale image.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// The pixels, upper row first: from white at 0 to black at 1, clamped beyond. A pixel that is
    /// not a number is not drawn.
    pub values: &'a [f64],
}

/// A row of images.
#[derive(Clone, Copy, Debug)]
pub struct ImageRow<'a> {
    /// Its name, shown left of it.
    pub name: &'a str,
    /// The images, of any sizes.
    pub images: &'a [Image<'a>],
}

/// Draws images in rows, such as the same digits without noise and with increasing noise. Images at
/// the same position of all rows are below each other. Pixels are squares; an image with more than
/// 84 on a side loses some. Images after the 20th of a row are left out, as are rows after the
/// 12th.
///
/// # Errors
/// If an image does not have width x height values.
pub fn images(title: &str, rows: &[ImageRow]) -> Result<Vec<u8>> {
    for Image { width, height, values } in rows.iter().flat_map(|row| row.images) {
        ensure!(
            width.checked_mul(*height) == Some(values.len()),
            "an image of {width} x {height} pixels needs width x height values, got {}",
            values.len()
        );
    }
    let rows = &rows[..rows.len().min(MOST[1])];
    let longest = rows.iter().map(|row| row.images.len()).max().unwrap_or(0).min(MOST[0]);
    let size = [longest, rows.len().max(1)].map(|count| count as f64 * (SIDE + GAP));
    let middle = |index: usize| index as f64 + 0.5;
    let names = rows.iter().rev().enumerate().map(|(i, row)| (middle(i), row.name.to_string()));
    let names: Vec<_> = names.collect();
    let y = Axis::named("", [0.0, rows.len().max(1) as f64], &names);
    let axes = [Axis::named("", [0.0, 1.0], &[]), y];
    let mut frame = Frame::new(title, &[], axes, [size[0].max(WIDTH), size[1]], 28.0)?;
    let [left, top, right, bottom] = frame.area;
    // only the names of the frame are left
    frame.canvas.rectangle([left - 5.0, top], [right + 1.0, bottom + 1.0], WHITE)?;
    for (index, row) in rows.iter().enumerate() {
        for (place, image) in row.images.iter().take(MOST[0]).enumerate() {
            let [x, y] = [place, index].map(|i| i as f64 * (SIDE + GAP) + GAP / 2.0);
            image.draw(&mut frame, [left + x, top + y])?;
        }
    }
    frame.canvas.png()
}

impl Image<'_> {
    /// Draws the image in the middle of a square with the given upper left corner.
    fn draw(&self, frame: &mut Frame, corner: Pixel) -> Result<()> {
        if self.values.is_empty() {
            return Ok(());
        }
        let scale = SIDE / self.width.max(self.height) as f64;
        let scale = if scale > 1.0 { scale.floor() } else { scale };
        let size = [self.width, self.height].map(|side| (side as f64 * scale).round().max(1.0));
        let [left, top] = [0, 1].map(|i| corner[i] + ((SIDE - size[i]) / 2.0).floor());
        let around = [left - 1.0, top - 1.0, left + size[0], top + size[1]];
        for y in 0..size[1] as usize {
            for x in 0..size[0] as usize {
                let [column, row] = [x, y].map(|way| (way as f64 / scale) as usize);
                let value = self.values[row * self.width + column].clamp(0.0, 1.0);
                if !value.is_nan() {
                    let at = [left + x as f64, top + y as f64];
                    let end = at.map(|v| v + 1.0);
                    frame.canvas.rectangle(at, end, blend(WHITE, BLACK, value))?;
                }
            }
        }
        frame.outline(around, blend(WHITE, BLACK, 0.3))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::tests::Picture, *};

    fn image(width: usize, values: &[f64]) -> Image<'_> {
        Image { width, height: values.len() / width, values }
    }

    fn picture(rows: &[&[Image]]) -> Picture {
        let rows: Vec<_> = rows.iter().map(|images| ImageRow { name: "a row", images }).collect();
        let png = images("a title", &rows).unwrap();
        assert_eq!(png, images("a title", &rows).unwrap(), "same input, same bytes");
        Picture::decode(&png)
    }

    /// Returns a pixel in the square of an image, counted from its upper left corner.
    fn pixel(row: usize, column: usize, [x, y]: Pixel) -> Pixel {
        [74.0 + 96.0 * column as f64 + x, 68.0 + 96.0 * row as f64 + y]
    }

    #[test]
    fn pixels_are_squares_from_white_to_black_the_upper_row_first() {
        let values = [0.0, 0.25, 0.5, 0.75, 1.0, 0.1];
        let picture = picture(&[&[image(1, &[1.0])], &[image(1, &[0.0]), image(3, &values)]]);
        assert_eq!((picture.width, picture.height), (68 + 416 + 28, 62 + 2 * 96 + 40));
        // 28 pixels each, 84 x 56 in the middle of 84 x 84
        for (index, value) in values.into_iter().enumerate() {
            let corner = [index % 3, index / 3].map(|place| 28.0 * place as f64);
            for [x, y] in [[0.0, 0.0], [27.0, 0.0], [0.0, 27.0], [27.0, 27.0], [14.0, 14.0]] {
                let at = pixel(1, 1, [corner[0] + x, corner[1] + y + 14.0]);
                assert!(picture.is(at, blend(WHITE, BLACK, value)), "{value} {x} {y}");
            }
        }
        assert!(picture.is(pixel(0, 0, [40.0, 40.0]), BLACK));
        assert!(picture.is(pixel(1, 0, [40.0, 40.0]), WHITE));
        assert!(picture.is(pixel(0, 1, [40.0, 40.0]), WHITE));
    }

    #[test]
    fn values_outside_are_clamped_and_nan_is_left_out() {
        let picture = picture(&[&[image(4, &[-3.0, 1.7, f64::INFINITY, f64::NAN])]]);
        let [low, high, infinite, nan] = [0.0, 21.0, 42.0, 63.0];
        for (x, ink) in [(low, WHITE), (high, BLACK), (infinite, BLACK), (nan, WHITE)] {
            assert!(picture.is(pixel(0, 0, [x + 10.0, 42.0]), ink), "{x}");
        }
    }

    #[test]
    fn a_large_image_is_as_large_as_a_small_one() {
        let large: Vec<f64> =
            (0..1000 * 500).map(|i| f64::from(u8::from(i % 1000 > 500))).collect();
        let picture = picture(&[&[image(1000, &large)]]);
        let at = |x| picture.is(pixel(0, 0, [x, 42.0]), BLACK);
        assert!(!at(20.0) && !at(40.0) && at(44.0) && at(83.0) && !at(86.0));
        assert!(picture.is(pixel(0, 0, [60.0, 18.0]), WHITE));
    }

    #[test]
    fn images_rejects_a_wrong_number_of_values() {
        let message = |width, height| {
            let row = ImageRow { name: "", images: &[Image { width, height, values: &[0.5; 6] }] };
            images("", &[row]).unwrap_err().to_string()
        };
        let got = message(4, 2);
        assert!(got.contains("4 x 2 pixels") && got.contains("got 6"), "{got}");
        message(usize::MAX, 3);
    }

    #[test]
    fn images_accepts_degenerate_input() {
        picture(&[]);
        picture(&[&[], &[Image { width: 0, height: usize::MAX, values: &[] }]]);
        picture(&[&[image(1, &[0.5; 10_000]), image(10_000, &[f64::MIN; 10_000])]]);
        let many = [image(2, &[0.5; 4]); 100];
        picture(&vec![&many[..]; 100]);
        let name = "long \u{1F600}\n".repeat(1000);
        images(&name, &[ImageRow { name: &name, images: &many }; 2]).unwrap();
    }
}
