//! The kinds of noise of this crate by name.

use std::sync::Arc;

use candle_core::Result;

use super::any::{AnyKind, AnyLayer};
use super::batch::OnBatches;
use super::kinds::{
    Alpha, Contrast, Crop, Drop, Gaussian, GaussianFactor, Impulse, Laplace, Neftune, Speckle,
    Swap, Uniform,
};
use super::placing::Placing;
use super::strength::Strength;

/// Creates a kind.
pub(super) type Make = fn() -> Arc<dyn AnyKind>;

/// The kinds that text can name. Each kind for the layers of a model is one line here.
pub(super) const KINDS: [(&str, Make); 13] = [
    ("gaussian", || Arc::new(Gaussian)),
    ("uniform", || Arc::new(Uniform)),
    ("laplace", || Arc::new(Laplace)),
    ("speckle", || Arc::new(Speckle)),
    ("gaussian-dropout", || Arc::new(GaussianFactor)),
    ("dropout", || Arc::new(Drop)),
    ("spatial-dropout", || Arc::new(Spatial)),
    ("alpha-dropout", || Arc::new(Alpha)),
    ("salt-and-pepper", || Arc::new(Impulse::default())),
    ("neftune", || Arc::new(Neftune)),
    ("swap", || Arc::new(OnBatches(Swap::of_columns))),
    ("crop", || Arc::new(OnBatches(|_| Crop))),
    ("contrast", || Arc::new(OnBatches(|_| Contrast))),
];

/// Dropout of whole channels.
struct Spatial;

impl AnyKind for Spatial {
    fn strength(&self) -> Strength {
        AnyKind::strength(&Drop)
    }

    fn layer(&self, placing: &Placing) -> Result<Box<dyn AnyLayer>> {
        Ok(Box::new(placing.layer(Drop)?.by_channel(placing.channels)))
    }
}
