//! Small grey-scale images in rows.

use anyhow::{Result, ensure};

use super::axis::Axis;
use super::frame::Frame;
use super::ink::{BLACK, WHITE, blend};
use super::scene::{Pixel, Scene};

/// Side of the square for an image, and gap between two, in pixels.
const SIDE: f64 = 84.0;
const GAP: f64 = 12.0;
/// Maximum number of images in a row, of rows, and of pixels of all images.
const MOST: [usize; 2] = [20, 12];
const PIXELS: usize = 60_000;

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

/// Draws rows of images, each with its name on the left, such as the same digits without noise and with increasing noise. Images at
/// the same position of all rows are below each other, above their name in `columns`, which may be
/// empty. Pixels are squares; an image with more than
/// 84 on a side loses some. Images after the 20th of a row are left out, or fewer if they are large,
/// as are rows after the 12th.
///
/// # Errors
/// If an image does not have width x height values.
pub fn images(title: &str, columns: &[String], rows: &[(String, Vec<Image>)]) -> Result<Scene> {
    for Image { width, height, values } in rows.iter().flat_map(|(_, images)| images) {
        ensure!(
            width.checked_mul(*height) == Some(values.len()),
            "an image of {width} x {height} pixels needs width x height values, got {}",
            values.len()
        );
    }
    let rows = &rows[..rows.len().min(MOST[1])];
    let pixels = rows.iter().flat_map(|(_, images)| images).map(|image| image.values.len());
    let largest = pixels.max().unwrap_or(0).clamp(1, (SIDE * SIDE) as usize);
    let most = MOST[0].min((PIXELS / largest / rows.len().max(1)).max(1));
    let longest = rows.iter().map(|(_, images)| images.len()).max().unwrap_or(0).min(most);
    let size = [longest, rows.len().max(1)].map(|count| count as f64 * (SIDE + GAP));
    let middle = |index: usize| index as f64 + 0.5;
    let names = rows.iter().rev().enumerate().map(|(i, (name, _))| (middle(i), name.clone()));
    let names: Vec<_> = names.collect();
    let y = Axis::named("", [0.0, rows.len().max(1) as f64], &names);
    let below = columns.iter().take(longest).enumerate();
    let below: Vec<_> = below.map(|(i, name)| (middle(i), name.clone())).collect();
    let axes = [Axis::named("", [0.0, longest.max(1) as f64], &below), y];
    let mut frame = Frame::new(title, &[], axes, size, 28.0);
    let [left, top, right, bottom] = frame.area;
    // only the names of the frame are left
    frame.scene.rectangle([left - 5.0, top], [right + 1.0, bottom + 6.0], WHITE);
    for (index, (_, images)) in rows.iter().enumerate() {
        for (place, image) in images.iter().take(most).enumerate() {
            let [x, y] = [place, index].map(|i| i as f64 * (SIDE + GAP) + GAP / 2.0);
            image.draw(&mut frame, [left + x, top + y]);
        }
    }
    Ok(frame.scene)
}

