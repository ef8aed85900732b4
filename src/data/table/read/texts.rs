//! The texts of a column while it is read.

use std::collections::HashMap;

use super::super::Cells;
use crate::data::words::{listed, quoted};

/// Different texts, numbered in the order of their first cells.
#[derive(Default)]
pub struct Texts {
    indices: HashMap<String, u32>,
    codes: Vec<Option<u32>>,
    /// The names to which the cells are restricted.
    known: Option<Vec<String>>,
}

impl Texts {
    /// Starts with missing cells.
    pub fn missing(count: usize) -> Self {
        Self { codes: vec![None; count], ..Self::default() }
    }

    /// Restricts the texts to these names, which keep their order.
    pub fn of(names: &[String]) -> Self {
        let indices = names.iter().cloned().zip(0..).collect();
        Self { indices, codes: Vec::new(), known: Some(names.to_vec()) }
    }

    /// Returns the different texts, in any order.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.indices.keys()
    }

    /// Takes the next cell, `None` for a missing value.
    pub fn push(&mut self, cell: Option<&str>) -> Result<(), String> {
        let code = match cell {
            None => None,
            Some(cell) => Some(match self.indices.get(cell) {
                Some(code) => *code,
                None => self.add(cell)?,
            }),
        };
        self.codes.push(code);
        Ok(())
    }

    /// Returns the number of a new text. Among known names of numbers it may be one of these, written
    /// in another way.
    fn add(&mut self, cell: &str) -> Result<u32, String> {
        let code = match &self.known {
            None => self.indices.len() as u32,
            Some(names) => same_number(cell, names).ok_or_else(|| {
                let known = listed(names.iter().map(String::as_str));
                format!("expected a class of {known}, received {}", quoted(cell))
            })?,
        };
        self.indices.insert(cell.into(), code);
        Ok(code)
    }

    /// Sorts the names, unless they were given.
    pub fn finish(self) -> Cells {
        let mut codes = self.codes;
        codes.shrink_to_fit();
        if let Some(names) = self.known {
            return Cells::Categories { names, codes };
        }
        let mut entries: Vec<(String, u32)> = self.indices.into_iter().collect();
        entries.sort();
        let mut places = vec![0; entries.len()];
        entries.iter().zip(0..).for_each(|((_, code), place)| places[*code as usize] = place);
        codes.iter_mut().flatten().for_each(|code| *code = places[*code as usize]);
        Cells::Categories { names: entries.into_iter().map(|(name, _)| name).collect(), codes }
    }
}

/// Returns the index of the name that is the same number as a text.
fn same_number(text: &str, names: &[String]) -> Option<u32> {
    let number: f64 = text.parse().ok()?;
    let index = names.iter().position(|name| name.parse() == Ok(number))?;
    u32::try_from(index).ok()
}
