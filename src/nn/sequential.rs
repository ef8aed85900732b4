//! A sequence of layers that passes `train` on, with named positions.
//!
//! `candle_nn::seq` calls every layer without `train`, so noise or dropout in it never acts.

use candle_core::{Result, Tensor, bail};
use candle_nn::ModuleT;

type Layer = Box<dyn ModuleT + Send + Sync>;

/// Layers applied in order, each under a name, so that one can be inserted into a built model or
/// removed from it.
#[derive(Default)]
pub struct SequentialT {
    layers: Vec<(String, Layer)>,
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
        Ok(self.layers.remove(self.index(name)?).1)
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
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let mut xs = xs.clone();
        for (_, layer) in &self.layers {
            xs = layer.forward_t(&xs, train)?;
        }
        Ok(xs)
    }
}