impl Image<'_> {
    /// Draws the image in the middle of a square with the given upper left corner.
    fn draw(&self, frame: &mut Frame, corner: Pixel) {
        if self.values.is_empty() {
            return;
        }
        let scale = SIDE / self.width.max(self.height) as f64;
        let scale = if scale > 1.0 { scale.floor() } else { scale };
        let size = [self.width, self.height].map(|side| (side as f64 * scale).round().max(1.0));
        let [left, top] = [0, 1].map(|i| corner[i] + ((SIDE - size[i]) / 2.0).floor());
        let pixel = |x: usize, y: usize| {
            let [column, row] = [x, y].map(|way| (way as f64 / scale) as usize);
            let value = self.values[row * self.width + column].clamp(0.0, 1.0);
            (!value.is_nan()).then(|| blend(WHITE, BLACK, value))
        };
        frame.scene.raster([left, top], size, pixel);
        let around = [left - 0.5, top - 0.5, left + size[0] + 0.5, top + size[1] + 0.5];
        frame.scene.outline(around, 1.0, blend(WHITE, BLACK, 0.3));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ink::Ink, *};

    fn image(width: usize, values: &[f64]) -> Image<'_> {
        Image { width, height: values.len() / width, values }
    }

    fn scene(rows: &[&[Image]]) -> Scene {
        let rows: Vec<_> = rows.iter().map(|row| ("a row".to_string(), row.to_vec())).collect();
        let scene = images("a title", &[], &rows).unwrap();
        scene.check();
        scene
    }

    /// Returns the colour of a pixel in the square of an image, counted from its upper left corner.
    fn pixel(scene: &Scene, row: usize, column: usize, [x, y]: Pixel) -> Ink {
        let [left, top, ..] = scene.areas()[0];
        let [right, down] = [column, row].map(|place| place as f64 * (SIDE + GAP) + GAP / 2.0);
        let painted = scene.painted([left + right + x, top + down + y]);
        painted.map_or(WHITE, |rgb| Ink { rgb, opacity: 1.0 })
    }

    #[test]
    fn pixels_are_squares_from_white_to_black_the_upper_row_first() {
        let values = [0.0, 0.25, 0.5, 0.75, 1.0, 0.1];
        let scene = scene(&[&[image(1, &[1.0])], &[image(1, &[0.0]), image(3, &values)]]);
        assert_eq!((scene.width, scene.height), (68 + 2 * 96 + 28, 62 + 2 * 96 + 40));
        // 28 pixels each, 84 x 56 in the middle of 84 x 84
        for (index, value) in values.into_iter().enumerate() {
            let corner = [index % 3, index / 3].map(|place| 28.0 * place as f64);
            for [x, y] in [[0.0, 0.0], [27.0, 0.0], [0.0, 27.0], [27.0, 27.0], [14.0, 14.0]] {
                let at = [corner[0] + x, corner[1] + y + 14.0];
                assert_eq!(pixel(&scene, 1, 1, at), blend(WHITE, BLACK, value), "{x} {y}");
            }
        }
        assert_eq!(pixel(&scene, 0, 0, [40.0, 40.0]), BLACK);
        assert_eq!(scene.words().matches("a row").count(), 2);
    }

    #[test]
    fn values_outside_are_clamped_and_nan_is_left_out() {
        let scene = scene(&[&[image(4, &[-3.0, 1.7, f64::INFINITY, f64::NAN])]]);
        for (x, ink) in [(0.0, WHITE), (21.0, BLACK), (42.0, BLACK), (63.0, WHITE)] {
            assert_eq!(pixel(&scene, 0, 0, [x + 10.0, 42.0]), ink, "{x}");
        }
    }

    #[test]
    fn a_large_image_is_as_large_as_a_small_one() {
        let large = (0..1000 * 500).map(|i| f64::from(u8::from(i % 1000 > 500)));
        let scene = scene(&[&[image(1000, &large.collect::<Vec<_>>())]]);
        let at = |x| pixel(&scene, 0, 0, [x, 42.0]) == BLACK;
        assert!(!at(20.0) && !at(40.0) && at(44.0) && at(83.0) && !at(86.0));
        assert_eq!(pixel(&scene, 0, 0, [60.0, 18.0]), WHITE);
    }

    #[test]
    fn images_rejects_a_wrong_number_of_values() {
        let message = |width, height| {
            let row = (String::new(), vec![Image { width, height, values: &[0.5; 6] }]);
            images("", &[], &[row]).unwrap_err().to_string()
        };
        let got = message(4, 2);
        assert!(got.contains("4 x 2 pixels") && got.contains("got 6"), "{got}");
        message(usize::MAX, 3);
    }

    #[test]
    fn images_accepts_degenerate_input() {
        images("", &[], &[]).unwrap().check();
        scene(&[&[], &[Image { width: 0, height: usize::MAX, values: &[] }]]);
        scene(&[&[image(1, &[0.5; 10_000]), image(10_000, &[f64::MIN; 10_000])]]);
        let many = [image(2, &[0.5; 4]); 100];
        scene(&vec![&many[..]; 100]);
        let name = "long \u{1F600}\n".repeat(300);
        let rows = vec![(name.clone(), many.to_vec()); 2];
        images(&name, &vec![name.clone(); 200], &rows).unwrap().check();
    }

    #[test]
    fn columns_have_their_names_below() {
        let rows = [("a row".to_string(), vec![image(1, &[1.0]), image(1, &[0.0])])];
        let names = ["cat", "dog", "no image"].map(str::to_string);
        let scene = images("a title", &names, &rows).unwrap();
        scene.check();
        let texts = scene.texts();
        let places = ["cat", "dog"].map(|name| {
            let (_, place) = texts.iter().find(|(text, _)| *text == name).unwrap();
            assert!(place[1] > scene.areas()[0][3], "{name} is below the images");
            (place[0] + place[2]) / 2.0
        });
        let left = scene.areas()[0][0];
        for (i, place) in places.into_iter().enumerate() {
            let middle = left + (SIDE + GAP) * (i as f64 + 0.5);
            assert!((place - middle).abs() < 2.0, "{place} is not {middle}");
        }
        assert!(!scene.words().contains("no image"));
    }
}
