//! Sequences of a known format, with classes or without.

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

use super::header::{Header, Labels};
use super::{NamedSequences, Read};
use crate::data::sequences::padded;
use crate::data::text::text;

/// What new sequences need to have in common with those that a model was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SequenceFormat {
    /// The number of channels.
    pub channels: usize,
    /// The names of the classes by number.
    pub classes: Vec<String>,
}

impl SequenceFormat {
    /// Returns the format of sequences.
    pub fn of(named: &NamedSequences) -> Self {
        Self { channels: named.sequences.channels(), classes: named.classes.clone() }
    }
}

/// Sequences for a trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSequences {
    channels: usize,
    rows: Vec<Vec<f64>>,
    labels: Option<Vec<u32>>,
}

impl NewSequences {
    /// Returns the number of sequences.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there are no sequences.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the sequences, step by step, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.rows.iter().map(Vec::as_slice)
    }

    /// Returns the numbers of the classes in the format, if the file has classes.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// Returns the sequences as inputs of a network, padded and masked as by
    /// [`Sequences::to_samples`](crate::data::Sequences::to_samples).
    ///
    /// # Shapes
    /// (N, T, C + 1), f32.
    ///
    /// # Errors
    /// If memory or device cannot hold them.
    pub fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        padded(self.channels, &self.rows, None, device)
    }
}

/// Reads sequences of a known format, as [`read_sequences`](super::read_sequences) does, with classes
/// after `@classLabel true` or without after `@classLabel false`. Classes are matched by their names, in
/// whatever order the header lists them.
///
/// # Errors
/// As [`read_sequences`](super::read_sequences), and if a sequence has another number of channels than
/// the format, a class that it does not have, or a class after `@classLabel false`.
pub fn read_sequences_as(
    bytes: &[u8],
    name: &str,
    format: &SequenceFormat,
) -> Result<NewSequences> {
    let text = text(bytes, name)?;
    let header = Header::new(Labels::Optional);
    let Read { header, rows, labels } = Read::expected(&text, name, header, format, "the model")?;
    let labels = header.is_labelled().then_some(labels);
    Ok(NewSequences { channels: format.channels, rows, labels })
}
