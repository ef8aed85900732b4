//! Kinds and layers of noise whose type is known at run time only, as a description in text needs them.

use std::any::Any;
use std::fmt::Debug;

use candle_core::{Result, Tensor};
use candle_nn::ModuleT;

use super::kind::Kind;
use super::layer::{Channels, NoiseLayer};
use super::site::NoiseBuilder;
use super::strength::Strength;

/// A kind of noise; every [`Kind`] is one.
pub trait AnyKind: Send + Sync {
    /// The name and the range of the strength.
    fn strength(&self) -> Strength;

    /// A layer with a strength for each replica, for rows with the given axis of channels.
    ///
    /// # Errors
    /// If a strength is out of range or the builder's path is taken.
    fn layer(
        &self,
        strengths: &[f64],
        nb: NoiseBuilder,
        channels: Channels,
    ) -> Result<Box<dyn AnyLayer>>;
}

impl<K: Kind> AnyKind for K {
    fn strength(&self) -> Strength {
        K::STRENGTH
    }

    fn layer(&self, strengths: &[f64], nb: NoiseBuilder, _: Channels) -> Result<Box<dyn AnyLayer>> {
        Ok(Box::new(NoiseLayer::of_kind(self.clone(), strengths, nb)?))
    }
}

/// A layer of noise; every [`NoiseLayer`] is one.
pub trait AnyLayer: ModuleT + Any + Debug + Send + Sync {
    /// As `forward_t`, with noise on real elements only: see [`NoiseLayer::forward_masked`].
    ///
    /// # Errors
    /// If the mask does not fit, and as `forward_t`.
    fn forward_masked(&self, xs: &Tensor, mask: &Tensor, train: bool) -> Result<Tensor>;
}

impl<K: Kind> AnyLayer for NoiseLayer<K> {
    fn forward_masked(&self, xs: &Tensor, mask: &Tensor, train: bool) -> Result<Tensor> {
        NoiseLayer::forward_masked(self, xs, mask, train)
    }
}
