//! The layer shared by all kinds of noise.

use std::fmt;
use std::sync::Arc;

use candle_core::{DType, Result, Tensor, bail};
use candle_nn::ModuleT;

use super::controls::Controls;
use super::kind::Kind;
use super::map::NoiseMap;
use super::perturb::{Rows, perturb};
use super::site::{NoiseBuilder, Site};
use super::testing::TestDraw;
use crate::ops::{Axis, NoiseDraw, at_least_single, split_rows};

/// A layer with noise of one kind in training. It is the identity in evaluation and at strength 0.
///
/// Its draws depend only on the seed, the site's path, the number of the training call, the row and
/// the element. The noise of a row therefore depends neither on the number of rows nor on the
/// content of the others.
///
/// # Shapes
/// Input and output have the same shape and dtype (f16, bf16, f32 or f64). In a plain [`NoiseMap`]
/// any rank works: the first of two or more axes is the batch, and a tensor with one axis is a
/// single row. In a replicated map the first axis is the replica and the second the batch.
///
/// A clone shares the site, and therefore the steps, with the original layer. Threads that call one
/// layer in training, or clones of it, take its draws in the order of their calls: which thread gets
/// which draw is a matter of timing. For repeatable bits give each thread a layer with a path of its
/// own. In evaluation threads may share a layer, because it draws nothing.
#[derive(Clone)]
pub struct NoiseLayer<K> {
    pub(super) kind: K,
    pub(super) site: Arc<Site>,
    pub(super) shared: Shared,
    pub(super) controls: Controls,
}

/// The elements of a row that share a draw.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shared {
    /// Those that differ only along these axes of a row.
    Axes(Vec<usize>),
    /// Those of one channel. The channel is the first or the last axis of a row.
    AllBut(Channels),
}

/// The axis of channels in a row.
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
    /// Creates noise with one strength for all replicas, at the builder's path.
    ///
    /// # Errors
    /// If the strength is outside its range, or the path is empty or taken (see [`NoiseBuilder`]).
    pub fn new(strength: f64, nb: NoiseBuilder) -> Result<Self> {
        Self::with_strengths(&vec![strength; nb.replicas()], nb)
    }

    /// Creates noise with one strength per replica.
    ///
    /// # Errors
    /// If [`NoiseLayer::new`] would fail, or the number of strengths is not the number of replicas.
    pub fn with_strengths(strengths: &[f64], nb: NoiseBuilder) -> Result<Self> {
        Self::of_kind(K::default(), strengths, nb)
    }

    /// Creates a layer with its own [`NoiseMap`] and the path `noise`.
    ///
    /// Two such layers with one seed draw the same noise. Give each layer of a model its own seed or,
    /// with [`seeded_at`](Self::seeded_at), its own path.
    ///
    /// # Errors
    /// If the strength is outside its range.
    pub fn seeded(strength: f64, seed: u64) -> Result<Self> {
        Self::seeded_at(strength, seed, "noise")
    }

    /// Creates a layer with its own [`NoiseMap`] and a path, which makes its draws independent of
    /// those of other paths. They are the draws of a layer at this path of any map with this seed.
    ///
    /// ```
    /// use candle_core::{DType, Device, Result, Tensor};
    /// use candle_nn::ModuleT;
    /// use candle_noise::{GaussianNoise, NoiseMap};
    ///
    /// # fn main() -> Result<()> {
    /// let xs = Tensor::zeros((4, 8), DType::F32, &Device::Cpu)?;
    /// let draw = |noise: GaussianNoise| noise.forward_t(&xs, true)?.to_vec2::<f32>();
    /// let first = draw(GaussianNoise::seeded_at(0.1, 42, "hidden.0")?)?;
    /// assert_ne!(first, draw(GaussianNoise::seeded_at(0.1, 42, "hidden.1")?)?);
    /// let in_a_map = GaussianNoise::new(0.1, NoiseMap::new(42).builder().pp("hidden").pp(0))?;
    /// assert_eq!(first, draw(in_a_map)?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the strength is outside its range or the path is empty.
    pub fn seeded_at(strength: f64, seed: u64, path: &str) -> Result<Self> {
        Self::new(strength, NoiseMap::new(seed).builder().pp(path))
    }
}

