//! Text files of data: gzip or plain, line by line, and errors that name the file and the line.

use std::fmt::Display;
use std::io::Read;

use candle_core::{Error, Result};
use flate2::read::MultiGzDecoder;

use super::foreign::foreign;
use super::words::quoted;

/// Returns the text of a file without its byte order mark; `name` is what messages call it. A gzip
/// file unpacks to at most 1,032 times its bytes, the most that its format can.
///
/// # Errors
/// If the bytes are a damaged or truncated gzip file, or no UTF-8. The error names other kinds of
/// files, such as UTF-16 text and zip archives.
pub fn text(bytes: &[u8], name: &str) -> Result<String> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    const START: usize = 1 << 20;
    let mut unpacked = Vec::new();
    if bytes.starts_with(&GZIP) {
        if let Err(error) = MultiGzDecoder::new(bytes).read_to_end(&mut unpacked) {
            return Err(file_error(name, format_args!("damaged or truncated gzip file: {error}")));
        }
    } else {
        unpacked.extend(bytes);
    }
    if unpacked.starts_with(BYTE_ORDER_MARK) {
        unpacked.drain(..BYTE_ORDER_MARK.len());
    }
    if let Some(what) = foreign(&unpacked[..unpacked.len().min(START)]) {
        return Err(file_error(name, format_args!("expected UTF-8 text, received {what}")));
    }
    match String::from_utf8(unpacked) {
        Ok(text) => Ok(text),
        Err(error) => {
            Err(file_error(name, format_args!("expected UTF-8 text: {}", error.utf8_error())))
        }
    }
}

/// Returns an error of a whole file. A single line, without a backtrace: it is the file's fault.
pub fn file_error(name: &str, what: impl Display) -> Error {
    Error::Msg(format!("{name}: {what}"))
}

/// The place of a line, which an error begins with.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The file.
    pub name: &'a str,
    /// The line, from 1.
    pub line: usize,
}

impl Place<'_> {
    /// Returns an error at this place.
    pub fn error(&self, what: impl Display) -> Error {
        file_error(&format!("{}, line {}", self.name, self.line), what)
    }

    /// Returns an error in a part of the line, such as `column 3`.
    pub fn error_in(&self, part: impl Display, what: impl Display) -> Error {
        file_error(&format!("{}, line {}, {part}", self.name, self.line), what)
    }

    /// Returns the finite number in a part of the line.
    pub fn number(&self, part: impl Display, field: &str) -> Result<f64> {
        match field.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => {
                let is_missing = matches!(field.trim(), "" | "?" | "NaN" | "nan" | "NA");
                let more = if is_missing { "; missing values are not supported" } else { "" };
                let received = quoted(field);
                let what = format!("expected a finite number, received {received}{more}");
                Err(self.error_in(part, what))
            }
        }
    }
}

/// Returns the lines of a text with their places.
pub fn lines<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = (Place<'a>, &'a str)> {
    text.lines().enumerate().map(move |(i, text)| (Place { name, line: i + 1 }, text.trim()))
}
