//! Images of a known format, with classes or without.

use candle_core::{Device, Result, Tensor, bail};
use serde::{Deserialize, Serialize};

use super::Images;
use super::line::{class, class_name, read_pixels, rows};
use crate::data::classes::Known;
use crate::data::dataset::features;
use crate::data::text::{file_error, text};

/// What new images need to have in common with those that a model was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageFormat {
    /// Height and width.
    pub shape: [usize; 2],
    /// What pixels are divided by.
    pub white: f64,
    /// The names of the classes by number.
    pub classes: Vec<String>,
}

impl ImageFormat {
    /// Returns the format of images.
    pub fn of(images: &Images) -> Self {
        let Images { shape, white, classes, .. } = images;
        Self { shape: *shape, white: *white, classes: classes.clone() }
    }

    /// Returns the number of pixels of an image.
    fn pixels(&self) -> Result<usize> {
        let ([height, width], white) = (self.shape, self.white);
        match height.checked_mul(width) {
            Some(pixels) if pixels > 0 && white > 0. && white.is_finite() => Ok(pixels),
            _ => bail!(
                "expected a format of 1 or more pixels and a finite white above 0, received \
                 {height}×{width} pixels and {white}"
            ),
        }
    }
}

/// Images for a trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct NewImages {
    shape: [usize; 2],
    pixels: Vec<f64>,
    labels: Option<Vec<u32>>,
}

impl NewImages {
    /// Returns the number of images.
    pub fn len(&self) -> usize {
        self.rows().len()
    }

    /// Returns whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Returns the pixels of each image, row by row, in order, divided by the white of the format. Those
    /// above 1 are brighter than it expects.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        let [height, width] = self.shape;
        self.pixels.chunks_exact(height * width)
    }

    /// Returns the numbers of the classes in the format, if the file has classes.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// Returns the images as inputs of a network.
    ///
    /// # Shapes
    /// (N, 1, H, W), f32.
    ///
    /// # Errors
    /// If the device cannot hold them.
    pub fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        let [height, width] = self.shape;
        features(&self.pixels, (self.len(), 1, height, width), device)
    }
}

/// Reads images of a known format, as [`read_images`](super::read_images) does: lines of as many pixels
/// as the format has, with a class at the end of each line or of none. Pixels are divided by the white
/// of the format; those above it are allowed and end above 1.
///
/// # Errors
/// If the gzip file is damaged or truncated, the file is no UTF-8 text or has no images, or a line
/// has another number of fields, a class where others have none, a pixel that is no number of at least
/// 0, or a class that the format does not have. The error names the line and the column.
pub fn read_images_as(bytes: &[u8], name: &str, format: &ImageFormat) -> Result<NewImages> {
    let text = text(bytes, name)?;
    let (count, [height, width]) = (format.pixels()?, format.shape);
    let known = Known::new(format.classes.iter().map(|name| class_name(name)), "the model");
    let (mut pixels, mut labels) = (Vec::new(), None);
    for (place, fields) in rows(&text, name, Some(count)) {
        let (own, last) = match fields.len().checked_sub(count) {
            Some(0) => (&fields[..], None),
            Some(1) => (&fields[..count], Some(fields[count])),
            _ => {
                return Err(place.error(format_args!(
                    "expected an image of {height}×{width} pixels, with a class or without, received \
                     {} fields",
                    fields.len()
                )));
            }
        };
        if pixels.is_empty() {
            labels = last.map(|_| Vec::new());
        }
        read_pixels(place, own, &mut pixels)?;
        match (&mut labels, last) {
            (Some(labels), Some(last)) => labels.push(known.number(place, &class(place, last)?)?),
            (None, None) => {}
            (expected, _) => {
                let class = if expected.is_some() { "and a class" } else { "without a class" };
                return Err(place.error(format_args!(
                    "expected {count} pixels {class} as in the lines above, received {} fields",
                    fields.len()
                )));
            }
        }
    }
    if pixels.is_empty() {
        return Err(file_error(name, "expected lines of pixels, received none"));
    }
    pixels.iter_mut().for_each(|pixel| *pixel /= format.white);
    Ok(NewImages { shape: format.shape, pixels, labels })
}