impl<K: Kind> NoiseLayer<K> {
    /// Creates noise of a kind with its own settings, with one strength per replica.
    ///
    /// # Errors
    /// If a strength is outside its range, the number of strengths is not the number of replicas,
    /// or the path is empty or taken.
    pub fn of_kind(kind: K, strengths: &[f64], nb: NoiseBuilder) -> Result<Self> {
        let site = nb.site(K::STRENGTH, strengths)?;
        let (shared, controls) = (Shared::Axes(Vec::new()), Controls::default());
        Ok(Self { kind, site, shared, controls })
    }

    /// Shares one draw among all elements that differ only along these axes, like Keras'
    /// `noise_shape` with a 1 there.
    ///
    /// Axes are those of a row, counted from 0 after the batch (and the replicas): in (B, C, H, W)
    /// H is 1 and W is 2, in (B, T, C) T is 0. A forward pass rejects rows that have no such axis.
    #[must_use]
    pub fn shared_axes(mut self, axes: &[usize]) -> Self {
        self.shared = Shared::Axes(axes.to_vec());
        self
    }

    /// Shares one draw among all elements of a channel.
    pub(super) fn by_channel(mut self, channels: Channels) -> Self {
        self.shared = Shared::AllBut(channels);
        self
    }

    /// Applies `forward_t` with noise on real elements only. Masked elements keep their bits.
    ///
    /// A row's draws are numbered in the order of its elements. In rows (T, C) the noise of real
    /// elements therefore does not depend on the length of the padding after them. In rows (C, T)
    /// it does: there an element's number is c·T + t.
    ///
    /// # Shapes
    /// `mask` has the leading axes of `xs`, or 1 in place of one: (B, T) or (B, T, 1) for (B, T,
    /// C), and (1, B, T) if replicas share it. 0 marks a masked element, in any dtype.
    ///
    /// # Errors
    /// If the mask does not fit, or `forward_t` fails.
    pub fn forward_masked(&self, xs: &Tensor, mask: &Tensor, train: bool) -> Result<Tensor> {
        let mask = spread_mask(mask, xs)?;
        self.apply(xs, mask.as_ref(), train)
    }

    /// Returns the draws of one call, or `None` if it is the identity. Uses a step if there is
    /// noise. For a [fusable](Self::is_fusable) layer.
    pub(crate) fn draws(&self, train: bool) -> Result<Option<Vec<NoiseDraw>>> {
        if train { self.site.next_draws() } else { Ok(None) }
    }

    /// Returns the draws of the next training call without using its step, or `None` if it is the identity.
    #[cfg(feature = "cuda")]
    pub(crate) fn upcoming(&self) -> Option<Vec<NoiseDraw>> {
        self.site.upcoming()
    }

    /// Uses the steps of `calls` training calls.
    #[cfg(feature = "cuda")]
    pub(crate) fn skip(&self, calls: u32) -> Result<()> {
        self.site.skip(calls)
    }

    /// Returns whether the strengths follow a schedule.
    #[cfg(feature = "cuda")]
    pub(crate) fn is_scheduled(&self) -> bool {
        self.site.state().scheduled.is_some()
    }

    /// Returns whether a fused op can make this layer's noise: there is a replica axis, no shared one, and
    /// nothing but the strength to heed.
    pub(crate) fn is_fusable(&self) -> bool {
        self.site.axis() == Axis::Replicas
            && self.shared == Shared::Axes(Vec::new())
            && self.controls.is_plain()
            && !self.site.is_tested()
    }

    fn apply(&self, xs: &Tensor, mask: Option<&Tensor>, train: bool) -> Result<Tensor> {
        let drawn = match train {
            true => self.site.next_draws()?.map(|draws| (draws, TestDraw::default())),
            false => self.site.test_draws(self.controls.always),
        };
        let Some((draws, test)) = drawn else { return Ok(xs.clone()) };
        if xs.elem_count() == 0 {
            return split_rows(xs, &draws, self.site.axis()).map(|_| xs.clone());
        }
        let rows = test.rows();
        let own = if train { xs.clone() } else { unshared(xs, draws.len(), self.site.axis())? };
        let mask = mask.map(|mask| mask.broadcast_as(own.shape())?.contiguous()).transpose()?;
        let (xs, mask) = (&own, mask.as_ref());
        let call = Call { draws: &draws, rows, mask };
        let ys = match self.controls.paired && train {
            true => self.in_pairs(xs, call)?,
            false => self.noisy(xs, call, 1.)?,
        };
        let ys = self.controls.range.apply(&ys)?;
        let ys = mask.map_or(Ok(ys.clone()), |mask| mask.where_cond(&ys, xs))?;
        self.site.probe(&test, xs, &ys)?;
        Ok(ys)
    }

