//! A sequence of layers that passes `train` on, with named positions.
//!
//! `candle_nn::seq` calls every layer without `train`, so noise or dropout in it never acts.

use std::any::Any;

use candle_core::{Result, Tensor, bail};
use candle_nn::ModuleT;

use super::dense::Dense;
use super::relu::Relu;
use crate::noise::GaussianNoise;
use crate::ops::{StackLayer, stack};

/// A layer that can be recognized, so that neighbours run in one op.
pub(super) trait Layer: ModuleT + Any + Send + Sync {
    fn into_module(self: Box<Self>) -> Box<dyn ModuleT + Send + Sync>;
}

impl<M: ModuleT + Any + Send + Sync> Layer for M {
    fn into_module(self: Box<Self>) -> Box<dyn ModuleT + Send + Sync> {
        self
    }
}

/// Layers applied in order, each under a name, so that one can be inserted into a built model or
/// removed from it.
#[derive(Default)]
pub struct SequentialT {
    layers: Vec<(String, Box<dyn Layer>)>,
    added: usize,
}

/// An empty sequence.
pub fn seq_t() -> SequentialT {
    SequentialT::default()
}

impl SequentialT {
    /// Appends a layer, a `Module` or a `ModuleT`, under the number of the call: `"0"`, `"1"`, ….
    #[allow(clippy::should_implement_trait)] // Candle's own sequences call it so.
    pub fn add<M: ModuleT + Send + Sync + 'static>(mut self, layer: M) -> Self {
        let name = self.added.to_string();
        self.push(name, layer);
        self
    }

    /// Appends a layer under a name.
    ///
    /// # Errors
    /// When a layer has the name already, or it is a number, which [`SequentialT::add`] gives.
    pub fn add_named<M: ModuleT + Send + Sync + 'static>(
        mut self,
        name: &str,
        layer: M,
    ) -> Result<Self> {
        self.check_new(name)?;
        self.push(name.to_string(), layer);
        Ok(self)
    }

    /// Puts a layer before another.
    ///
    /// # Errors
    /// When there is no layer `position`, or as [`SequentialT::add_named`].
    pub fn insert_before<M: ModuleT + Send + Sync + 'static>(
        &mut self,
        position: &str,
        name: &str,
        layer: M,
    ) -> Result<()> {
        self.insert(self.index(position)?, name, layer)
    }

    /// Puts a layer behind another.
    ///
    /// # Errors
    /// When there is no layer `position`, or as [`SequentialT::add_named`].
    pub fn insert_after<M: ModuleT + Send + Sync + 'static>(
        &mut self,
        position: &str,
        name: &str,
        layer: M,
    ) -> Result<()> {
        self.insert(self.index(position)? + 1, name, layer)
    }

    /// Takes a layer out; the others keep their names.
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn remove(&mut self, name: &str) -> Result<Box<dyn ModuleT + Send + Sync>> {
        Ok(self.layers.remove(self.index(name)?).1.into_module())
    }

    /// The names of the layers, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().map(|(name, _)| name.as_str())
    }

    fn push<M: ModuleT + Send + Sync + 'static>(&mut self, name: String, layer: M) {
        self.layers.push((name, Box::new(layer)));
        self.added += 1;
    }

    fn insert<M: ModuleT + Send + Sync + 'static>(
        &mut self,
        index: usize,
        name: &str,
        layer: M,
    ) -> Result<()> {
        self.check_new(name)?;
        self.layers.insert(index, (name.to_string(), Box::new(layer)));
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
    /// Applies the layers in order; runs of dense layers, rectifiers and noise in one op, with the
    /// result that they have one by one.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let mut xs = xs.clone();
        let mut layers = &self.layers[..];
        while let Some(((_, first), rest)) = layers.split_first() {
            (xs, layers) = match fused_run(layers, &xs, train)? {
                Some((run, rest)) => (stack(&xs, &run, train)?, rest),
                None => (first.forward_t(&xs, train)?, rest),
            };
        }
        Ok(xs)
    }
}

type NamedLayer = (String, Box<dyn Layer>);

/// The run of layers at the beginning that one op serves, and the layers behind it.
fn fused_run<'a>(
    layers: &'a [NamedLayer],
    xs: &Tensor,
    train: bool,
) -> Result<Option<(Vec<StackLayer>, &'a [NamedLayer])>> {
    let mut run = Vec::new();
    let mut rest = layers;
    let small = next::<Dense>(layers).is_some_and(Dense::is_small);
    let fits = |dense: &&Dense| dense.is_fused(xs) && dense.is_small() == small;
    while let Some(dense) = next::<Dense>(rest).filter(fits) {
        let mut layer = StackLayer::new(dense.weight(), dense.bias());
        rest = &rest[1..];
        if let Some(noise) = next::<GaussianNoise>(rest).filter(|noise| noise.is_fusable()) {
            layer.before = noise.draws(train)?;
            rest = &rest[1..];
        }
        if next::<Relu>(rest).is_some() {
            layer.relu = true;
            rest = &rest[1..];
            if let Some(noise) = next::<GaussianNoise>(rest).filter(|noise| noise.is_fusable()) {
                layer.after = noise.draws(train)?;
                rest = &rest[1..];
            }
        }
        run.push(layer);
    }
    Ok((!run.is_empty()).then_some((run, rest)))
}

/// The first layer, if it is of this type.
fn next<T: 'static>(layers: &[NamedLayer]) -> Option<&T> {
    let (_, layer) = layers.first()?;
    (&**layer as &dyn Any).downcast_ref()
}
