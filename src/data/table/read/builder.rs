//! A column while it is read.

use super::super::Cells;
use super::number::{Decimal, Value, is_missing};
use super::texts::Texts;
use crate::data::words::quoted;

/// What is asked of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Nothing: it is not read.
    Skip,
    /// Numbers if all its values are numbers, categories otherwise.
    Any,
    /// Categories.
    Category,
    /// Numbers.
    Number,
    /// Classes with these names.
    Class(Vec<String>),
    /// As [`Ask::Any`], with the [spellings](Builder::spellings) of numbers.
    Target,
}

/// A column while it is read. It holds numbers until a text turns up.
pub struct Builder {
    state: State,
    decimal: Decimal,
    /// Whether text is an error.
    is_strict: bool,
    /// The number of missing values.
    pub missing: usize,
    /// The first number with parted thousands.
    pub grouped: Option<String>,
    /// The first number that is not finite in single precision.
    pub infinite: Option<Mark>,
    /// The first text.
    pub text: Option<Mark>,
    /// Different numbers of a target and how they were written first, at most one more than the
    /// classes that are numbers can have.
    pub spellings: Option<Vec<(f64, String)>>,
}

/// The most different whole numbers that are classes.
pub const MOST_CLASSES: usize = 10;

/// A cell, and where its record begins.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The byte.
    pub byte: u64,
    /// The cell.
    pub cell: String,
}

enum State {
    Skipped,
    /// Without a value so far.
    Open,
    Numbers(Vec<f64>),
    /// Numbers turned out to be texts: it must be read again.
    Again,
    Texts(Box<Texts>),
}

impl Builder {
    /// Starts a column.
    pub fn new(ask: &Ask, decimal: Decimal) -> Self {
        let state = match ask {
            Ask::Skip => State::Skipped,
            Ask::Any | Ask::Target => State::Open,
            Ask::Number => State::Numbers(Vec::new()),
            Ask::Category => State::Texts(Box::default()),
            Ask::Class(names) => State::Texts(Box::new(Texts::of(names))),
        };
        let is_strict = *ask == Ask::Number;
        let spellings = (*ask == Ask::Target).then(Vec::new);
        let (grouped, infinite, text) = (None, None, None);
        Self { state, decimal, is_strict, missing: 0, grouped, infinite, text, spellings }
    }

    /// Returns whether the column must be read again, as categories.
    pub fn must_be_read_again(&self) -> bool {
        matches!(self.state, State::Again)
    }

    /// Returns the first text of a column of categories of which some are numbers.
    pub fn text_among_numbers(&self) -> Option<&Mark> {
        let State::Texts(texts) = &self.state else { return None };
        let is_number = |text: &String| self.decimal.value(text) != Value::Text;
        self.text.as_ref().filter(|_| texts.names().any(is_number))
    }

    /// Takes the next cell, trimmed, of the record that begins at `byte`.
    ///
    /// # Errors
    /// If the cell is not what was asked for.
    pub fn push(&mut self, cell: &str, byte: u64) -> Result<(), String> {
        match &mut self.state {
            State::Skipped | State::Again => Ok(()),
            State::Texts(texts) => {
                let is_missing = is_missing(cell);
                self.missing += usize::from(is_missing);
                texts.push((!is_missing).then_some(cell))
            }
            State::Open | State::Numbers(_) => self.push_value(cell, byte),
        }
    }

    fn push_value(&mut self, cell: &str, byte: u64) -> Result<(), String> {
        let mark = || Mark { byte, cell: cell.into() };
        let number = match self.decimal.value(cell) {
            Value::Number(number) => number,
            Value::Grouped(number) => {
                self.grouped.get_or_insert_with(|| cell.into());
                number
            }
            Value::Missing => {
                self.missing += 1;
                if let State::Numbers(numbers) = &mut self.state {
                    numbers.push(f64::NAN);
                }
                return Ok(());
            }
            Value::Text if self.is_strict => {
                return Err(format!("expected a number, received {}", quoted(cell)));
            }
            Value::Text => {
                self.text = Some(mark());
                return self.turn(cell);
            }
        };
        if number.abs() > f64::from(f32::MAX) {
            self.infinite.get_or_insert_with(mark);
        }
        if let Some(spellings) = &mut self.spellings
            && spellings.len() <= MOST_CLASSES
            && spellings.iter().all(|(own, _)| *own != number)
        {
            spellings.push((number, cell.into()));
        }
        match &mut self.state {
            State::Numbers(numbers) => numbers.push(number),
            state => {
                let mut numbers = vec![f64::NAN; self.missing];
                numbers.push(number);
                *state = State::Numbers(numbers);
            }
        }
        Ok(())
    }

    /// Continues with texts. Those of earlier cells are gone if they were numbers.
    fn turn(&mut self, cell: &str) -> Result<(), String> {
        self.infinite = None;
        self.state = match self.state {
            State::Open => {
                let mut texts = Texts::missing(self.missing);
                texts.push(Some(cell))?;
                State::Texts(Box::new(texts))
            }
            _ => State::Again,
        };
        Ok(())
    }

    /// Returns the cells; those of a column that was not read are all missing.
    pub fn finish(self) -> Cells {
        match self.state {
            State::Numbers(mut numbers) => {
                numbers.shrink_to_fit();
                Cells::Numbers(numbers)
            }
            State::Texts(texts) => texts.finish(),
            State::Open | State::Skipped | State::Again => {
                Cells::Numbers(vec![f64::NAN; self.missing])
            }
        }
    }
}
