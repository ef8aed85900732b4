//! Small images of handwritten digits.
//!
//! The test half of E. Alpaydin and C. Kaynak's *Optical Recognition of Handwritten Digits* (1998),
//! the data set of scikit-learn's `load_digits`.

use candle_core::Result;

use super::{Dataset, Images, read_images};

/// Extents of a digit's image: channels, height, width.
pub const DIGIT_SHAPE: [usize; 3] = [1, 8, 8];

/// Number of classes of digits.
pub const DIGIT_CLASSES: usize = 10;

/// Returns the 1,797 digits that this crate ships, in scikit-learn's order: 64 pixels in [0, 1], row
/// by row, and the digit.
///
/// # Errors
/// If the shipped file is damaged.
pub fn digits() -> Result<Dataset> {
    Ok(digit_images()?.pixels)
}

/// Returns the digits as images with the names of their classes.
pub(crate) fn digit_images() -> Result<Images> {
    let [_, height, width] = DIGIT_SHAPE;
    let shape = Some([height, width]);
    read_images(include_bytes!("../../data/digits.csv.gz"), "data/digits.csv.gz", shape)
}
