//! The layer of noise that looks beyond an element: at its row, or at the rows beside it.

use std::fmt::Debug;
use std::sync::Arc;

use candle_core::{Device, Result, Tensor, bail};
use candle_nn::ModuleT;

use super::any::{AnyKind, AnyLayer};
use super::layer::{Channels, spread_mask, unshared};
use super::perturb::Rows;
use super::placing::Placing;
use super::schedule::Schedule;
use super::site::{NoiseBuilder, Site};
use super::strength::Strength;
use super::testing::TestDraw;
use crate::ops::{Axis, NoiseDraw, split_rows};

/// A kind of noise that looks at whole rows, or at the rows of a batch. [`BatchNoise`] makes a layer of it.
pub trait BatchKind: Clone + Debug + Default + Send + Sync + 'static {
    /// The name and the range of the strength.
    const STRENGTH: Strength;

    /// Whether rows are images: a mask of parts of a row, such as the steps of a sequence, is then refused.
    const IS_OF_IMAGES: bool = false;

    /// Returns noisy rows.
    ///
    /// # Shapes
    /// `xs` (R, B, …); the result has the same.
    ///
    /// # Errors
    /// If the rows are of a shape, or a strength of a size, that the kind does not take.
    fn apply(&self, xs: &Tensor, draws: &BatchDraws) -> Result<Tensor>;
}

/// The draws of a batch.
#[derive(Debug)]
pub struct BatchDraws<'a> {
    draws: &'a [NoiseDraw],
    numbers: Rows,
    rows: usize,
    channels: Channels,
    /// 0 for each element that is masked; empty if there is no mask.
    real: &'a [u8],
}

impl BatchDraws<'_> {
    /// Returns the strength of each replica.
    pub fn strengths(&self) -> impl Iterator<Item = f64> {
        self.draws.iter().map(|draw| draw.strength)
    }

    /// Returns the number of rows of each replica.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the axis of channels in the rows.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// Returns whether each element of the batch (R, B, …) is real: 0 for padding. `None` without a mask.
    pub fn real(&self) -> Option<&[u8]> {
        Some(self.real).filter(|own| !own.is_empty())
    }

    /// Returns uniform draws in (0, 1], `count` for each row of each replica, replica by replica.
    pub fn uniforms(&self, count: usize) -> Vec<f32> {
        let mut all = vec![0f32; self.draws.len() * self.rows * count];
        let rows = self.draws.iter().flat_map(|draw| (0..self.rows).map(move |row| (draw, row)));
        for (own, (draw, row)) in all.chunks_exact_mut(count.max(1)).zip(rows) {
            draw.address.fill_uniform(self.numbers.at(row), count, own);
        }
        all
    }
}

/// A layer with noise that looks at rows or batches, in training. It is the identity in evaluation and at
/// strength 0, and its draws have addresses like those of [`NoiseLayer`](super::NoiseLayer).
///
/// # Shapes
/// Input and output have the same shape and dtype. The first axis is the batch, in a replicated map the second.
#[derive(Clone, Debug)]
pub struct BatchNoise<K> {
    kind: K,
    site: Arc<Site>,
    channels: Channels,
    always: bool,
}

impl<K: BatchKind> BatchNoise<K> {
    /// Creates noise with one strength for all replicas, at the builder's path.
    ///
    /// # Errors
    /// If the strength is outside its range, or the path is empty or taken.
    pub fn new(strength: f64, nb: NoiseBuilder) -> Result<Self> {
        Self::with_strengths(&vec![strength; nb.replicas()], nb)
    }

    /// Creates noise with one strength per replica.
    ///
    /// # Errors
    /// If [`BatchNoise::new`] would fail, or the number of strengths is not the number of replicas.
    pub fn with_strengths(strengths: &[f64], nb: NoiseBuilder) -> Result<Self> {
        Self::of_kind(K::default(), strengths, nb)
    }

    /// Creates noise of a kind with its own settings, with one strength per replica.
    ///
    /// # Errors
    /// If [`BatchNoise::with_strengths`] would fail.
    pub fn of_kind(kind: K, strengths: &[f64], nb: NoiseBuilder) -> Result<Self> {
        let site = nb.site(K::STRENGTH, strengths)?;
        Ok(Self { kind, site, channels: Channels::Last, always: false })
    }

    /// Sets the axis of channels in the rows; by default the last.
    #[must_use]
    pub fn channels(self, channels: Channels) -> Self {
        Self { channels, ..self }
    }

