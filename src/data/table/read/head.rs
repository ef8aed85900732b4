//! The head of a file: how it is written, and the names of its columns.

use std::collections::HashMap;

use super::dialect::Dialect;
use super::fault::Fault;
use super::input::Source;
use super::options::Format;
use super::records::{Records, cell};
use crate::data::words::{listed, shown, suggestion};

/// What is known of a file before its rows are read.
pub struct Head {
    /// How its text is written.
    pub dialect: Dialect,
    /// The names of its columns: those of the header, and the numbers of columns without a name.
    pub names: Vec<String>,
    /// Whether the header leaves the first column without a name.
    pub first_is_unnamed: bool,
    columns: HashMap<String, usize>,
}

/// A line of more fields is no table, and reading would take memory for each.
const MOST_COLUMNS: usize = 1_000_000;

impl Head {
    /// Reads the first record. `expected` are columns that the file has if it has a header.
    pub fn read(
        source: &mut Source<'_>,
        format: &Format,
        expected: &[&str],
    ) -> Result<Self, Fault> {
        let file = source.name.clone();
        let text = source.text()?;
        let dialect = Dialect::guess(format, &file, text.sample()?, expected);
        let mut records = Records::new(text, dialect.separator.byte());
        let Some((byte, record)) = records.next()? else {
            return Err(Fault::File("the file is empty: expected a table".into()));
        };
        let cells: Vec<&str> = record.iter().map(cell).collect();
        let name = |(i, cell): (usize, &&str)| match dialect.has_header && !cell.is_empty() {
            true => cell.to_string(),
            false => (i + 1).to_string(),
        };
        let names: Vec<String> = cells.iter().enumerate().map(name).collect();
        if names.len() > MOST_COLUMNS {
            let what = format!("expected at most {MOST_COLUMNS} columns, received {}", names.len());
            return Err(Fault::at(byte, what));
        }
        let mut columns = HashMap::new();
        for (i, name) in names.iter().enumerate() {
            if let Some(first) = columns.insert(name.clone(), i) {
                let (name, first, second) = (shown(name), first + 1, i + 1);
                let what = format!(
                    "expected different names of columns, received {name} twice, in columns {first} \
                     and {second}"
                );
                return Err(Fault::at(byte, what));
            }
        }
        // pandas names an index so that was written without a name and read again.
        let first_is_unnamed = dialect.has_header && ["", "Unnamed: 0"].contains(&cells[0]);
        Ok(Self { names, first_is_unnamed, columns, dialect })
    }

    /// Returns the number of a column, from 0; `what` is what it is for.
    pub fn find(&self, name: &str, what: &str) -> Result<usize, Fault> {
        self.position(name).ok_or_else(|| {
            let names = || self.names.iter().map(String::as_str);
            let (list, name, hint) = (listed(names()), shown(name), self.hint(name));
            Fault::File(format!("expected {what} among {list}, received {name}{hint}"))
        })
    }

    /// Returns the number of a column that a schema names, from 0; `what` is what it is for.
    pub fn require(&self, name: &str, what: &str) -> Result<usize, Fault> {
        self.position(name).ok_or_else(|| {
            let list = listed(self.names.iter().map(String::as_str));
            let (name, hint) = (shown(name), self.hint(name));
            Fault::File(format!("expected {what} {name}, received the columns {list}{hint}"))
        })
    }

    /// Returns what may be wrong with the name of a missing column.
    fn hint(&self, name: &str) -> String {
        let meant = suggestion(name, self.names.iter().map(String::as_str));
        let hint = match self.names.len() {
            1 => " (there is one column: is the separator right?)",
            _ => "",
        };
        format!("{meant}{hint}")
    }

    /// Returns the number of a column, from 0, if it is there.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.get(name.trim()).copied()
    }
}
