//! A line of pixels, with a class or without.

use candle_core::Result;

use crate::data::text::{Place, lines};
use crate::data::words::quoted;

/// Returns the fields of the lines that hold images. `pixels` is the number of pixels of an image;
/// if it is not known, the last field of a line is a class.
pub fn rows<'a>(
    text: &'a str,
    name: &'a str,
    pixels: Option<usize>,
) -> impl Iterator<Item = (Place<'a>, Vec<&'a str>)> {
    let rows = lines(text, name).filter(|(_, line)| !line.is_empty());
    let mut rows = rows.map(|(place, line)| (place, fields(line).collect::<Vec<_>>())).peekable();
    rows.next_if(|(_, fields)| {
        let last = fields.len().saturating_sub(1);
        is_header(&fields[..pixels.unwrap_or(last).min(fields.len())])
    });
    rows
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
fn is_header(pixels: &[&str]) -> bool {
    /// Smaller images may happen to have such pixels.
    const COUNTED: usize = 16;
    let numbers: Vec<Option<f64>> =
        pixels.iter().map(|field| unquoted(field).parse().ok()).collect();
    let counts =
        |first: u32| (first..).zip(&numbers).all(|(i, number)| *number == Some(f64::from(i)));
    let is_text = !numbers.is_empty() && numbers.iter().all(Option::is_none);
    is_text || (numbers.len() >= COUNTED && (counts(0) || counts(1)))
}

/// Appends the pixels of a line.
///
/// # Errors
/// If one is no number of at least 0. The error names the column.
pub fn read_pixels(place: Place<'_>, fields: &[&str], pixels: &mut Vec<f64>) -> Result<()> {
    for (column, field) in (1..).zip(fields) {
        pixels.push(pixel(place, column, field)?);
    }
    Ok(())
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

/// Returns the class in the last field of a line.
///
/// # Errors
/// If the field is empty.
pub fn class(place: Place<'_>, field: &str) -> Result<String> {
    let class = class_name(&unquoted(field));
    match class.is_empty() {
        true => Err(place.error("expected a class in the last column, received nothing")),
        false => Ok(class),
    }
}

/// Returns the name of a class: of a whole number its digits.
pub fn class_name(text: &str) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.; // 2^53
    match text.parse::<f64>() {
        Ok(number) if number.fract() == 0. && number.abs() <= EXACT => (number + 0.).to_string(),
        _ => text.to_string(),
    }
}
