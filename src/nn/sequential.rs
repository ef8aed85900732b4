//! A sequence of layers that passes `train` on, with named positions.
//!
//! `candle_nn::seq` calls every layer without `train`, so noise or dropout in it never acts.

use std::any::Any;
use std::fmt;

use candle_core::{Result, Tensor, bail};
use candle_nn::ModuleT;

use super::dense::Dense;
use super::model::Model;
use super::relu::Relu;
use crate::noise::{GaussianNoise, Slot};
use crate::ops::{StackLayer, stack};

/// Layers applied in order, each with a name. Layers can be inserted into a built model or removed
/// from it. A clone shares the layers.
#[derive(Clone, Default)]
pub struct SequentialT {
    layers: Vec<(String, Model)>,
    added: usize,
}

/// Returns an empty sequence.
pub fn seq_t() -> SequentialT {
    SequentialT::default()
}

impl SequentialT {
    /// Appends a layer, a `Module` or a `ModuleT`, named by the number of the call: `"0"`, `"1"`,
    /// ….
    #[allow(clippy::should_implement_trait)] // The name in Candle's own sequences.
    pub fn add<M: ModuleT + Send + Sync + 'static>(mut self, layer: M) -> Self {
        let name = self.added.to_string();
        self.push(name, layer);
        self
    }

    /// Appends a layer under a name.
    ///
    /// # Errors
    /// If the name is taken, or is a number, which [`SequentialT::add`] uses.
    pub fn add_named<M: ModuleT + Send + Sync + 'static>(
        mut self,
        name: &str,
        layer: M,
    ) -> Result<Self> {
        self.check_new(name)?;
        self.push(name.to_string(), layer);
        Ok(self)
    }

    /// Inserts a layer before another.
    ///
    /// # Errors
    /// If there is no layer `position`, or [`SequentialT::add_named`] would fail.
    pub fn insert_before<M: ModuleT + Send + Sync + 'static>(
        &mut self,
        position: &str,
        name: &str,
        layer: M,
    ) -> Result<()> {
        self.insert(self.index(position)?, name, layer)
    }

    /// Inserts a layer after another.
    ///
    /// # Errors
    /// If there is no layer `position`, or [`SequentialT::add_named`] would fail.
    pub fn insert_after<M: ModuleT + Send + Sync + 'static>(
        &mut self,
        position: &str,
        name: &str,
        layer: M,
    ) -> Result<()> {
        self.insert(self.index(position)? + 1, name, layer)
    }

    /// Removes a layer and returns it; the others keep their names. Noise that is inserted again, here
    /// or in another sequence, continues its draws.
    ///
    /// ```
    /// # fn main() -> candle_core::Result<()> {
    /// # use candle_core::{DType, Device, Tensor};
    /// # use candle_nn::{Activation, ModuleT};
    /// use candle_noise::{GaussianNoise, NoiseMap, nn::seq_t};
    ///
    /// let map = NoiseMap::new(42);
    /// let noise = GaussianNoise::new(0.1, map.builder().pp("input"))?;
    /// let mut model = seq_t().add_named("noise", noise)?.add_named("relu", Activation::Relu)?;
    /// let xs = Tensor::ones((4, 2), DType::F32, &Device::Cpu)?;
    /// model.forward_t(&xs, true)?;
    ///
    /// let noise = model.remove("noise")?;
    /// model.forward_t(&xs, true)?; // without noise
    /// model.insert_before("relu", "noise", noise)?;
    /// model.forward_t(&xs, true)?;
    /// assert_eq!(map.steps()["input"], [2]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If there is no such layer.
    pub fn remove(&mut self, name: &str) -> Result<Model> {
        Ok(self.layers.remove(self.index(name)?).1)
    }

    /// Returns the names of the layers, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().map(|(name, _)| name.as_str())
    }

    fn push<M: ModuleT + Send + Sync + 'static>(&mut self, name: String, layer: M) {
        self.layers.push((name, Model::new(layer)));
        self.added += 1;
    }

    fn insert<M: ModuleT + Send + Sync + 'static>(
        &mut self,
        index: usize,
        name: &str,
        layer: M,
    ) -> Result<()> {
        self.check_new(name)?;
        self.layers.insert(index, (name.to_string(), Model::new(layer)));
        Ok(())
    }

    fn index(&self, name: &str) -> Result<usize> {
        match self.names().position(|other| other == name) {
            Some(index) => Ok(index),
            None => bail!("no layer {name:?}; there are {:?}", self.names().collect::<Vec<_>>()),
        }
    }

    fn check_new(&self, name: &str) -> Result<()> {
        if name.is_empty() || name.bytes().all(|b| b.is_ascii_digit()) {
            bail!("a layer's name must not be empty or a number, received {name:?}")
        }
        if self.names().any(|other| other == name) {
            bail!("there is a layer {name:?} already")
        }
        Ok(())
    }
}

