//! The layer that all kinds of noise share.

use std::sync::Arc;

use candle_core::{DType, Result, Tensor, bail};
use candle_nn::ModuleT;

use super::kind::Kind;
use super::map::NoiseMap;
use super::perturb::perturb;
use super::site::{NoiseBuilder, Site};
use crate::ops::NoiseDraw;

/// A layer with noise of one kind in training, the identity in evaluation and at strength 0.
///
/// Its draws depend on the seed, the site's path, the number of the training call, the row and the
/// element alone, so that the noise of a row depends neither on the number of rows nor on what
/// stands in the others.
///
/// # Shapes
/// Input and output have the same shape and dtype (f16, bf16, f32 or f64). In a plain
/// [`NoiseMap`] any rank will do, the first of two or more axes being the batch and a tensor of one
/// axis a single row; in a replicated one the first axis is the replica, the second the batch.
#[derive(Debug)]
pub struct NoiseLayer<K> {
    pub(super) kind: K,
    site: Arc<Site>,
    shared_axes: Vec<usize>,
}

impl<K: Kind + Default> NoiseLayer<K> {
    /// Noise of one strength for all replicas, at the builder's path.
    ///
    /// # Errors
    /// When the strength is outside its range, the path is empty, or another layer has it.
    pub fn new(strength: f64, nb: NoiseBuilder) -> Result<Self> {
        Self::with_strengths(&vec![strength; nb.replicas()], nb)
    }

    /// Noise with a strength for each replica.
    ///
    /// # Errors
    /// As [`NoiseLayer::new`], and when the number of strengths is not that of the replicas.
    pub fn with_strengths(strengths: &[f64], nb: NoiseBuilder) -> Result<Self> {
        Self::of_kind(K::default(), strengths, nb)
    }

    /// A layer with a [`NoiseMap`] of its own.
    ///
    /// # Errors
    /// When the strength is outside its range.
    pub fn seeded(strength: f64, seed: u64) -> Result<Self> {
        Self::new(strength, NoiseMap::new(seed).builder().pp("noise"))
    }
}

impl<K: Kind> NoiseLayer<K> {
    /// Noise of a kind that has settings of its own, with a strength for each replica.
    ///
    /// # Errors
    /// When a strength is outside its range, there is not one for each replica, the path is empty,
    /// or another layer has it.
    pub fn of_kind(kind: K, strengths: &[f64], nb: NoiseBuilder) -> Result<Self> {
        Ok(Self { kind, site: nb.site(K::STRENGTH, strengths)?, shared_axes: Vec::new() })
    }

    /// One draw for all elements that differ along these axes alone; Keras' `noise_shape` with a 1
    /// there.
    ///
    /// Axes are those of a row, counted behind the batch (and the replicas) from 0: in (B, C, H, W)
    /// H is 1 and W is 2, in (B, T, C) T is 0. A forward pass refuses rows that have no such axis.
    pub fn shared_axes(mut self, axes: &[usize]) -> Self {
        self.shared_axes = axes.to_vec();
        self
    }

    /// As `forward_t`, with noise on real elements only: masked ones leave as they came, bit for
    /// bit.
    ///
    /// A row's draws are numbered in the order of its elements, so in rows (T, C) the noise of real
    /// elements does not depend on the length of the padding behind them. In rows (C, T) it does:
    /// there an element's number is c·T + t.
    ///
    /// # Shapes
    /// `mask` has the leading axes of `xs`, or 1 in place of one: (B, T) or (B, T, 1) for
    /// (B, T, C), and (1, B, T) where replicas share it; 0 marks a masked element, in any dtype.
    ///
    /// # Errors
    /// When the mask does not fit, and as `forward_t`.
    pub fn forward_masked(&self, xs: &Tensor, mask: &Tensor, train: bool) -> Result<Tensor> {
        let mask = spread_mask(mask, xs)?;
        match self.draws(train)? {
            Some(draws) => mask.where_cond(&self.noisy(xs, &draws, Some(&mask))?, xs),
            None => Ok(xs.clone()),
        }
    }

    /// The draws of one call, `None` where it is the identity; uses a step where there is noise.
    pub(crate) fn draws(&self, train: bool) -> Result<Option<Vec<NoiseDraw>>> {
        if train { self.site.next_draws() } else { Ok(None) }
    }

    /// Whether a fused op can make this layer's noise: there is a replica axis and no shared one.
    pub(crate) fn is_fusable(&self) -> bool {
        self.site.replica_axis() && self.shared_axes.is_empty()
    }

    fn noisy(&self, xs: &Tensor, draws: &[NoiseDraw], mask: Option<&Tensor>) -> Result<Tensor> {
        let replica_axis = self.site.replica_axis();
        if self.shared_axes.is_empty()
            && let Some(ys) = self.kind.fused(xs, draws, replica_axis)
        {
            return ys;
        }
        perturb(xs, &self.kind, draws, replica_axis, &self.shared_axes, mask)
    }
}

impl<K: Kind> ModuleT for NoiseLayer<K> {
    /// Adds noise when `train` is set; uses a step of the site only where noise is added.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        match self.draws(train)? {
            Some(draws) => self.noisy(xs, &draws, None),
            None => Ok(xs.clone()),
        }
    }
}

/// A mask of 0 and 1 for each element of `xs`.
fn spread_mask(mask: &Tensor, xs: &Tensor) -> Result<Tensor> {
    let (dims, shape) = (mask.dims(), xs.dims());
    let fits = dims.len() <= shape.len() && dims.iter().zip(shape).all(|(m, x)| m == x || *m == 1);
    if !fits {
        bail!("expected a mask of the leading axes of {shape:?}, received shape {dims:?}")
    }
    let mut dims = dims.to_vec();
    dims.resize(shape.len(), 1);
    let mask = mask.ne(&mask.zeros_like()?)?.to_dtype(DType::U8)?;
    mask.reshape(dims)?.broadcast_as(shape)?.contiguous()
}
