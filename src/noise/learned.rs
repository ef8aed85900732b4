//! Strengths that training finds.

use candle_core::{DType, Device, Result, Tensor, bail};
use candle_nn::{Init, VarBuilder};

use super::layer::Channels;
use crate::ops::at_least_single;

/// How a strength is learned: floor + softplus(r), which training moves along the gradient
/// dL/dr = sigmoid(r) Σ δ · draw, with δ the gradient of the noisy activation.
///
/// It begins with the strength of the layer, or at the floor if that is higher. Under the training loss alone it
/// shrinks towards the floor, because noise only adds to this loss: set a floor to keep noise, or add a term to
/// the loss that rewards it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LearnedStrength {
    /// The least strength; finite and at least 0.
    pub floor: f64,
    /// The number and the axis of the channels that have strengths of their own; `None` for a single
    /// strength.
    pub channels: Option<(usize, Channels)>,
}

impl LearnedStrength {
    /// Sets the least strength.
    #[must_use]
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// Gives each of `count` channels a strength of its own.
    #[must_use]
    pub fn per_channel(self, count: usize, channels: Channels) -> Self {
        Self { channels: Some((count, channels)), ..self }
    }
}

/// The strengths of a layer as variables.
#[derive(Clone, Debug)]
pub(super) struct Learned {
    options: LearnedStrength,
    /// The strength of each replica at the beginning.
    begin: Vec<f64>,
    /// r of each replica at the beginning: (R, 1).
    first: Tensor,
    /// What training has added to it: (R, C), or (C,) in a plain map.
    moved: Tensor,
}

impl Learned {
    /// The name of the variable: what training adds to r, 0 at the beginning.
    const NAME: &str = "strength";

    /// The smallest softplus(r) to begin with: its gradient must not vanish.
    const LEAST: f64 = 1e-6;

    pub fn new(
        options: LearnedStrength,
        strengths: &[f64],
        has_replicas: bool,
        vb: &VarBuilder,
    ) -> Result<Self> {
        let LearnedStrength { floor, channels } = options;
        if !(0.0..f64::INFINITY).contains(&floor) {
            bail!("expected a floor that is finite and at least 0, received {floor}")
        }
        if strengths.contains(&0.) {
            bail!("a learned strength begins above 0, received 0")
        }
        let count = channels.map_or(1, |(count, _)| count);
        let moved = match has_replicas {
            true => vb.get_with_hints((strengths.len(), count), Self::NAME, Init::Const(0.))?,
            false => vb.get_with_hints(count, Self::NAME, Init::Const(0.))?,
        };
        let root = |strength: &f64| libm::log(libm::expm1((strength - floor).max(Self::LEAST)));
        let roots: Vec<f64> = strengths.iter().map(root).collect();
        let first = Tensor::from_vec(roots, (strengths.len(), 1), &Device::Cpu)?;
        let first = first.to_dtype(at_least_single(&moved)?.dtype())?.to_device(moved.device())?;
        Ok(Self { options, begin: strengths.to_vec(), first, moved })
    }

    /// Returns the axis of the channels.
    pub fn channels(&self) -> Channels {
        self.options.channels.map_or(Channels::Last, |(_, channels)| channels)
    }

    /// Returns the strengths (R, C) at those that are set: a replica that is set to twice the strength that it
    /// began with has twice the learned one.
    pub fn strengths(&self, set: &[f64]) -> Result<Tensor> {
        let moved = at_least_single(&self.moved)?;
        let moved = if moved.rank() == 1 { moved.unsqueeze(0)? } else { moved };
        let learned = (softplus(&self.first.broadcast_add(&moved)?)? + self.options.floor)?;
        if set == self.begin {
            return Ok(learned);
        }
        let factors: Vec<f64> =
            set.iter().zip(&self.begin).map(|(now, begin)| now / begin).collect();
        let factors = Tensor::from_vec(factors, (set.len(), 1), &Device::Cpu)?;
        learned.broadcast_mul(&factors.to_dtype(learned.dtype())?.to_device(learned.device())?)
    }

    /// Returns the mean over the channels of each replica's strengths.
    pub fn means(&self, set: &[f64]) -> Result<Vec<f64>> {
        let means = self.strengths(set)?.detach().to_dtype(DType::F64)?.mean(1)?;
        means.to_device(&Device::Cpu)?.to_vec1()
    }
}

/// Returns log(1 + exp(x)), without an overflow.
fn softplus(xs: &Tensor) -> Result<Tensor> {
    xs.relu()? + (xs.abs()?.neg()?.exp()? + 1.)?.log()?
}
