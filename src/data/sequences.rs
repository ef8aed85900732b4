//! Labelled sequences of different lengths, and the mask that lets one tensor hold them.

use candle_core::{DType, Device, Result, Tensor, bail};

use super::Samples;

/// Sequences of steps with the same number of channels, each with the number of its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequences {
    channels: usize,
    /// Step by step, and channel by channel within a step.
    rows: Vec<Vec<f64>>,
    labels: Vec<u32>,
}

impl Sequences {
    /// Takes sequences, each a list of steps of `channels` values one after the other.
    ///
    /// # Errors
    /// If `channels` is 0, a sequence has no step or an incomplete one, or the numbers of sequences
    /// and labels differ.
    pub fn new(channels: usize, rows: Vec<Vec<f64>>, labels: Vec<u32>) -> Result<Self> {
        if channels == 0 || rows.len() != labels.len() {
            bail!(
                "expected one label for each of {} sequences of 1 or more channels, received {} \
                 labels and {channels} channels",
                rows.len(),
                labels.len()
            )
        }
        let bad = |row: &&Vec<f64>| row.is_empty() || !row.len().is_multiple_of(channels);
        if let Some(row) = rows.iter().find(bad) {
            bail!("expected 1 or more steps of {channels} values, received {} values", row.len())
        }
        Ok(Self { channels, rows, labels })
    }

    /// Returns the number of sequences.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns whether there are no sequences.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the number of values per step.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Returns the number of steps of each sequence.
    pub fn lengths(&self) -> impl ExactSizeIterator<Item = usize> {
        self.rows.iter().map(|row| row.len() / self.channels)
    }

    /// Returns the sequences, step by step, with their labels, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[f64], u32)> {
        self.rows.iter().map(Vec::as_slice).zip(self.labels.iter().copied())
    }

    /// Returns some of the sequences, in the given order.
    ///
    /// # Errors
    /// If one does not exist.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        if let Some(row) = rows.iter().find(|row| **row >= self.len()) {
            bail!("expected sequences below {}, received {row}", self.len())
        }
        let (own, labels) =
            rows.iter().map(|&row| (self.rows[row].clone(), self.labels[row])).unzip();
        Self::new(self.channels, own, labels)
    }

    /// Returns these sequences followed by others.
    ///
    /// # Errors
    /// If the numbers of channels differ.
    pub fn followed_by(mut self, others: &Self) -> Result<Self> {
        if self.channels != others.channels {
            bail!("expected sequences of {} channels, received {}", self.channels, others.channels)
        }
        self.rows.extend_from_slice(&others.rows);
        self.labels.extend_from_slice(&others.labels);
        Ok(self)
    }

    /// Returns the sequences as samples for a plain model. They are padded with zeros at the end to
    /// `steps`, or to the longest if `steps` is `None`. The last channel is the mask: 1 at a step
    /// of the sequence and 0 at padding, so that the lengths travel with their rows. A single long
    /// sequence makes all rows as long.
    ///
    /// # Shapes
    /// inputs (N, T, C + 1), targets (N,), both f32.
    ///
    /// # Errors
    /// If a sequence is longer than `steps`, there are none, or memory or device cannot hold them.
    pub fn to_samples(&self, steps: Option<usize>, device: &Device) -> Result<Samples> {
        let xs = padded(self.channels, &self.rows, steps, device)?;
        let ys = Tensor::from_slice(&self.labels, self.len(), device)?.to_dtype(DType::F32)?;
        Samples::new(&xs, &ys)
    }
}

/// Returns sequences padded with zeros at the end, each with its mask.
///
/// # Shapes
/// (N, T, C + 1), f32.
///
/// # Errors
/// If a sequence is longer than `steps`, or memory or device cannot hold them.
pub(super) fn padded(
    channels: usize,
    rows: &[Vec<f64>],
    steps: Option<usize>,
    device: &Device,
) -> Result<Tensor> {
    let longest = rows.iter().map(|row| row.len() / channels).max().unwrap_or(0);
    let steps = steps.unwrap_or(longest);
    if steps < longest {
        bail!("expected {longest} steps or more for the longest sequence, received {steps}")
    }
    let width = channels + 1;
    let values = rows.len().checked_mul(steps).and_then(|count| count.checked_mul(width));
    let mut xs: Vec<f32> = Vec::new();
    if values.is_none_or(|values| xs.try_reserve_exact(values).is_err()) {
        bail!(
            "expected samples that fit into memory, received {} sequences padded to {steps} steps \
             of {width} values",
            rows.len()
        )
    }
    xs.resize(values.unwrap_or(0), 0.);
    for (row, xs) in rows.iter().zip(xs.chunks_exact_mut((steps * width).max(1))) {
        for (step, xs) in row.chunks_exact(channels).zip(xs.chunks_exact_mut(width)) {
            for (x, value) in xs.iter_mut().zip(step) {
                *x = *value as f32;
            }
            xs[channels] = 1.;
        }
    }
    Tensor::from_vec(xs, (rows.len(), steps, width), device)
}
