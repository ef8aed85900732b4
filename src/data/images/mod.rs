//! Images in a text file.

mod expected;
mod line;

use candle_core::Result;

pub use self::expected::{ImageFormat, NewImages, read_images_as};
use self::line::{class, read_pixels, rows};
use super::Dataset;
use super::classes::Classes;
use super::text::{Place, file_error, text};

/// Grey images of one size with the names of their classes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Images {
    /// The pixels in [0, 1], row by row, and the number of the class of each image.
    pub pixels: Dataset,
    /// Height and width.
    pub shape: [usize; 2],
    /// The names of the classes by number.
    pub classes: Vec<String>,
    /// What the pixels of the file were divided by.
    pub white: f64,
}

/// Reads images from lines of comma-separated pixels, row by row, and the class at the end,
/// compressed by gzip or plain. `name` is what messages call the file.
///
/// - `shape` is the height and width; without it the images are square.
/// - Pixels are at least 0. They are divided by the smallest of 1, 16, 255 and 65,535 that none of
///   them exceeds, or else by the largest of them.
/// - A class is any text, in quotes or not; 3.0 is 3. Classes are numbered in the order of their
///   values if all are numbers, or else of their bytes.
/// - The first line may be a header: texts, or for 16 or more pixels the numbers of the columns from 0
///   or 1. Empty lines are passed over.
///
/// Time and memory are proportional to the text, which a gzip file holds up to 1,032 times.
///
/// # Errors
/// If the gzip file is damaged or truncated, the file is no UTF-8 text or has no images, or a line
/// has another number of fields, a pixel that is no number of at least 0, or no class. The error
/// names the line and the column.
pub fn read_images(bytes: &[u8], name: &str, shape: Option<[usize; 2]>) -> Result<Images> {
    let text = text(bytes, name)?;
    let (mut shape, mut pixels, mut labels) = (shape, Vec::new(), Vec::new());
    let mut classes = Classes::default();
    for (place, fields) in rows(&text, name, None) {
        let (last, own) = match fields.split_last() {
            Some((last, own)) if !own.is_empty() => (last, own),
            _ => {
                let what = "expected pixels and a class separated by commas, received 1 field";
                return Err(place.error(what));
            }
        };
        shape = Some(checked_shape(shape, own.len(), place)?);
        read_pixels(place, own, &mut pixels)?;
        labels.push(classes.number(&class(place, last)?));
    }
    let Some(shape) = shape.filter(|_| !labels.is_empty()) else {
        return Err(file_error(name, "expected lines of pixels and a class, received none"));
    };
    let white = white(&pixels);
    pixels.iter_mut().for_each(|pixel| *pixel /= white);
    let classes = classes.arrange(&[], &mut labels);
    let pixels = Dataset::new(shape[0] * shape[1], pixels, labels)?;
    Ok(Images { pixels, shape, classes, white })
}

/// Returns the height and width of an image of `pixels` pixels.
fn checked_shape(shape: Option<[usize; 2]>, pixels: usize, place: Place<'_>) -> Result<[usize; 2]> {
    let side = pixels.isqrt();
    match shape {
        Some([height, width]) if height.checked_mul(width) == Some(pixels) => Ok([height, width]),
        Some([height, width]) => Err(place.error(format_args!(
            "expected an image of {height}×{width} pixels and a class, received {} fields",
            pixels + 1
        ))),
        None if side * side == pixels => Ok([side, side]),
        None => Err(place.error(format_args!(
            "expected a square number of pixels and a class, or the shape of the images (--shape \
             HxW), received {pixels} pixels"
        ))),
    }
}

/// Returns what pixels are divided by.
fn white(pixels: &[f64]) -> f64 {
    const USUAL: [f64; 4] = [1., 16., 255., 65_535.];
    let largest = pixels.iter().copied().fold(0., f64::max);
    USUAL.into_iter().find(|white| largest <= *white).unwrap_or(largest)
}
