//! Text files of data: gzip or plain, line by line, and errors that name the file and the line.

use std::io::Read;

use candle_core::{Error, Result};
use flate2::read::MultiGzDecoder;

/// The text of a file; `name` is what messages call it. A gzip file unpacks to at most 1,032 times its
/// bytes, the most that its format can.
///
/// # Errors
/// When the bytes are a damaged or truncated gzip file, or no UTF-8.
pub fn text(bytes: &[u8], name: &str) -> Result<String> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let mut unpacked = Vec::new();
    if bytes.starts_with(&GZIP) {
        if let Err(error) = MultiGzDecoder::new(bytes).read_to_end(&mut unpacked) {
            return Err(file_error(name, format_args!("damaged or truncated gzip file: {error}")));
        }
    } else {
        unpacked.extend(bytes);
    }
    match String::from_utf8(unpacked) {
        Ok(text) => Ok(text),
        Err(error) => {
            Err(file_error(name, format_args!("expected UTF-8 text: {}", error.utf8_error())))
        }
    }
}

/// An error of a whole file. A single line, without a backtrace: it is the file's fault.
pub fn file_error(name: &str, what: impl std::fmt::Display) -> Error {
    Error::Msg(format!("{name}: {what}"))
}

/// Where a line stands: what an error begins with.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The file.
    pub name: &'a str,
    /// The line, from 1.
    pub line: usize,
}

impl Place<'_> {
    /// An error at this place.
    pub fn error(&self, what: impl std::fmt::Display) -> Error {
        file_error(&format!("{}, line {}", self.name, self.line), what)
    }

    /// A finite number.
    pub fn number(&self, field: &str) -> Result<f64> {
        match field.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.error(format_args!("expected a finite number, received {field:?}"))),
        }
    }
}

/// The lines of a text with their places.
pub fn lines<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = (Place<'a>, &'a str)> {
    text.lines().enumerate().map(move |(i, text)| (Place { name, line: i + 1 }, text.trim()))
}
