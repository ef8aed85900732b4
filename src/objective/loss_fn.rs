//! A loss of one's own as a closure.

use std::fmt;
use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::Objective;
use crate::metric::Metric;

type Loss = dyn Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync;

/// An objective whose loss is a closure. Targets must be finite.
///
/// ```
/// use candle_core::{Result, Tensor};
/// use candle_noise::metric::RSquared;
/// use candle_noise::objective::LossFn;
///
/// /// Huber's loss, which grows linearly from an error of 1 on; (R,).
/// fn huber(outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
///     let errors = outputs.squeeze(2)?.broadcast_sub(targets)?.abs()?;
///     let small = errors.clamp(0., 1.)?;
///     (&small * (errors - (&small * 0.5)?)?)?.mean(1)
/// }
///
/// let objective = LossFn::new("huber", 1, huber).metric(RSquared);
/// # use candle_noise::objective::Objective;
/// # let outputs = Tensor::new(&[[[0.5f32], [4.]]], &candle_core::Device::Cpu).unwrap();
/// # let loss = objective.loss(&outputs, &Tensor::zeros((1, 2), outputs.dtype(), outputs.device()).unwrap());
/// # assert_eq!(loss.unwrap().to_vec1::<f32>().unwrap(), [(0.125 + 3.5) / 2.]);
/// ```
#[derive(Clone)]
pub struct LossFn {
    name: String,
    outputs: usize,
    loss: Arc<Loss>,
    metrics: Vec<Arc<dyn Metric>>,
}

impl LossFn {
    /// Creates an objective of `outputs` outputs. The name identifies the loss with its settings: runs of
    /// objectives with one name are taken for the same.
    ///
    /// The closure takes `outputs` (R, B, O) and `targets` (R or 1, B), or (R or 1, B, O), and returns
    /// the mean loss of each replica's batch, (R,). R is 1 for a model without a replica axis, and the
    /// loss may then be a scalar, as those of `candle_nn::loss` are. They take outputs and targets
    /// without the first axis: `outputs.squeeze(0)?` and `targets.squeeze(0)?`.
    ///
    /// In training and evaluation outputs in f16 or bf16 arrive as f32.
    pub fn new(
        name: &str,
        outputs: usize,
        loss: impl Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_string(), outputs, loss: Arc::new(loss), metrics: Vec::new() }
    }

    /// Adds a metric. The first one is the primary metric.
    #[must_use]
    pub fn metric(mut self, metric: impl Metric + 'static) -> Self {
        self.metrics.push(Arc::new(metric));
        self
    }
}

impl Objective for LossFn {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        (self.loss)(outputs, targets)
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        self.metrics.clone()
    }
}

impl fmt::Debug for LossFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossFn").field("name", &self.name).finish_non_exhaustive()
    }
}
