//! How a table is to be read: what is guessed unless it is given.

use std::fmt;
use std::str::FromStr;

use super::number::Decimal;

/// How the text of a table is written. What is not given is guessed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Format {
    /// What parts the fields of a line.
    pub separator: Option<Separator>,
    /// Whether the first line has the names of the columns.
    pub header: Header,
    /// What divides the whole part of a number from its fraction.
    pub decimal: Option<Decimal>,
}

impl Format {
    /// Sets what parts the fields of a line.
    #[must_use]
    pub fn separator(self, separator: Separator) -> Self {
        Self { separator: Some(separator), ..self }
    }

    /// Takes the first line for data. The columns are named 1, 2, …
    #[must_use]
    pub fn no_header(self) -> Self {
        Self { header: Header::None, ..self }
    }

    /// Reads 0,5 as one half, and 1.234,5 with parted thousands.
    #[must_use]
    pub fn decimal_comma(self) -> Self {
        Self { decimal: Some(Decimal::Comma), ..self }
    }
}

/// Whether the first line has the names of the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Header {
    /// It is guessed: text above a column of numbers is a name.
    #[default]
    Guess,
    /// It has none.
    None,
}

/// A character that parts the fields of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separator(u8);

impl Separator {
    /// The separators among which the right one is guessed, the likeliest last.
    pub(super) const GUESSED: [Self; 4] = [Self(b','), Self(b'|'), Self(b';'), Self(b'\t')];
    pub(super) const COMMA: Self = Self(b',');
    pub(super) const SEMICOLON: Self = Self(b';');
    pub(super) const TAB: Self = Self(b'\t');

    pub(super) fn byte(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.write_str("tab"),
            b' ' => f.write_str("space"),
            byte => write!(f, "{}", char::from(byte)),
        }
    }
}

impl FromStr for Separator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.as_bytes()) {
            ("tab" | "\\t" | "\t", _) => Ok(Self::TAB),
            ("space" | " ", _) => Ok(Self(b' ')),
            (_, [byte]) if byte.is_ascii_punctuation() && !b"\"'.-+_".contains(byte) => {
                Ok(Self(*byte))
            }
            _ => Err(format!("expected a separator such as , ; | or tab, received {text:?}")),
        }
    }
}

/// What to do with a column, instead of what its values suggest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnChoice {
    /// Leaves it out.
    Drop,
    /// Keeps it, whatever its values are.
    Keep,
    /// Keeps it as categories.
    Category,
    /// Keeps it as numbers: text is an error.
    Number,
}

impl FromStr for ColumnChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "drop" => Ok(Self::Drop),
            "keep" => Ok(Self::Keep),
            "category" => Ok(Self::Category),
            "number" => Ok(Self::Number),
            _ => Err(format!("expected drop, keep, category or number, received {text:?}")),
        }
    }
}

/// What a target is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetKind {
    /// Text and at most ten different whole numbers are classes, other numbers are numbers.
    #[default]
    Guess,
    /// Every value is the name of a class.
    Classes,
    /// Every value is a number: text is an error.
    Numbers,
}

impl FromStr for TargetKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "classes" => Ok(Self::Classes),
            "numbers" => Ok(Self::Numbers),
            _ => Err(format!("expected classes or numbers, received {text:?}")),
        }
    }
}

/// How a table with unknown columns is read.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// How its text is written.
    pub format: Format,
    /// The column to predict.
    pub target: Option<String>,
    /// What the target is.
    pub target_kind: TargetKind,
    /// What to do with columns. Of several choices for one column the last counts.
    pub columns: Vec<(String, ColumnChoice)>,
}

impl ReadOptions {
    /// Sets how the text is written.
    #[must_use]
    pub fn format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    /// Sets the column to predict.
    #[must_use]
    pub fn target(self, name: &str) -> Self {
        Self { target: Some(name.into()), ..self }
    }

    /// Sets what the target is.
    #[must_use]
    pub fn target_kind(self, target_kind: TargetKind) -> Self {
        Self { target_kind, ..self }
    }

    /// Sets what to do with a column.
    #[must_use]
    pub fn column(mut self, name: &str, choice: ColumnChoice) -> Self {
        self.columns.push((name.into(), choice));
        self
    }
}
