//! Rows that are changed, with addressed draws for them.

use candle_core::{Result, Tensor};

use crate::rng::{Address, Stream};

/// Rows that are changed: some consecutive ones of a test set.
///
/// # Shapes
/// `xs` (R, N, …) with the same rows for each replica, or rows of its own; `ys` (R, N) or (R, N, O).
#[derive(Clone, Debug)]
pub struct Rows {
    /// The inputs.
    pub xs: Tensor,
    /// The targets.
    pub ys: Tensor,
    /// The number of the first row in the test set: a row has the same draws in any batch.
    pub first: u32,
}

impl Rows {
    /// Returns the number of values of a row.
    pub fn row_len(&self) -> usize {
        self.xs.dims()[2..].iter().product()
    }

    /// Returns some consecutive rows, with their draws.
    ///
    /// # Errors
    /// If the rows do not exist.
    pub fn narrow(&self, start: usize, len: usize) -> Result<Self> {
        let part = |own: &Tensor| own.narrow(1, start, len)?.contiguous();
        let first = self.first + start as u32;
        Ok(Self { xs: part(&self.xs)?, ys: part(&self.ys)?, first })
    }

    /// Returns the rows with these numbers, for models that draw nothing: their draws would be those of others.
    pub(super) fn select(&self, numbers: &Tensor) -> Result<Self> {
        let part = |own: &Tensor| own.contiguous()?.index_select(numbers, 1);
        Ok(Self { xs: part(&self.xs)?, ys: part(&self.ys)?, first: self.first })
    }

    /// Returns the part of a tensor (R, N, …) for all rows that is of these.
    pub(super) fn part_of(&self, tensor: &Tensor, all: &Self) -> Result<Tensor> {
        let (start, len) = ((self.first - all.first) as usize, self.xs.dim(1)?);
        if len == tensor.dim(1)? {
            return Ok(tensor.clone());
        }
        tensor.narrow(1, start, len)?.contiguous()
    }

    /// Returns standard normal numbers for each value, those of a draw at a site.
    ///
    /// # Shapes
    /// As `xs`; there is a seed for each replica.
    ///
    /// # Errors
    /// If the device cannot hold them.
    pub fn normals(&self, seeds: &[u64], site: &str, draw: u32) -> Result<Tensor> {
        let len = self.row_len();
        self.draws(seeds, len, |seed, out| {
            Address::new(seed, site, Stream::Attack, draw).fill_normal(self.first, len, out);
        })?
        .reshape(self.xs.shape())
    }

    /// Returns uniform numbers in (0, 1], `width` for each row, those of a draw at a site.
    ///
    /// # Shapes
    /// Result (R, N, width); there is a seed for each replica.
    ///
    /// # Errors
    /// If the device cannot hold them.
    pub fn uniforms(&self, seeds: &[u64], site: &str, draw: u32, width: usize) -> Result<Tensor> {
        self.draws(seeds, width, |seed, out| {
            Address::new(seed, site, Stream::Attack, draw).fill_uniform(self.first, width, out);
        })
    }

    fn draws(&self, seeds: &[u64], width: usize, fill: impl Fn(u64, &mut [f32])) -> Result<Tensor> {
        let rows = self.xs.dim(1)?;
        let mut values = vec![0f32; seeds.len() * rows * width];
        for (seed, out) in seeds.iter().zip(values.chunks_mut((rows * width).max(1))) {
            fill(*seed, out);
        }
        Tensor::from_vec(values, (seeds.len(), rows, width), self.xs.device())
    }
}
