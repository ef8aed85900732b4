//! A labelled data set on the host, in double precision.

use std::ops::Range;

use candle_core::{DType, Device, Result, Shape, Tensor, bail};

use super::Samples;

/// Rows of `width` features, each with the number of its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    width: usize,
    features: Vec<f64>,
    labels: Vec<u32>,
}

impl Dataset {
    /// Takes row-major features and one label per row.
    ///
    /// # Errors
    /// If `features.len()` is not `width * labels.len()`, or `width` is 0.
    pub fn new(width: usize, features: Vec<f64>, labels: Vec<u32>) -> Result<Self> {
        if width == 0 || features.len() != width * labels.len() {
            bail!(
                "expected {} rows of {width} features, received {} values",
                labels.len(),
                features.len()
            )
        }
        Ok(Self { width, features, labels })
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the number of features per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the rows with their labels, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[f64], u32)> {
        self.features.chunks_exact(self.width).zip(self.labels.iter().copied())
    }

    /// Returns the first `count` rows and the others. This is the tutorial's split, which needs no
    /// seed because the rows are already shuffled.
    ///
    /// # Errors
    /// If one of the two parts would be empty.
    pub fn split_at(&self, count: usize) -> Result<(Self, Self)> {
        if !(1..self.len()).contains(&count) {
            bail!(
                "a split of {} rows leaves rows on both sides for 1 to {} training rows, received \
                 {count}",
                self.len(),
                self.len().saturating_sub(1)
            )
        }
        Ok((self.range(0..count)?, self.range(count..self.len())?))
    }

    /// Returns the rows of a range, in order.
    ///
    /// # Errors
    /// If the range is empty or goes beyond the rows.
    pub fn range(&self, rows: Range<usize>) -> Result<Self> {
        let Range { start, end } = rows;
        if start >= end || end > self.len() {
            bail!("expected a range of rows within 0..{}, received {start}..{end}", self.len())
        }
        Ok(Self {
            width: self.width,
            features: self.features[start * self.width..end * self.width].to_vec(),
            labels: self.labels[start..end].to_vec(),
        })
    }

    /// Returns some of the rows, in the given order.
    ///
    /// # Errors
    /// If a row does not exist.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        if let Some(row) = rows.iter().find(|row| **row >= self.len()) {
            bail!("expected rows below {}, received {row}", self.len())
        }
        let features = rows.iter().flat_map(|row| &self.features[row * self.width..][..self.width]);
        let labels = rows.iter().map(|&row| self.labels[row]).collect();
        Self::new(self.width, features.copied().collect(), labels)
    }

    /// Returns features of shape (N, I) and labels of shape (N,), both f32.
    ///
    /// # Errors
    /// If the device cannot hold them.
    pub fn to_tensors(&self, device: &Device) -> Result<(Tensor, Tensor)> {
        let labels: Vec<f32> = self.labels.iter().map(|&label| label as f32).collect();
        let ys = Tensor::from_vec(labels, self.len(), device)?;
        Ok((features(&self.features, (self.len(), self.width), device)?, ys))
    }

    /// Returns the rows as samples for a plain model, each with the shape `row`, such as the
    /// channels, height and width of an image.
    ///
    /// # Shapes
    /// inputs (N, …row), targets (N,), both f32.
    ///
    /// # Errors
    /// If a row has a different number of features, there are no rows, or the device cannot hold
    /// them.
    pub fn to_samples(&self, row: &[usize], device: &Device) -> Result<Samples> {
        if row.iter().product::<usize>() != self.width {
            bail!("expected rows of {} features, received the shape {row:?}", self.width)
        }
        let (xs, ys) = self.to_tensors(device)?;
        Samples::new(&xs.reshape([&[self.len()], row].concat())?, &ys)
    }
}

/// Returns features in single precision.
pub(super) fn features(values: &[f64], shape: impl Into<Shape>, device: &Device) -> Result<Tensor> {
    Tensor::from_slice(values, shape.into(), &Device::Cpu)?.to_dtype(DType::F32)?.to_device(device)
}