    /// Adds the noise of the first half of the rows to both halves, to the second with the other sign.
    fn in_pairs(&self, xs: &Tensor, call: Call) -> Result<Tensor> {
        let batch = usize::from(self.site.axis() == Axis::Replicas);
        let rows = xs.dims().get(batch).copied().unwrap_or(1);
        if rows % 2 == 1 {
            bail!("expected pairs of rows, one half after the other, received {rows} rows")
        }
        let half = |number: usize, sign: f64| {
            let part = |own: &Tensor| own.narrow(batch, number * rows / 2, rows / 2)?.contiguous();
            let mask = call.mask.map(part).transpose()?;
            self.noisy(&part(xs)?, Call { mask: mask.as_ref(), ..call }, sign)
        };
        Tensor::cat(&[half(0, 1.)?, half(1, -1.)?], batch)
    }

    /// Adds noise, with its sign.
    fn noisy(&self, xs: &Tensor, call: Call, sign: f64) -> Result<Tensor> {
        let scale = &self.controls.scale;
        if scale.is_plain() && sign == 1. {
            return self.drawn(xs, call);
        }
        // What is not drawn stays -0, which changes no number that it is added to.
        let zeros = at_least_single(&xs.detach())?.zeros_like()?.neg()?;
        let unit = |draw: &NoiseDraw| NoiseDraw { strength: draw.strength.min(1.).ceil(), ..*draw };
        let units: Vec<NoiseDraw> = call.draws.iter().map(unit).collect();
        let draws = self.drawn(&zeros, Call { draws: &units, ..call })?;
        let scale = scale.of(xs, call.draws, self.site.axis(), call.mask)?;
        let noise = draws.detach().broadcast_mul(&(scale * sign)?)?;
        (at_least_single(xs)? + noise)?.to_dtype(xs.dtype())
    }

    /// Applies the kind at the strengths of the draws.
    fn drawn(&self, xs: &Tensor, call: Call) -> Result<Tensor> {
        let Call { draws, rows, mask } = call;
        let axis = self.site.axis();
        let axes =
            self.shared.axes(xs.rank().saturating_sub(1 + usize::from(axis == Axis::Replicas)));
        if axes.is_empty()
            && rows == Rows::default()
            && let Some(ys) = self.kind.fused(xs, draws, axis)
        {
            return ys;
        }
        perturb(xs, &self.kind, draws, axis, &axes, mask, rows)
    }
}

/// The draws of one call, and the elements that are real.
#[derive(Clone, Copy)]
struct Call<'a> {
    draws: &'a [NoiseDraw],
    rows: Rows,
    mask: Option<&'a Tensor>,
}

impl Shared {
    /// Returns the axes along which draws are shared, in rows with `rank` axes.
    fn axes(&self, rank: usize) -> Vec<usize> {
        match self {
            Self::Axes(axes) => axes.clone(),
            Self::AllBut(Channels::First) => (1..rank).collect(),
            Self::AllBut(Channels::Last) => (0..rank.saturating_sub(1)).collect(),
        }
    }
}

impl<K: Kind> ModuleT for NoiseLayer<K> {
    /// Adds noise if `train` is set. Uses a step of the site only if noise is added.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        self.apply(xs, None, train)
    }
}

/// Returns the rows that replicas share in an evaluation once for each of them, since their noise differs.
pub(super) fn unshared(xs: &Tensor, replicas: usize, axis: Axis) -> Result<Tensor> {
    match xs.dims() {
        [1, row @ ..] if axis == Axis::Replicas && replicas > 1 => {
            xs.broadcast_as([&[replicas], row].concat())?.contiguous()
        }
        _ => Ok(xs.clone()),
    }
}

/// Returns a mask of 0 and 1 for each element of `xs`, if it has any.
pub(super) fn spread_mask(mask: &Tensor, xs: &Tensor) -> Result<Option<Tensor>> {
    let (dims, shape) = (mask.dims(), xs.dims());
    let fits = dims.len() <= shape.len() && dims.iter().zip(shape).all(|(m, x)| m == x || *m == 1);
    if !fits {
        bail!("expected a mask of the leading axes of {shape:?}, received shape {dims:?}")
    }
    if xs.elem_count() == 0 {
        return Ok(None);
    }
    let mut dims = dims.to_vec();
    dims.resize(shape.len(), 1);
    let mask = mask.ne(&mask.zeros_like()?)?.to_dtype(DType::U8)?;
    mask.reshape(dims)?.broadcast_as(shape)?.contiguous().map(Some)
}
