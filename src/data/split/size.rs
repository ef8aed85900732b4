//! How many rows to take.

use std::fmt;
use std::str::FromStr;

use candle_core::{Error, Result, bail};

/// A number of rows, or a share of the rows at hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// This number of rows.
    Rows(usize),
    /// A share between 0 and 1, rounded up to whole rows as scikit-learn rounds a test size.
    Share(f64),
}

impl Size {
    /// Returns the number of rows to take of `rows`, at least 1 of which stays; messages call the
    /// size `name`.
    pub(crate) fn of(self, rows: usize, name: &str) -> Result<usize> {
        let count = match self {
            Self::Rows(count) => count,
            Self::Share(share) if share > 0. && share < 1. => (share * rows as f64).ceil() as usize,
            Self::Share(share) => {
                bail!("expected a {name} size between 0 and 1, or whole rows, received {share}")
            }
        };
        if count == 0 || count >= rows {
            bail!(
                "expected a {name} size that leaves training rows: 1 to {} of {rows} rows, \
                 received {self}",
                rows.saturating_sub(1)
            )
        }
        Ok(count)
    }
}

impl FromStr for Size {
    type Err = Error;

    /// Reads `100` as rows and `0.2` as a share.
    fn from_str(text: &str) -> Result<Self> {
        if let Some(rows) = text.parse().ok().filter(|rows| *rows > 0) {
            return Ok(Self::Rows(rows));
        }
        match text.parse() {
            Ok(share) if share > 0. && share < 1. => Ok(Self::Share(share)),
            _ => Err(Error::Msg(format!(
                "expected a number of rows such as 100, or a share between 0 and 1 such as 0.2, \
                 received '{text}'"
            ))),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => rows.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}
