//! Layers side by side that one op applies.

use std::any::Any;

use candle_core::{Result, Tensor};

use super::conv2d::{Conv2d, MaxPool2d};
use super::dense::Dense;
use super::model::Model;
use super::relu::Relu;
use crate::noise::{GaussianNoise, Slot};
use crate::ops::{ConvLayer, StackLayer};

/// A layer with its name in a sequence.
pub type NamedLayer = (String, Model);

/// Returns the run of dense layers at the start that one op can apply, and the layers after it.
pub fn dense_run<'a>(
    layers: &'a [NamedLayer],
    xs: &Tensor,
    train: bool,
) -> Result<Option<(Vec<StackLayer>, &'a [NamedLayer])>> {
    let mut run = Vec::new();
    let mut rest = layers;
    let small = next::<Dense>(layers).is_some_and(Dense::is_small);
    let fits = |dense: &&Dense| dense.is_fused(xs) && dense.is_small() == small;
    while next::<Dense>(rest).filter(fits).is_some()
        && let Some((block, others)) = DenseBlock::first(rest)
    {
        let DenseBlock { dense, before, relu, after } = block;
        let draws = |noise: Option<&GaussianNoise>| noise.map_or(Ok(None), |own| own.draws(train));
        let mut layer = StackLayer::new(dense.weight(), dense.bias());
        (layer.before, layer.relu, layer.after) = (draws(before)?, relu, draws(after)?);
        run.push(layer);
        rest = others;
    }
    Ok((!run.is_empty()).then_some((run, rest)))
}

/// Returns the convolutions at the start, the size of the pooling after them if there is one, and the layers after it.
pub fn conv_run(layers: &[NamedLayer]) -> Option<(Vec<ConvLayer>, Option<usize>, &[NamedLayer])> {
    let (mut run, mut rest) = (Vec::new(), layers);
    while let Some(conv) = next::<Conv2d>(rest) {
        run.push(conv.layer());
        rest = after_empty_slots(&rest[1..]);
    }
    let pool = next::<MaxPool2d>(rest).map(|pool| pool.size);
    let rest = if pool.is_some() { &rest[1..] } else { rest };
    (!run.is_empty()).then_some((run, pool, rest))
}

/// A dense layer, and what can be fused with it.
pub(crate) struct DenseBlock<'a> {
    pub dense: &'a Dense,
    /// Noise before the rectifier, or without one.
    pub before: Option<&'a GaussianNoise>,
    pub relu: bool,
    /// Noise after the rectifier.
    pub after: Option<&'a GaussianNoise>,
}

impl<'a> DenseBlock<'a> {
    /// Returns the block at the start of some layers, and the layers after it.
    pub fn first(layers: &'a [NamedLayer]) -> Option<(Self, &'a [NamedLayer])> {
        let mut block = Self { dense: next(layers)?, before: None, relu: false, after: None };
        let mut rest = after_empty_slots(&layers[1..]);
        if let Some(noise) = fusable(rest) {
            block.before = Some(noise);
            rest = after_empty_slots(&rest[1..]);
        }
        if next::<Relu>(rest).is_some() {
            block.relu = true;
            rest = after_empty_slots(&rest[1..]);
            if let Some(noise) = fusable(rest) {
                block.after = Some(noise);
                rest = after_empty_slots(&rest[1..]);
            }
        }
        Some((block, rest))
    }

    /// Returns the weights and the bias.
    #[cfg(feature = "cuda")]
    pub fn vars(&self) -> [&'a Tensor; 2] {
        [self.dense.weight(), self.dense.bias()]
    }
}

/// Returns the first layer if it is of this type.
fn next<T: 'static>(layers: &[NamedLayer]) -> Option<&T> {
    let (_, layer) = layers.first()?;
    (&*layer.0 as &dyn Any).downcast_ref()
}

/// Returns the first layer, alone or in a slot, if it is Gaussian noise that a neighbouring op can
/// add.
pub fn fusable(layers: &[NamedLayer]) -> Option<&GaussianNoise> {
    let noise = next::<GaussianNoise>(layers).or_else(|| next::<Slot>(layers)?.gaussian());
    noise.filter(|noise| noise.is_fusable())
}

/// Skips slots without noise at the start.
pub fn after_empty_slots(mut layers: &[NamedLayer]) -> &[NamedLayer] {
    while next::<Slot>(layers).is_some_and(Slot::is_empty) {
        layers = &layers[1..];
    }
    layers
}
