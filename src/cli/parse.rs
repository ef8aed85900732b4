//! Parsers for the values of flags.

use std::ops::RangeInclusive;
use std::str::FromStr;

/// Parses a standard deviation: a finite number of at least 0.
///
/// # Errors
/// If the text is anything else.
pub fn stddev(text: &str) -> Result<f64, String> {
    let valid = |x: &f64| (0.0..f64::INFINITY).contains(x);
    number(text, "a finite number of at least 0", valid)
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    number(text, "a finite number above 0", |&x: &f64| x > 0. && x.is_finite())
}

/// Parses a number above 0 that is compared with numbers in single precision.
pub(super) fn above_zero(text: &str) -> Result<f64, String> {
    let valid = |&x: &f64| x as f32 > 0. && x.is_finite();
    number(text, "a finite number above 0, also in single precision", valid)
}

/// Parses the height and width of images, such as `28x28`.
///
/// # Errors
/// If the text is anything else.
pub fn shape(text: &str) -> Result<[usize; 2], String> {
    const MOST: usize = 4096;
    let extent = |text: &str| text.parse().ok().filter(|extent| (1..=MOST).contains(extent));
    let extents = text.split_once(['x', '×']).map(|(height, width)| [height, width].map(extent));
    match extents {
        Some([Some(height), Some(width)]) => Ok([height, width]),
        _ => Err(format!(
            "expected a height and a width from 1 to {MOST}, such as 28x28, received '{text}'"
        )),
    }
}

/// Parses a number that is judged together with others.
pub(super) fn any(text: &str) -> Result<f64, String> {
    number(text, "a number, such as 0.1", |_: &f64| true)
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    number(text, "a number from 0 to 1", |x| (0.0..=1.).contains(x))
}

/// Parses a probability of error.
pub(super) fn error(text: &str) -> Result<f64, String> {
    number(text, "a number of at least 1e-12 and below 1", |x| (1e-12..1.).contains(x))
}

/// Parses a standard deviation whose square single precision holds.
pub(super) fn moderate(text: &str) -> Result<f64, String> {
    number(text, "a number above 0, at most 1e15", |&x: &f64| x > 0. && x <= 1e15)
}

pub(super) fn within<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + std::fmt::Display + Copy,
{
    move |text| {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        number(text, &expected, |x| range.contains(x))
    }
}

/// Parses a noise. The name of the flag and its text stand in front of an error already.
pub(super) fn noise<T: FromStr<Err = candle_core::Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: candle_core::Error| {
        let error = error.to_string();
        error.strip_prefix(&format!("noise '{text}': ")).unwrap_or(&error).to_string()
    })
}

fn number<T: FromStr>(text: &str, expected: &str, valid: impl Fn(&T) -> bool) -> Result<T, String> {
    let parsed = text.parse().ok().filter(valid);
    parsed.ok_or_else(|| format!("expected {expected}, received '{text}'"))
}