impl ModuleT for SequentialT {
    /// Applies the layers in order. Runs of dense layers, rectifiers and noise are one op, with the
    /// same result as one by one.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        // A backward pass follows if the input is a variable's, as under an attack.
        let keep = train || xs.track_op();
        let mut xs = xs.clone();
        let mut layers = &self.layers[..];
        while let Some(((_, first), rest)) = layers.split_first() {
            (xs, layers) = match fused_run(layers, &xs, train)? {
                Some((run, rest)) => (stack(&xs, &run, keep)?, rest),
                None => (first.forward_t(&xs, train)?, rest),
            };
        }
        Ok(xs)
    }
}

impl fmt::Debug for SequentialT {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

type NamedLayer = (String, Model);

/// Returns the run of layers at the start that one op can apply, and the layers after it.
fn fused_run<'a>(
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

/// A dense layer, and what can be fused with it.
pub(crate) struct DenseBlock<'a> {
    pub dense: &'a Dense,
    /// Noise before the rectifier, or without one.
    pub before: Option<&'a GaussianNoise>,
    pub relu: bool,
    /// Noise behind the rectifier.
    pub after: Option<&'a GaussianNoise>,
}

impl<'a> DenseBlock<'a> {
    /// Returns the block at the start of some layers, and the layers after it.
    fn first(layers: &'a [NamedLayer]) -> Option<(Self, &'a [NamedLayer])> {
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

#[cfg(feature = "cuda")]
impl Model {
    /// Returns the noise on the input and the blocks, if the model is a sequence of nothing else and
    /// ends with a dense layer alone.
    pub(crate) fn dense_blocks(&self) -> Option<(Option<&GaussianNoise>, Vec<DenseBlock<'_>>)> {
        let model: &SequentialT = (&*self.0 as &dyn Any).downcast_ref()?;
        let mut rest = after_empty_slots(&model.layers);
        let input = fusable(rest);
        if input.is_some() {
            rest = after_empty_slots(&rest[1..]);
        }
        let mut blocks = Vec::new();
        while !rest.is_empty() {
            let (block, others) = DenseBlock::first(rest)?;
            blocks.push(block);
            rest = others;
        }
        let last = blocks.last()?;
        let is_plain = last.before.is_none() && !last.relu && last.dense.outputs() == 1;
        is_plain.then_some((input, blocks))
    }
}

/// Returns the first layer if it is of this type.
fn next<T: 'static>(layers: &[NamedLayer]) -> Option<&T> {
    let (_, layer) = layers.first()?;
    (&*layer.0 as &dyn Any).downcast_ref()
}

/// Returns the first layer, alone or in a slot, if it is Gaussian noise that a neighbouring op can
/// add.
fn fusable(layers: &[NamedLayer]) -> Option<&GaussianNoise> {
    let noise = next::<GaussianNoise>(layers).or_else(|| next::<Slot>(layers)?.gaussian());
    noise.filter(|noise| noise.is_fusable())
}

/// Skips slots without noise at the start.
fn after_empty_slots(mut layers: &[NamedLayer]) -> &[NamedLayer] {
    while next::<Slot>(layers).is_some_and(Slot::is_empty) {
        layers = &layers[1..];
    }
    layers
}