    /// Adds noise in evaluation, too; see [`NoiseLayer::always`](super::NoiseLayer::always).
    #[must_use]
    pub fn always(self) -> Self {
        Self { always: true, ..self }
    }

    /// Lets the strength, which is that of the first epoch, follow a schedule.
    ///
    /// # Errors
    /// If the strength has no such schedule.
    pub fn scheduled(self, schedule: Schedule) -> Result<Self> {
        self.site.set_schedule(schedule)?;
        Ok(self)
    }

    fn apply(&self, xs: &Tensor, mask: Option<&Tensor>, train: bool) -> Result<Tensor> {
        let drawn = match train {
            true => self.site.next_draws()?.map(|draws| (draws, TestDraw::default())),
            false => self.site.test_draws(self.always),
        };
        let Some((draws, test)) = drawn else { return Ok(xs.clone()) };
        let axis = self.site.axis();
        let xs = &if train { xs.clone() } else { unshared(xs, draws.len(), axis)? };
        let (rows, _) = split_rows(xs, &draws, axis)?;
        if xs.elem_count() == 0 {
            return Ok(xs.clone());
        }
        let with_replicas = if axis == Axis::Plain { xs.unsqueeze(0)? } else { xs.clone() };
        let (numbers, channels) = (test.rows(), self.channels);
        let real = match mask {
            Some(mask) => {
                let mask = mask.broadcast_as(xs.shape())?.flatten_all()?;
                mask.to_device(&Device::Cpu)?.to_vec1::<u8>()?
            }
            None => Vec::new(),
        };
        let of_batch = BatchDraws { draws: &draws, numbers, rows, channels, real: &real };
        let ys = self.kind.apply(&with_replicas, &of_batch)?;
        let ys = self.restored(&draws, xs, &ys.reshape(xs.shape())?)?;
        self.site.probe(&test, xs, &ys)?;
        Ok(ys)
    }
}

impl<K: BatchKind> BatchNoise<K> {
    /// Returns noisy rows, with those of replicas without noise as they were, bit for bit.
    fn restored(&self, draws: &[NoiseDraw], xs: &Tensor, ys: &Tensor) -> Result<Tensor> {
        if draws.iter().all(|draw| draw.strength > 0.) {
            return Ok(ys.clone());
        }
        let noisy: Vec<u8> = draws.iter().map(|draw| u8::from(draw.strength > 0.)).collect();
        let mut dims = vec![1; xs.rank()];
        dims[0] = draws.len();
        let noisy = Tensor::from_vec(noisy, dims, &Device::Cpu)?.to_device(xs.device())?;
        noisy.broadcast_as(xs.shape())?.contiguous()?.where_cond(ys, xs)
    }
}

impl<K: BatchKind> ModuleT for BatchNoise<K> {
    /// Changes rows if `train` is set. Uses a step of the site only if there is noise.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        self.apply(xs, None, train)
    }
}

impl<K: BatchKind> AnyLayer for BatchNoise<K> {
    fn forward_masked(&self, xs: &Tensor, mask: &Tensor, train: bool) -> Result<Tensor> {
        let batch = 1 + usize::from(self.site.axis() == Axis::Replicas);
        if K::IS_OF_IMAGES && mask.rank() > batch {
            bail!(
                "expected images of a height and a width, received rows with masked steps, such as sequences"
            )
        }
        let mask = spread_mask(mask, xs)?;
        let ys = self.apply(xs, mask.as_ref(), train)?;
        let Some(mask) = mask else { return Ok(ys) };
        let own = |tensor: &Tensor| tensor.broadcast_as(ys.shape())?.contiguous();
        own(&mask)?.where_cond(&ys, &own(xs)?)
    }
}

/// A kind of noise on rows or batches, of which descriptions in text make layers: as it is made of the numbers of
/// the columns that the elements of a row are of, if these are known.
#[derive(Debug)]
pub(super) struct OnBatches<K>(pub fn(Option<&[usize]>) -> K);

impl<K: BatchKind> AnyKind for OnBatches<K> {
    fn strength(&self) -> Strength {
        K::STRENGTH
    }

    fn layer(&self, placing: &Placing) -> Result<Box<dyn AnyLayer>> {
        let kind = self.0(placing.columns);
        let layer = BatchNoise::of_kind(kind, placing.strengths, placing.nb.clone())?;
        let layer = layer.channels(placing.channels);
        let layer = if placing.options.always { layer.always() } else { layer };
        Ok(match &placing.options.schedule {
            Some(schedule) => Box::new(layer.scheduled(schedule.clone())?),
            None => Box::new(layer),
        })
    }
}
