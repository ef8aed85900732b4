//! Rows of a file as inputs of a network.

use candle_core::{Device, Result, Tensor};

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
    /// The notes on numbers that are missing though no training row lacks them.
    pub filled: Vec<String>,
}

impl Rows {
    /// Takes all rows of a file as inputs of a network without a replica axis, with the numbers of their
    /// classes if the file has them.
    ///
    /// # Shapes
    /// `xs` (N, …).
    ///
    /// # Errors
    /// If there are no rows.
    pub(super) fn new(xs: Tensor, labels: Option<&[u32]>, notes: Vec<String>) -> Result<Self> {
        let all = xs.dim(0)?;
        let ys: Vec<f32> = match labels {
            Some(labels) => labels.iter().map(|label| *label as f32).collect(),
            None => vec![0.; all],
        };
        let samples = Samples::new(&xs, &Tensor::from_vec(ys, all, &Device::Cpu)?)?;
        Ok(Self {
            samples,
            is_labelled: labels.is_some(),
            numbers: (1..=all).collect(),
            notes,
            filled: Vec::new(),
        })
    }
}
