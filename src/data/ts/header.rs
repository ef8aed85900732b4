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
    /// What `@classLabel` says.
    is_labelled: Option<bool>,
    labels: Labels,
}

/// Which lines have a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Labels {
    /// All of them.
    Needed,
    /// All or none, as the header says.
    Optional,
}

impl Labels {
    /// Returns the entries of a header that messages ask for.
    fn entry(self) -> &'static str {
        match self {
            Self::Needed => "\"@classLabel true\"",
            Self::Optional => "\"@classLabel false\" or \"@classLabel true\"",
        }
    }
}

impl<'a> Header<'a> {
    /// Returns an empty header.
    pub fn new(labels: Labels) -> Self {
        let (classes, known) = (Vec::new(), HashSet::new());
        Self { is_open: true, channels: None, classes, known, is_labelled: None, labels }
    }

    /// Returns whether the lines have classes.
    pub fn is_labelled(&self) -> bool {
        self.is_labelled == Some(true)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// If it declares what is not supported, or is no line of a header.
    pub fn read(&mut self, place: Place<'_>, line: &'a str) -> Result<()> {
        let mut words = line.split_whitespace();
        let key = words.next().unwrap_or_default().to_ascii_lowercase();
        let value = words.next().unwrap_or_default();
        let [is_true, is_false] = ["true", "false"].map(|word| value.eq_ignore_ascii_case(word));
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
                self.is_labelled = Some(true);
                self.classes = words.collect();
                self.known = self.classes.iter().copied().collect();
            }
            "@classlabel" if is_false && self.labels == Labels::Optional => {
                self.is_labelled = Some(false);
            }
            "@classlabel" => {
                let entry = self.labels.entry();
                return Err(place.error(format_args!("expected {entry} and the classes")));
            }
            "@relation" | "@attribute" => {
                return Err(place.error("expected a file in the .ts format, received an ARFF file"));
            }
            "@data" if self.is_labelled.is_none() => {
                let entry = self.labels.entry();
                return Err(place.error(format_args!("expected {entry} before \"@data\"")));
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
