//! The rows of a file, in one pass or, if numbers turn out to be texts, two.

use super::builder::{Ask, Builder, Mark};
use super::dialect::Dialect;
use super::fault::Fault;
use super::input::Source;
use super::number::is_missing;
use super::records::{Records, cell};

/// What is to be read of a file.
pub struct Plan<'a> {
    /// How its text is written.
    pub dialect: &'a Dialect,
    /// What is asked of each column.
    pub asks: Vec<Ask>,
    /// The column whose missing values drop their rows.
    pub needed: Option<usize>,
}

/// What was read.
pub struct Loaded {
    /// The columns of the file.
    pub columns: Vec<Builder>,
    /// The number of each row in the file, from 1.
    pub rows: Vec<usize>,
    /// How many rows were dropped.
    pub dropped: usize,
    /// The checksum of the file.
    pub sha256: String,
}

/// Reads what a plan asks for.
pub fn load(source: &mut Source<'_>, plan: &Plan<'_>) -> Result<Loaded, Fault> {
    let mut loaded = pass(source, plan)?;
    if let Some((column, mark)) = first_infinite(&loaded.columns) {
        let what = match mark.cell.bytes().any(|byte| byte.is_ascii_digit()) {
            true => format!("expected a number up to 3.4e38, received {}", mark.cell),
            false => format!("expected a finite number, received {}", mark.cell),
        };
        return Err(Fault::cell(mark.byte, column, what));
    }
    let ask = |column: &Builder| match column.must_be_read_again() {
        true => Ask::Category,
        false => Ask::Skip,
    };
    let asks: Vec<Ask> = loaded.columns.iter().map(ask).collect();
    if asks.iter().any(|ask| *ask != Ask::Skip) {
        let again = pass(source, &Plan { asks, ..*plan })?;
        if again.sha256 != loaded.sha256 {
            return Err(Fault::File("the file was changed while it was read".into()));
        }
        for (column, again) in loaded.columns.iter_mut().zip(again.columns) {
            if column.must_be_read_again() {
                let text = column.text.take();
                *column = again;
                column.text = text;
            }
        }
    }
    Ok(loaded)
}

fn pass(source: &mut Source<'_>, plan: &Plan<'_>) -> Result<Loaded, Fault> {
    let mut records = Records::new(source.text()?, plan.dialect.separator.byte());
    if plan.dialect.has_header {
        records.next()?;
    }
    let column = |ask| Builder::new(ask, plan.dialect.decimal);
    let mut columns: Vec<Builder> = plan.asks.iter().map(column).collect();
    let (mut rows, mut dropped) = (Vec::new(), 0);
    while let Some((byte, record)) = records.next()? {
        if plan.needed.is_some_and(|i| record.get(i).is_none_or(|field| is_missing(cell(field)))) {
            dropped += 1;
            continue;
        }
        rows.push(rows.len() + dropped + 1);
        for (i, (column, field)) in columns.iter_mut().zip(record).enumerate() {
            column.push(cell(field), byte).map_err(|what| Fault::cell(byte, i, what))?;
        }
    }
    rows.shrink_to_fit();
    Ok(Loaded { columns, rows, dropped, sha256: records.sha256()? })
}

/// Returns the first number of the file that is infinite in single precision.
fn first_infinite(columns: &[Builder]) -> Option<(usize, &Mark)> {
    let marks = columns.iter().enumerate();
    let marks = marks.filter_map(|(i, column)| Some((i, column.infinite.as_ref()?)));
    marks.min_by_key(|(i, mark)| (mark.byte, *i))
}
