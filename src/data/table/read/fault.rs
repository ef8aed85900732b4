//! What is wrong with a file, and where.

use std::fmt;
use std::io;

/// An error of a file. It becomes a message where the file's name and its columns' are known.
#[derive(Debug)]
pub enum Fault {
    /// Of the whole file.
    File(String),
    /// At a place.
    At {
        /// Where the record begins in the unpacked text.
        byte: u64,
        /// The number of the column, from 0.
        column: Option<usize>,
        /// What is wrong.
        what: String,
    },
}

impl Fault {
    /// An error of a record.
    pub fn at(byte: u64, what: impl fmt::Display) -> Self {
        Self::At { byte, column: None, what: what.to_string() }
    }

    /// An error of a cell.
    pub fn cell(byte: u64, column: usize, what: impl fmt::Display) -> Self {
        Self::At { byte, column: Some(column), what: what.to_string() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::File(what) | Self::At { what, .. }) = self;
        f.write_str(what)
    }
}

impl std::error::Error for Fault {}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(fault) => fault,
            Err(error) => Self::File(format!("cannot read it: {error}")),
        }
    }
}

impl From<csv::Error> for Fault {
    fn from(error: csv::Error) -> Self {
        const ENCODING: &str = "expected UTF-8 text, received another encoding such as Latin-1";
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            csv::ErrorKind::Utf8 { pos: Some(pos), err } => {
                Self::cell(pos.byte(), err.field(), ENCODING)
            }
            _ => Self::File(ENCODING.into()),
        }
    }
}
