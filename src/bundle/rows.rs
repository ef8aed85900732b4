//! Rows of a file as inputs of a network.

use crate::data::Samples;

/// Rows of a file as inputs of a network.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rows {
    /// The inputs and the targets.
    pub samples: Samples,
    /// Whether the file has targets; otherwise they are 0.
    pub is_labelled: bool,
    /// The number of each row in the file, from 1.
    pub numbers: Vec<usize>,
    /// What was decided or noticed, each in a sentence.
    pub notes: Vec<String>,
}
