//! Noise on class numbers.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor, bail};
use candle_nn::ModuleT;

use super::map::NoiseMap;
use super::schedule::Schedule;
use super::site::{NoiseBuilder, Site};
use super::strength::Strength;
use crate::ops::{NoiseDraw, split_rows};

/// Labels that are wrong with probability rate. In training a wrong label becomes one of the other
/// classes, all of them equally likely.
///
/// For two classes the mean loss is that of labels smoothed by 2 · rate
/// ([`smooth_targets`](crate::loss::smooth_targets)). Xie et al. 2016, "DisturbLabel: Regularizing
/// CNN on the Loss Layer" (arXiv 1605.00055), also count the correct class among the new ones:
/// their α is rate · C / (C − 1).
///
/// # Shapes
/// Class numbers of any shape and dtype; the result has the same: (B,), or (R, B) in a replicated
/// map. The draw of a label depends on its place in the batch, not on the batch's length. Threads that
/// share label noise take its draws in the order of their calls; see
/// [`NoiseLayer`](super::NoiseLayer).
#[derive(Clone, Debug)]
pub struct LabelNoise {
    site: Arc<Site>,
    classes: usize,
}

impl LabelNoise {
    /// Creates noise with one rate in [0, 1) on labels 0 to `classes` − 1.
    ///
    /// # Errors
    /// If the rate is out of range, there are fewer than two classes, or the path is empty or taken
    /// (see [`NoiseBuilder`]).
    pub fn new(rate: f64, classes: usize, nb: NoiseBuilder) -> Result<Self> {
        Self::with_strengths(&vec![rate; nb.replicas()], classes, nb)
    }

    /// Creates noise with one rate per replica.
    ///
    /// # Errors
    /// If [`LabelNoise::new`] would fail, or the number of rates is not the number of replicas.
    pub fn with_strengths(rates: &[f64], classes: usize, nb: NoiseBuilder) -> Result<Self> {
        if classes < 2 {
            bail!("label noise needs at least 2 classes, received {classes}")
        }
        Ok(Self { site: nb.site(Strength::rate("rate"), rates)?, classes })
    }

    /// Creates label noise with its own [`NoiseMap`] and the path `labels`. Two with one seed draw
    /// the same noise; [`seeded_at`](Self::seeded_at) takes a path.
    ///
    /// # Errors
    /// If the rate is out of range or there are fewer than two classes.
    pub fn seeded(rate: f64, classes: usize, seed: u64) -> Result<Self> {
        Self::seeded_at(rate, classes, seed, "labels")
    }

    /// Creates label noise with its own [`NoiseMap`] and a path. Its draws are those of label noise
    /// at this path of any map with this seed.
    ///
    /// # Errors
    /// If [`LabelNoise::seeded`] would fail, or the path is empty.
    pub fn seeded_at(rate: f64, classes: usize, seed: u64, path: &str) -> Result<Self> {
        Self::new(rate, classes, NoiseMap::new(seed).builder().pp(path))
    }

    /// Lets the rates, which are those of the first epoch, follow a schedule.
    ///
    /// # Errors
    /// If a rate has no such schedule.
    pub fn scheduled(self, schedule: &Schedule) -> Result<Self> {
        self.site.set_schedule(schedule.clone())?;
        Ok(self)
    }

    /// Returns the number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    fn flip(&self, labels: &Tensor, draws: &[NoiseDraw]) -> Result<Tensor> {
        let row_len: usize = split_rows(labels, draws, self.site.axis())?.1.iter().product();
        let mut values = labels
            .to_device(&Device::Cpu)?
            .to_dtype(DType::F64)?
            .flatten_all()?
            .to_vec1::<f64>()?;
        if let Some(label) = values.iter().find(|x| x.fract() != 0. || !self.is_class(**x)) {
            bail!("expected class numbers below {}, received {label}", self.classes)
        }
        let len = (values.len() / draws.len()).max(1);
        let mut uniforms = vec![0f32; 2 * row_len];
        for (draw, labels) in draws.iter().zip(values.chunks_exact_mut(len)) {
            for (row, labels) in labels.chunks_exact_mut(row_len.max(1)).enumerate() {
                draw.address.fill_uniform(row as u32, uniforms.len(), &mut uniforms);
                for (label, u) in labels.iter_mut().zip(uniforms.as_chunks::<2>().0) {
                    if f64::from(u[0]) <= draw.strength {
                        *label = self.other(*label, u[1]);
                    }
                }
            }
        }
        let flipped = Tensor::from_vec(values, labels.shape(), &Device::Cpu)?;
        flipped.to_dtype(labels.dtype())?.to_device(labels.device())
    }

    fn is_class(&self, label: f64) -> bool {
        (0.0..self.classes as f64).contains(&label)
    }

    /// Returns a class other than `label`, by a uniform draw in (0, 1].
    fn other(&self, label: f64, uniform: f32) -> f64 {
        let others = (self.classes - 1) as f64;
        let behind = (f64::from(uniform) * others).ceil().clamp(1., others);
        (label + behind) % self.classes as f64
    }
}

impl ModuleT for LabelNoise {
    /// Changes labels if `train` is set. Uses a step of the site only if the rate is not 0.
    fn forward_t(&self, labels: &Tensor, train: bool) -> Result<Tensor> {
        match if train { self.site.next_draws()? } else { None } {
            Some(draws) => self.flip(labels, &draws),
            None => Ok(labels.clone()),
        }
    }
}
