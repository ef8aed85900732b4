//! A trained model, to ask for predictions.

use candle_core::{Result, Tensor};

use super::evaluate::predict;
use crate::data::Samples;
use crate::metric::Predicted;
use crate::nn::Model;

/// A model without its training data: what a server keeps.
#[derive(Clone, Debug)]
pub struct Predictor {
    model: Model,
}

impl Predictor {
    /// Takes a model whose weights are trained or loaded.
    pub fn new(model: Model) -> Self {
        Self { model }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The outputs for all rows with the noise off, computed in pieces of rows, which bound the memory.
    ///
    /// # Shapes
    /// (R, N, O), R being 1 for a model without a replica axis.
    ///
    /// # Errors
    /// If the model fails.
    pub fn outputs(&self, samples: &Samples) -> Result<Tensor> {
        predict(&self.model, samples)
    }

    /// The outputs of each replica beside the targets, for metrics.
    ///
    /// # Errors
    /// If the model fails.
    pub fn predict(&self, samples: &Samples) -> Result<Vec<Predicted>> {
        let (_, targets) = samples.range(0, samples.rows())?;
        Predicted::by_replica(&self.outputs(samples)?, &targets)
    }
}
