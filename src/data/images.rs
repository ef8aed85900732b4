//! Labelled images in a text file.

use candle_core::Result;

use super::Dataset;
use super::classes::Classes;
use super::text::{Place, file_error, lines, text};
use super::words::quoted;

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
    let mut rows = lines(&text, name).filter(|(_, line)| !line.is_empty()).peekable();
    rows.next_if(|(_, line)| is_header(line));
    let (mut shape, mut pixels, mut labels) = (shape, Vec::new(), Vec::new());
    let mut classes = Classes::default();
    for (place, line) in rows {
        let mut fields: Vec<&str> = fields(line).collect();
        let class = match fields.pop() {
            Some(class) if !fields.is_empty() => class_name(&unquoted(class)),
            _ => {
                let what = "expected pixels and a class separated by commas, received 1 field";
                return Err(place.error(what));
            }
        };
        shape = Some(checked_shape(shape, fields.len(), place)?);
        for (column, field) in (1..).zip(fields) {
            pixels.push(pixel(place, column, field)?);
        }
        if class.is_empty() {
            return Err(place.error("expected a class in the last column, received nothing"));
        }
        labels.push(classes.number(&class));
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

/// Splits a line at its commas outside quotes.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    line.split(move |c| {
        is_quoted ^= c == '"';
        c == ',' && !is_quoted
    })
}

/// Returns the text of a field without spaces around it and without quotes.
fn unquoted(field: &str) -> String {
    let field = field.trim();
    match field.strip_prefix('"').and_then(|field| field.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\"").trim().to_string(),
        None => field.to_string(),
    }
}

/// Returns whether no pixel of a line is a number, or the pixels count the columns of a table.
fn is_header(line: &str) -> bool {
    /// Smaller images may happen to have such pixels.
    const COUNTED: usize = 16;
    let numbers: Vec<Option<f64>> =
        fields(line).map(|field| unquoted(field).parse().ok()).collect();
    let Some((_, numbers)) = numbers.split_last() else { return false };
    let counts =
        |first: u32| (first..).zip(numbers).all(|(i, number)| *number == Some(f64::from(i)));
    let is_text = !numbers.is_empty() && numbers.iter().all(Option::is_none);
    is_text || (numbers.len() >= COUNTED && (counts(0) || counts(1)))
}

/// Returns the height and width of an image of so many pixels.
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

fn pixel(place: Place<'_>, column: usize, field: &str) -> Result<f64> {
    let part = format_args!("column {column}");
    let pixel = place.number(part, &unquoted(field))?;
    match pixel >= 0. {
        true => Ok(pixel),
        false => {
            let what = format_args!("expected a pixel of at least 0, received {}", quoted(field));
            Err(place.error_in(part, what))
        }
    }
}

/// Returns the name of a class: of a whole number its digits.
fn class_name(text: &str) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.; // 2^53
    match text.parse::<f64>() {
        Ok(number) if number.fract() == 0. && number.abs() <= EXACT => (number + 0.).to_string(),
        _ => text.to_string(),
    }
}

/// Returns what pixels are divided by.
fn white(pixels: &[f64]) -> f64 {
    const USUAL: [f64; 4] = [1., 16., 255., 65_535.];
    let largest = pixels.iter().copied().fold(0., f64::max);
    USUAL.into_iter().find(|white| largest <= *white).unwrap_or(largest)
}
