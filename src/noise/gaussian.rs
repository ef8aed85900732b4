//! Additive zero-centred Gaussian noise, active in training only.
//!
//! y = x + stddev · z with z ~ N(0, 1), drawn anew for each element and each training call.
//! Bishop 1995, "Training with Noise is Equivalent to Tikhonov Regularization", Neural Computation
//! 7; An 1996, "The Effects of Adding Noise During Backpropagation Training on a Generalization
//! Performance", Neural Computation 8.

use std::sync::Arc;

use candle_core::{Result, Tensor};
use candle_nn::ModuleT;

use super::map::{NoiseBuilder, NoiseMap, Site};
use crate::ops::{NoiseDraw, add_noise};

/// A layer that adds Gaussian noise in training and is the identity otherwise.
///
/// # Shapes
/// Input and output have the same shape and dtype (f16, bf16, f32 or f64). In a plain
/// [`NoiseMap`] any rank will do, the first of two or more axes being the batch; in a replicated
/// one the first axis is the replica, the second the batch. The noise of a row depends neither on
/// the number of rows nor on what stands in the others.
///
/// ```
/// use candle_core::{Device, Result, Tensor};
/// use candle_nn::ModuleT;
/// use candle_noise::GaussianNoise;
///
/// # fn main() -> Result<()> {
/// let noise = GaussianNoise::seeded(0.1, 42)?;
/// let xs = Tensor::zeros((30, 500), candle_core::DType::F32, &Device::Cpu)?;
/// let noisy = noise.forward_t(&xs, true)?; // training: x + 0.1 z
/// let clean = noise.forward_t(&xs, false)?; // evaluation: x
/// assert_eq!(clean.to_vec2::<f32>()?, xs.to_vec2::<f32>()?);
/// assert_ne!(noisy.to_vec2::<f32>()?, xs.to_vec2::<f32>()?);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct GaussianNoise {
    site: Arc<Site>,
}

impl GaussianNoise {
    /// Noise of one spread, in the units of the input, at the builder's path.
    ///
    /// # Errors
    /// When `stddev` is negative or not finite, the path is empty, or another layer has it.
    pub fn new(stddev: f64, nb: NoiseBuilder) -> Result<Self> {
        Self::with_stddevs(&vec![stddev; nb.replicas()], nb)
    }

    /// Noise with a spread for each replica.
    ///
    /// # Errors
    /// As [`GaussianNoise::new`], and when the number of spreads is not that of the replicas.
    pub fn with_stddevs(stddevs: &[f64], nb: NoiseBuilder) -> Result<Self> {
        Ok(Self { site: nb.site(stddevs)? })
    }

    /// A layer with a [`NoiseMap`] of its own.
    ///
    /// # Errors
    /// When `stddev` is negative or not finite.
    pub fn seeded(stddev: f64, seed: u64) -> Result<Self> {
        Self::new(stddev, NoiseMap::new(seed).builder().pp("noise"))
    }

    /// The draws of one call, `None` where it is the identity; uses a step where noise is added.
    pub(crate) fn draws(&self, train: bool) -> Result<Option<Vec<NoiseDraw>>> {
        if train { self.site.next_draws() } else { Ok(None) }
    }

    /// Whether tensors begin with the replica axis.
    pub(crate) fn replica_axis(&self) -> bool {
        self.site.replica_axis()
    }
}

impl ModuleT for GaussianNoise {
    /// Adds noise when `train` is set; uses a step of the site only where noise is added.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        match self.draws(train)? {
            Some(draws) => add_noise(xs, &draws, self.replica_axis()),
            None => Ok(xs.clone()),
        }
    }
}
