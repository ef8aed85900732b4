//! The layer that all kinds of noise share.

use std::fmt;
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
///
/// A clone shares the site, and so the steps, with the layer that it was made of.
#[derive(Clone)]
pub struct NoiseLayer<K> {
    pub(super) kind: K,
    site: Arc<Site>,
    shared: Shared,
}

/// Which elements of a row have one draw.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shared {
    /// Those that differ along these axes of a row alone.
    Axes(Vec<usize>),
    /// Those of one channel, which is the first axis of a row or the last.
    AllBut(Channels),
}

/// Which axis of a row counts its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// The first, as in (C, H, W).
    First,
    /// The last, as in (H, W, C), (T, C) and (I,).
    Last,
}

impl<K> fmt::Debug for NoiseLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoiseLayer")
            .field("site", &self.site)
            .field("shared", &self.shared)
            .finish()
    }
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
        let site = nb.site(K::STRENGTH, strengths)?;
        Ok(Self { kind, site, shared: Shared::Axes(Vec::new()) })
    }

    /// One draw for all elements that differ along these axes alone; Keras' `noise_shape` with a 1
    /// there.
    ///
    /// Axes are those of a row, counted behind the batch (and the replicas) from 0: in (B, C, H, W)
    /// H is 1 and W is 2, in (B, T, C) T is 0. A forward pass refuses rows that have no such axis.
    pub fn shared_axes(mut self, axes: &[usize]) -> Self {
        self.shared = Shared::Axes(axes.to_vec());
        self
    }

    /// One draw for all elements of a channel.
    pub(super) fn by_channel(mut self, channels: Channels) -> Self {
        self.shared = Shared::AllBut(channels);
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
        self.site.replica_axis() && self.shared == Shared::Axes(Vec::new())
    }

    fn noisy(&self, xs: &Tensor, draws: &[NoiseDraw], mask: Option<&Tensor>) -> Result<Tensor> {
        let replica_axis = self.site.replica_axis();
        let axes = self.shared.axes(xs.rank().saturating_sub(1 + usize::from(replica_axis)));
        if axes.is_empty()
            && let Some(ys) = self.kind.fused(xs, draws, replica_axis)
        {
            return ys;
        }
        perturb(xs, &self.kind, draws, replica_axis, &axes, mask)
    }
}

impl Shared {
    /// The axes along which draws are shared, in rows of so many axes.
    fn axes(&self, rank: usize) -> Vec<usize> {
        match self {
            Self::Axes(axes) => axes.clone(),
            Self::AllBut(Channels::First) => (1..rank).collect(),
            Self::AllBut(Channels::Last) => (0..rank.saturating_sub(1)).collect(),
        }
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
