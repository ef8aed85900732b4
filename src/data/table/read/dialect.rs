//! How a table's text is written, as its first lines suggest.

use std::collections::{BTreeMap, HashSet};

use super::number::{Decimal, Value};
use super::options::{Format, Header, Separator};
use super::records::{cell, is_blank, options};

/// How a table's text is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialect {
    /// What parts the fields of a line.
    pub separator: Separator,
    /// What divides the whole part of a number from its fraction.
    pub decimal: Decimal,
    /// Whether the first record has the names of the columns.
    pub has_header: bool,
    /// Each guess as a sentence.
    pub decisions: Vec<String>,
}

/// Records of the first lines, their cells trimmed.
type Rows = Vec<Vec<String>>;

impl Dialect {
    /// Guesses what `format` leaves open. `sample` are the first bytes of the text, or all; `names` are
    /// columns that the table has if it has a header.
    pub fn guess(format: &Format, file: &str, sample: (&[u8], bool), names: &[&str]) -> Self {
        let mut decisions = Vec::new();
        let separator = format.separator.unwrap_or_else(|| {
            let separator = guess_separator(file, sample);
            decisions.push(format!("separator: {separator} (--separator overrides)"));
            separator
        });
        let rows = rows(sample, separator);
        let decimal = format.decimal.unwrap_or_else(|| {
            let decimal = guess_decimal(&rows, separator);
            if decimal == Decimal::Comma {
                decisions.push("numbers: decimal commas, as in 0,5".to_string());
            }
            decimal
        });
        let has_header = match format.header {
            Header::None => false,
            Header::Guess => has_names(&rows, names) || has_header(&rows, decimal),
        };
        if format.header == Header::Guess {
            decisions.push(match (has_header, rows.first().map_or(0, Vec::len)) {
                (true, _) => "header: the first line (--no-header overrides)".to_string(),
                (false, 0 | 1) => "header: none; the column is named 1".to_string(),
                (false, width) => format!("header: none; the columns are named 1 to {width}"),
            });
        }
        Self { separator, decimal, has_header, decisions }
    }
}

/// Returns the whole records of a sample.
fn rows((sample, is_whole): (&[u8], bool), separator: Separator) -> Rows {
    const MOST: usize = 1000;
    let mut reader = options(separator.byte()).from_reader(sample);
    let mut rows: Rows = Vec::new();
    for record in reader.byte_records().take(MOST + 1).map_while(Result::ok) {
        let fields: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        if !is_blank(fields.iter().map(AsRef::as_ref)) {
            rows.push(fields.iter().map(|field| cell(field).to_string()).collect());
        }
    }
    // The last one may be cut.
    if rows.len() > MOST || (!is_whole && rows.len() > 1) {
        rows.pop();
    }
    rows
}

/// Chooses the separator that parts the most lines into one number of fields; of several the one with
/// the most numbers, then the one with the most fields.
fn guess_separator(file: &str, sample: (&[u8], bool)) -> Separator {
    let file = file.to_ascii_lowercase();
    if file.trim_end_matches(".gz").ends_with(".tsv") {
        return Separator::TAB;
    }
    let score = |separator: Separator| {
        let rows = rows(sample, separator);
        let mut widths = BTreeMap::new();
        rows.iter().for_each(|row| *widths.entry(row.len()).or_insert(0) += 1);
        let (width, count) = widths.into_iter().max_by_key(|(_, count)| *count)?;
        let decimal = guess_decimal(&rows, separator);
        let cells = rows.iter().flatten();
        let numbers = cells.clone().filter(|cell| is_number(decimal.value(cell))).count();
        let share = |part: usize, whole: usize| part as f64 / whole as f64;
        (width > 1).then(|| (share(count, rows.len()), share(numbers, cells.count()), width))
    };
    let scores = Separator::GUESSED.into_iter().filter_map(|own| Some((score(own)?, own)));
    let best = scores
        .max_by(|(a, _), (b, _)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    best.map_or(Separator::COMMA, |(_, separator)| separator)
}

/// Numbers with decimal commas are expected between semicolons only: if as many columns can be read
/// with a comma as with a point, and one needs it.
fn guess_decimal(rows: &[Vec<String>], separator: Separator) -> Decimal {
    if separator != Separator::SEMICOLON {
        return Decimal::Point;
    }
    let columns = |decimal| (0..width(rows)).filter(move |i| is_numeric(rows, *i, decimal));
    let has_comma =
        |i: &usize| rows[1..].iter().any(|row| row.get(*i).is_some_and(|c| c.contains(',')));
    let is_used = columns(Decimal::Comma).any(|i| has_comma(&i));
    match is_used && columns(Decimal::Comma).count() >= columns(Decimal::Point).count() {
        true => Decimal::Comma,
        false => Decimal::Point,
    }
}

fn width(rows: &[Vec<String>]) -> usize {
    rows.first().map_or(0, Vec::len)
}

fn is_number(value: Value) -> bool {
    matches!(value, Value::Number(_) | Value::Grouped(_))
}

/// Returns whether the cells below the first row are numbers.
fn is_numeric(rows: &[Vec<String>], column: usize, decimal: Decimal) -> bool {
    let below = rows.iter().skip(1).filter_map(|row| row.get(column));
    let mut values = below.map(|cell| decimal.value(cell)).filter(|value| *value != Value::Missing);
    values.next().is_some_and(is_number) && values.all(is_number)
}

/// Returns whether the first row has all of these names, of which not all are numbers.
fn has_names(rows: &[Vec<String>], names: &[&str]) -> bool {
    let Some(first) = rows.first() else { return false };
    let cells: HashSet<&str> = first.iter().map(String::as_str).collect();
    names.iter().any(|name| name.parse::<f64>().is_err())
        && names.iter().all(|name| cells.contains(name))
}

/// Text above a column of numbers makes a header, unless the other first cells are like data: one is a
/// number, and one appears again in its column. Without such a column, either speaks against one.
fn has_header(rows: &[Vec<String>], decimal: Decimal) -> bool {
    let Some(first) = rows.first() else { return false };
    let columns = || first.iter().enumerate();
    let is_repeated = columns().any(|(i, cell)| {
        decimal.value(cell) == Value::Text && rows[1..].iter().any(|row| row.get(i) == Some(cell))
    });
    let is_text_above_numbers = columns()
        .any(|(i, cell)| decimal.value(cell) == Value::Text && is_numeric(rows, i, decimal));
    let has_number = columns().any(|(_, cell)| is_number(decimal.value(cell)));
    match is_text_above_numbers {
        true => !(is_repeated && has_number),
        false => !(is_repeated || has_number),
    }
}
