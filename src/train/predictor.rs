//! A trained model for predictions.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::evaluate::predict;
use super::rows::check_rows;
use crate::data::Samples;
use crate::metric::Predicted;
use crate::nn::Model;
use crate::objective::Objective;

/// A model without its training data, for example for a server.
#[derive(Clone, Debug)]
pub struct Predictor {
    model: Model,
    objective: Option<Arc<dyn Objective>>,
}

impl Predictor {
    /// Wraps a model with trained or loaded weights. It does not know its objective, so
    /// [`predict`](Self::predict) does not check the targets;
    /// [`Trainer::predictor`](super::Trainer::predictor) gives one that does.
    pub fn new(model: Model) -> Self {
        Self { model, objective: None }
    }

    /// Wraps a model trained for an objective.
    pub(super) fn checked(model: Model, objective: Arc<dyn Objective>) -> Self {
        Self { model, objective: Some(objective) }
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
    /// If the model fails, or an input is not finite or a target none of the objective's, if the
    /// predictor knows it.
    pub fn predict(&self, samples: &Samples) -> Result<Vec<Predicted>> {
        if let Some(objective) = &self.objective {
            check_rows("predicted", samples, &**objective)?;
        }
        let (_, targets) = samples.range(0, samples.rows())?;
        Predicted::by_replica(&self.outputs(samples)?, &targets)
    }
}
