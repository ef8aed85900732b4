//! A labelled data set on the host, in double precision.

use candle_core::{DType, Device, Result, Tensor, bail};

/// Rows of `width` features, each row with the number of its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    width: usize,
    features: Vec<f64>,
    labels: Vec<u32>,
}

impl Dataset {
    /// Takes row-major features and one label a row.
    ///
    /// # Errors
    /// When `features.len()` is not `width * labels.len()` or `width` is 0.
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

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of features of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The rows with their labels, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[f64], u32)> {
        self.features.chunks_exact(self.width).zip(self.labels.iter().copied())
    }

    /// The first `count` rows and the others: the tutorial's split, which needs no seed because
    /// the rows are shuffled already.
    ///
    /// # Errors
    /// When one of the two parts would be empty.
    pub fn split_at(&self, count: usize) -> Result<(Self, Self)> {
        if !(1..self.len()).contains(&count) {
            bail!(
                "a split of {} rows leaves rows on both sides for 1 to {} training rows, received \
                 {count}",
                self.len(),
                self.len().saturating_sub(1)
            )
        }
        let (first, second) = self.features.split_at(count * self.width);
        let (first_labels, second_labels) = self.labels.split_at(count);
        let part = |features: &[f64], labels: &[u32]| Self {
            width: self.width,
            features: features.to_vec(),
            labels: labels.to_vec(),
        };
        Ok((part(first, first_labels), part(second, second_labels)))
    }

    /// Features of shape (N, I) and labels of shape (N,), both f32.
    ///
    /// # Errors
    /// When the device cannot hold them.
    pub fn to_tensors(&self, device: &Device) -> Result<(Tensor, Tensor)> {
        let xs = Tensor::from_slice(&self.features, (self.len(), self.width), &Device::Cpu)?;
        let labels: Vec<f32> = self.labels.iter().map(|&label| label as f32).collect();
        let ys = Tensor::from_vec(labels, self.len(), device)?;
        Ok((xs.to_dtype(DType::F32)?.to_device(device)?, ys))
    }
}
