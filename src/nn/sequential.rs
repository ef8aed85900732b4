//! A sequence of layers that passes `train` on, with named positions.
//!
//! `candle_nn::seq` calls every layer without `train`, so noise or dropout in it never acts.

#[cfg(feature = "cuda")]
use std::any::Any;
use std::fmt;

use candle_core::{Result, Tensor, bail};
use candle_nn::ModuleT;

use super::model::Model;
#[cfg(feature = "cuda")]
use super::runs::{DenseBlock, after_empty_slots, fusable};
use super::runs::{NamedLayer, conv_run, dense_run};
#[cfg(feature = "cuda")]
use crate::noise::GaussianNoise;
use crate::ops::{convolutions, stack};

/// Layers applied in order, each with a name. Layers can be inserted into a built model or removed
/// from it. A clone shares the layers.
#[derive(Clone, Default)]
pub struct SequentialT {
    layers: Vec<NamedLayer>,
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
    #[must_use]
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
    /// Applies the layers in order. Runs of dense layers, rectifiers and noise are one op, and so are runs of
    /// convolutions with a pooling after them, with the same result as one by one.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        // A backward pass follows if the input is a variable's, as under an attack.
        let keep = train || xs.track_op();
        let mut xs = xs.clone();
        let mut layers = &self.layers[..];
        while let Some(((_, first), rest)) = layers.split_first() {
            (xs, layers) = if let Some((run, rest)) = dense_run(layers, &xs, train)? {
                (stack(&xs, &run, keep)?, rest)
            } else if let Some((run, pool, rest)) = conv_run(layers) {
                (convolutions(&xs, &run, pool)?, rest)
            } else {
                (first.forward_t(&xs, train)?, rest)
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
