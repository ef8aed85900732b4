//! Label smoothing and weights of classes, in training only.

use candle_core::{Device, Result, Tensor, bail};

use super::Objective;

/// Options of a training loss for classes.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ClassOptions {
    /// Label smoothing ε, from 0 to 1: the target of a class is 1 − ε + ε / C instead of 1, and that of
    /// the others ε / C instead of 0. Szegedy et al. 2016, "Rethinking the Inception Architecture for
    /// Computer Vision" (arXiv 1512.00567).
    pub smoothing: f64,
    /// A weight for each class, 0 or from 1e-30 to 1e30; empty for none. The loss is the weighted mean,
    /// as in PyTorch: only the ratios of the weights count. That of a batch with no row of a class with
    /// a weight above 0 is 0 / 0, and its replica stops with a NaN.
    pub weights: Vec<f64>,
}

impl ClassOptions {
    /// Returns whether there are neither smoothing nor weights.
    pub fn is_default(&self) -> bool {
        self.smoothing == 0. && self.weights.is_empty()
    }

    /// Checks the options for an objective.
    pub(crate) fn check(&self, objective: &dyn Objective) -> Result<()> {
        let Self { smoothing, weights } = self;
        if self.is_default() {
            return Ok(());
        }
        let Some(classes) = objective.classes() else {
            bail!(
                "label smoothing and weights of classes expect an objective of classes, received {}",
                objective.name()
            )
        };
        if !(0.0..=1.).contains(smoothing) {
            bail!("label smoothing must lie in [0, 1], received {smoothing}")
        }
        if !weights.is_empty() && weights.len() != classes {
            bail!("expected a weight for each of {classes} classes, received {}", weights.len())
        }
        // Sums and products of others leave the range of single precision.
        let is_in_range = |weight: &f64| *weight == 0. || (1e-30..=1e30).contains(weight);
        if let Some(weight) = weights.iter().find(|weight| !is_in_range(weight)) {
            bail!("weights of classes must be 0 or lie in 1e-30 to 1e30, received {weight:?}")
        }
        if !weights.is_empty() && weights.iter().all(|weight| *weight == 0.) {
            bail!("expected a weight of a class above 0, received {weights:?}")
        }
        Ok(())
    }

    pub(super) fn weights_on(&self, device: &Device) -> Result<Tensor> {
        Tensor::new(self.weights.as_slice(), device)
    }
}
