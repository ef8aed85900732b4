//! What the lines before `@data` say.

use std::collections::HashSet;

use candle_core::Result;

use crate::data::text::Place;
use crate::data::words::{listed, quoted};

/// What the lines before `@data` say.
pub struct Header<'a> {
    /// Whether there was no `@data` yet.
    pub is_open: bool,
    /// The number of channels, if it is known.
    pub channels: Option<usize>,
    /// The names of the classes in order, if they are listed.
    pub classes: Vec<&'a str>,
    /// The same names.
    known: HashSet<&'a str>,
    has_classes: bool,
}

impl Default for Header<'_> {
    fn default() -> Self {
        let (classes, known) = (Vec::new(), HashSet::new());
        Self { is_open: true, channels: None, classes, known, has_classes: false }
    }
}

impl<'a> Header<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// If it declares what is not supported, or is no line of a header.
    pub fn read(&mut self, place: Place<'_>, line: &'a str) -> Result<()> {
        let mut words = line.split_whitespace();
        let key = words.next().unwrap_or_default().to_ascii_lowercase();
        let value = words.next().unwrap_or_default();
        let is_true = value.eq_ignore_ascii_case("true");
        match key.as_str() {
            "@dimensions" | "@dimension" => match value.parse() {
                Ok(channels) if channels > 0 => self.channels = Some(channels),
                _ => return Err(place.error("expected \"@dimensions\" and a number from 1")),
            },
            "@univariate" if is_true => {
                self.channels.get_or_insert(1);
            }
            "@timestamps" if is_true => {
                return Err(place.error(
                    "expected \"@timeStamps false\": sequences with time stamps are not supported",
                ));
            }
            "@targetlabel" if is_true => {
                return Err(place.error(
                    "expected \"@classLabel true\": the targets of this file are numbers to predict, \
                     not classes",
                ));
            }
            "@classlabel" if is_true => {
                self.has_classes = true;
                self.classes = words.collect();
                self.known = self.classes.iter().copied().collect();
            }
            "@classlabel" => {
                return Err(place.error("expected \"@classLabel true\" and the classes"));
            }
            "@relation" | "@attribute" => {
                return Err(place.error("expected a file in the .ts format, received an ARFF file"));
            }
            "@data" if !self.has_classes => {
                return Err(place.error("expected \"@classLabel true\" before \"@data\""));
            }
            "@data" => self.is_open = false,
            _ if !key.starts_with('@') => {
                return Err(place.error("expected \"@data\" before the first sequence"));
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks that a class is one of those that are listed.
    ///
    /// # Errors
    /// If it is not. The error names those that are.
    pub fn check_class(&self, place: Place<'_>, class: &str) -> Result<()> {
        if self.classes.is_empty() || self.known.contains(class) {
            return Ok(());
        }
        let known = listed(self.classes.iter().copied());
        let received = quoted(class);
        Err(place.error(format_args!("expected a class of {known}, received {received}")))
    }
}
