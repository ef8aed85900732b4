//! Small images of handwritten digits.
//!
//! The test half of E. Alpaydin and C. Kaynak's *Optical Recognition of Handwritten Digits* (1998),
//! the data set of scikit-learn's `load_digits`.

use candle_core::Result;

use super::Dataset;
use super::text::{file_error, lines, text};

/// Extents of a digit's image: channels, height, width.
pub const DIGIT_SHAPE: [usize; 3] = [1, 8, 8];

const PIXELS: usize = 64;
/// The brightest pixel of the file.
const WHITE: f64 = 16.;
/// Number of classes of digits.
pub const DIGIT_CLASSES: usize = 10;

/// The 1,797 digits that this crate ships, in scikit-learn's order: 64 pixels in [0, 1], row by row,
/// and the digit.
///
/// # Errors
/// None with the file as it is shipped.
pub fn digits() -> Result<Dataset> {
    read_digits(include_bytes!("../../data/digits.csv.gz"), "data/digits.csv.gz")
}

/// Reads digits from lines of 64 comma-separated pixels, 0 to 16, and the digit, compressed by gzip
/// or plain. Pixels are divided by 16; empty lines are passed over; `name` is what messages call the
/// file. Time and memory are proportional to the text, which a gzip file holds up to 1,032 times.
///
/// # Errors
/// When the gzip file is damaged or truncated, there are no rows, or a row has another number of
/// fields, a pixel outside 0 to 16 or a label that is no digit.
pub fn read_digits(bytes: &[u8], name: &str) -> Result<Dataset> {
    let text = text(bytes, name)?;
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (place, line) in lines(&text, name).filter(|(_, line)| !line.is_empty()) {
        let fields: Vec<&str> = line.split(',').collect();
        if fields.len() != PIXELS + 1 {
            return Err(place.error(format_args!(
                "expected an image of {PIXELS} pixels and a label, received {} fields",
                fields.len()
            )));
        }
        for field in &fields[..PIXELS] {
            let pixel = place.number(field)?;
            if !(0.0..=WHITE).contains(&pixel) {
                let what = format_args!("expected pixels from 0 to {WHITE}, received {pixel}");
                return Err(place.error(what));
            }
            pixels.push(pixel / WHITE);
        }
        let label = fields[PIXELS].trim();
        match label.parse() {
            Ok(label) if label < DIGIT_CLASSES as u32 => labels.push(label),
            _ => {
                let what = format_args!("expected a digit as the label, received {label:?}");
                return Err(place.error(what));
            }
        }
    }
    if labels.is_empty() {
        let what = format_args!("expected lines of {PIXELS} pixels and a label, received none");
        return Err(file_error(name, what));
    }
    Dataset::new(PIXELS, pixels, labels)
}
