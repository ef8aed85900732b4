//! A layer together with the noise before or after it.

use std::mem;

use candle_core::{Result, Tensor};
use candle_nn::ModuleT;

use super::slots::Slot;

/// A layer with noise on its inputs or on its outputs, for a field of your own struct.
///
/// The layer is any `Module` or `ModuleT`, and the noise any [`NoiseLayer`](super::NoiseLayer) or
/// [`Slot`]. The wrapper has no variables: the layer's tensors keep their names, and files of weights
/// saved without noise load into it. In evaluation it is the layer, bit for bit.
///
/// The type does not depend on the noise. An empty slot is no noise, and
/// [`replace_noise`](Self::replace_noise) adds noise to a built model, or takes it out. A clone
/// shares the noise and its steps, as clones of a noise layer do.
///
/// ```
/// use candle_core::{DType, Device, Module, Result, Tensor};
/// use candle_nn::{Linear, ModuleT, VarBuilder, VarMap, linear};
/// use candle_noise::NoiseMap;
/// use candle_noise::nn::seeded_vars;
/// use candle_noise::noise::{GaussianNoise, NoiseBuilder, Noisy, Slot};
///
/// struct Mlp {
///     fc1: Noisy<Linear>, // was: Linear
///     fc2: Linear,
/// }
///
/// impl Mlp {
///     fn new(vb: VarBuilder, nb: NoiseBuilder) -> Result<Self> {
///         let noise = GaussianNoise::new(0.1, nb.pp("fc1"))?;
///         let fc1 = Noisy::after(linear(2, 8, vb.pp("fc1"))?, noise);
///         Ok(Self { fc1, fc2: linear(8, 1, vb.pp("fc2"))? })
///     }
/// }
///
/// impl ModuleT for Mlp {
///     fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
///         let hidden = self.fc1.forward_t(xs, train)?.relu()?; // was: self.fc1.forward(xs)?
///         self.fc2.forward(&hidden)
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let (varmap, map) = (VarMap::new(), NoiseMap::new(42));
/// let vb = seeded_vars(&varmap, 42, DType::F32, &Device::Cpu);
/// let mut model = Mlp::new(vb, map.builder())?;
/// let xs = Tensor::ones((4, 2), DType::F32, &Device::Cpu)?;
/// let clean = model.forward_t(&xs, false)?.to_vec2::<f32>()?;
/// assert_ne!(model.forward_t(&xs, true)?.to_vec2::<f32>()?, clean);
///
/// let noise = model.fc1.replace_noise(Slot::default());
/// assert_eq!(model.forward_t(&xs, true)?.to_vec2::<f32>()?, clean);
/// model.fc1.replace_noise(noise); // continues with its second draw
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Noisy<L> {
    layer: L,
    noise: Slot,
    side: Side,
    /// Whether gradients are those of the layer without noise.
    is_clean: bool,
}

/// The side of a layer on which there is noise.
#[derive(Clone, Copy, Debug)]
enum Side {
    Before,
    After,
}

impl<L> Noisy<L> {
    /// Adds noise to the inputs of a layer.
    pub fn before(layer: L, noise: impl Into<Slot>) -> Self {
        Self { layer, noise: noise.into(), side: Side::Before, is_clean: false }
    }

    /// Adds noise to the outputs of a layer.
    pub fn after(layer: L, noise: impl Into<Slot>) -> Self {
        Self { layer, noise: noise.into(), side: Side::After, is_clean: false }
    }

    /// Takes the layer's gradients at its clean inputs: the outputs are those of the noisy ones, but the
    /// gradient of a weight is δ xᵀ in the place of δ (x + e)ᵀ. It takes a second forward pass in training.
    ///
    /// By default the gradient is that of the noisy loss, as everywhere.
    #[must_use]
    pub fn clean_gradients(self) -> Self {
        Self { is_clean: true, ..self }
    }

    /// Returns the layer without its noise.
    pub fn inner(&self) -> &L {
        &self.layer
    }

    /// Takes the noise off and returns the layer.
    pub fn into_inner(self) -> L {
        self.layer
    }

    /// Returns the noise.
    pub fn noise(&self) -> &Slot {
        &self.noise
    }

    /// Replaces the noise, on the same side of the layer, and returns the old one, which continues
    /// its draws wherever it is used again.
    pub fn replace_noise(&mut self, noise: impl Into<Slot>) -> Slot {
        mem::replace(&mut self.noise, noise.into())
    }
}

impl<L: ModuleT> ModuleT for Noisy<L> {
    /// Applies the layer, with noise if `train` is set.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        match self.side {
            Side::Before if self.is_clean && train => {
                let noisy =
                    self.layer.forward_t(&self.noise.forward_t(&xs.detach(), train)?, train)?;
                let clean = self.layer.forward_t(xs, train)?;
                // The difference is a constant for the gradient.
                &clean + (noisy.detach() - clean.detach())?
            }
            Side::Before => self.layer.forward_t(&self.noise.forward_t(xs, train)?, train),
            Side::After => self.noise.forward_t(&self.layer.forward_t(xs, train)?, train),
        }
    }
}
