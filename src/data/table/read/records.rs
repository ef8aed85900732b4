//! The records of a text: fields parted by a separator, all records of one width.

use csv::{Reader, ReaderBuilder, StringRecord};

use super::fault::Fault;
use super::input::{END, Text};
use crate::data::words::count;

/// A reader of records.
pub struct Records<'a> {
    reader: Reader<Text<'a>>,
    record: StringRecord,
    /// The number of fields of the first record.
    width: Option<usize>,
}

impl<'a> Records<'a> {
    /// Starts with the first record.
    pub fn new(text: Text<'a>, separator: u8) -> Self {
        Self {
            reader: options(separator).from_reader(text),
            record: StringRecord::new(),
            width: None,
        }
    }

    /// Returns the next record, and the byte where it begins. Empty lines are passed over.
    pub fn next(&mut self) -> Result<Option<(u64, &StringRecord)>, Fault> {
        loop {
            if !self.reader.read_record(&mut self.record)? {
                return Ok(None);
            }
            if !is_blank(self.record.iter()) {
                break;
            }
        }
        let byte = self.record.position().map_or(0, csv::Position::byte);
        let last = self.record.iter().next_back().unwrap_or_default();
        if last == END && self.record.len() == 1 {
            return Ok(None);
        }
        if last.ends_with(END) {
            return Err(Fault::at(byte, "expected a closing quote, received the end of the file"));
        }
        let width = *self.width.get_or_insert(self.record.len());
        if self.record.len() != width {
            return Err(self.ragged(byte, width));
        }
        Ok(Some((byte, &self.record)))
    }

    fn ragged(&self, byte: u64, width: usize) -> Fault {
        let mut what =
            format!("expected {}, received {}", count(width, "field"), self.record.len());
        if self.record.iter().any(|field| field.contains(['\n', '\r'])) {
            what.push_str(" (a quoted field has a line break: is a quote not closed?)");
        } else if self.record.iter().next().is_some_and(|field| field.starts_with('#')) {
            what.push_str(" (expected no lines of comments)");
        }
        Fault::at(byte, what)
    }

    /// Returns the checksum of the file.
    pub fn sha256(self) -> Result<String, Fault> {
        self.reader.into_inner().sha256()
    }
}

/// Options of a reader whose records may have any width.
pub fn options(separator: u8) -> ReaderBuilder {
    let mut options = ReaderBuilder::new();
    options.delimiter(separator).has_headers(false).flexible(true).buffer_capacity(1 << 16);
    options
}

/// Returns whether a record is a line of spaces. An empty quoted field is a record.
pub fn is_blank<'a>(mut fields: impl Iterator<Item = &'a str>) -> bool {
    let is_spaces = |field: &str| !field.is_empty() && field.trim().is_empty();
    fields.next().is_some_and(is_spaces) && fields.next().is_none()
}

/// Returns a field without spaces around it, and without quotes if it was quoted after a space.
pub fn cell(field: &str) -> &str {
    let is_graphic = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = field.as_bytes();
    let cell =
        if is_graphic(bytes.first()) && is_graphic(bytes.last()) { field } else { field.trim() };
    let mut cell = cell;
    while let Some(inner) = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')) {
        cell = inner.trim();
    }
    cell
}
