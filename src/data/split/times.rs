//! A split that takes the later rows.

use candle_core::{Result, bail};

use crate::data::table::{Cells, Column};

/// Splits rows into the earlier ones and at least `count` later ones. Rows of the same time stay
/// together, so there are more than `count` if the last of them has equals.
pub(super) fn take_later(column: &Column, rows: &[usize], count: usize) -> Result<[Vec<usize>; 2]> {
    let times: Vec<f64> = match &column.cells {
        Cells::Numbers(times) => times.clone(),
        Cells::Categories { names, codes } => {
            check_texts(&column.name, names)?;
            codes.iter().map(|code| code.map_or(f64::NAN, f64::from)).collect()
        }
    };
    let mut sorted: Vec<f64> = rows.iter().map(|row| times[*row]).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let first = sorted[sorted.len() - count];
    let (later, earlier): (Vec<usize>, Vec<usize>) =
        rows.iter().partition(|row| times[**row] >= first);
    if earlier.is_empty() {
        bail!(
            "expected times in column '{}' that leave earlier rows for training, received {} rows of \
             which the last {count} begin at the first time",
            column.name,
            rows.len()
        )
    }
    Ok([earlier, later])
}

/// Refuses texts whose order is not that of time: all must be ISO 8601, with the same digits.
fn check_texts(column: &str, names: &[String]) -> Result<()> {
    let Some(first) = names.first().map(|name| shape(name)) else { return Ok(()) };
    if let Some(name) = names.iter().find(|name| !is_time(&shape(name)) || shape(name) != first) {
        bail!(
            "column '{column}': expected times as numbers, or all in one form of ISO 8601 such as \
             2024-01-31 or 2024-01-31T18:30:00Z, received '{name}'"
        )
    }
    Ok(())
}

/// Returns a text with 0 for each digit.
fn shape(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

/// Returns whether a shape is that of a date, perhaps with a time in UTC or without a zone.
fn is_time(shape: &str) -> bool {
    const WHOLE: &str = "0000-00-00 00:00:00";
    let local = shape.strip_suffix('Z').unwrap_or(shape).replacen('T', " ", 1);
    let (whole, fraction) = local.split_once('.').unwrap_or((&local, "0"));
    let lengths: &[usize] = if local.contains('.') { &[19] } else { &[4, 7, 10, 16, 19] };
    lengths.contains(&whole.len())
        && WHOLE.starts_with(whole)
        && fraction.bytes().all(|byte| byte == b'0')
}
