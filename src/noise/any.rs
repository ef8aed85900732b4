//! Kinds and layers of noise with a type known only at run time, for descriptions in text.

use std::any::Any;
use std::fmt::Debug;

use candle_core::{Result, Tensor};
use candle_nn::ModuleT;

use super::kind::Kind;
use super::layer::NoiseLayer;
use super::placing::Placing;
use super::strength::Strength;

/// A kind of noise of any type. Every [`Kind`] implements it.
pub trait AnyKind: Send + Sync {
    /// Returns the name and the range of the strength.
    fn strength(&self) -> Strength;

    /// Returns whether the noise is added to the input; see [`Kind::IS_ADDITIVE`].
    fn is_additive(&self) -> bool {
        false
    }

    /// Creates a layer.
    ///
    /// # Errors
    /// If a strength is out of range or the builder's path is taken.
    fn layer(&self, placing: &Placing) -> Result<Box<dyn AnyLayer>>;
}

impl<K: Kind> AnyKind for K {
    fn strength(&self) -> Strength {
        K::STRENGTH
    }

    fn is_additive(&self) -> bool {
        K::IS_ADDITIVE
    }

    fn layer(&self, placing: &Placing) -> Result<Box<dyn AnyLayer>> {
        Ok(Box::new(placing.layer(self.clone())?))
    }
}

/// A noise layer of any type. Every [`NoiseLayer`] implements it.
pub trait AnyLayer: ModuleT + Any + Debug + Send + Sync {
    /// Applies `forward_t` with noise on real elements only; see [`NoiseLayer::forward_masked`].
    ///
    /// # Errors
    /// If the mask does not fit, or `forward_t` fails.
    fn forward_masked(&self, xs: &Tensor, mask: &Tensor, train: bool) -> Result<Tensor>;
}

impl<K: Kind> AnyLayer for NoiseLayer<K> {
    fn forward_masked(&self, xs: &Tensor, mask: &Tensor, train: bool) -> Result<Tensor> {
        NoiseLayer::forward_masked(self, xs, mask, train)
    }
}
