//! A trained model for predictions.

use candle_core::{Result, Tensor};

use super::evaluate::predict;
use crate::data::Samples;
use crate::metric::Predicted;
use crate::nn::Model;

/// A model without its training data, for example for a server.
#[derive(Clone, Debug)]
pub struct Predictor {
    model: Model,
}

impl Predictor {
    /// Wraps a model with trained or loaded weights.
    pub fn new(model: Model) -> Self {
        Self { model }
    }

    /// Returns the model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Returns the outputs for all rows with the noise off. It processes pieces of rows to bound
    /// the memory.
    ///
    /// # Shapes
    /// (R, N, O); R is 1 for a model without a replica axis.
    ///
    /// # Errors
    /// If the model fails.
    pub fn outputs(&self, samples: &Samples) -> Result<Tensor> {
        predict(&self.model, samples)
    }

    /// Returns the outputs of each replica with the targets, for metrics.
    ///
    /// # Errors
    /// If the model fails.
    pub fn predict(&self, samples: &Samples) -> Result<Vec<Predicted>> {
        let (_, targets) = samples.range(0, samples.rows())?;
        Predicted::by_replica(&self.outputs(samples)?, &targets)
    }
}
