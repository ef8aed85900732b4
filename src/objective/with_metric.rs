//! An objective with another primary metric.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::{ClassOptions, Objective};
use crate::metric::Metric;

/// An objective with another primary metric: it has the curve, decides the verdict, and
/// [`EarlyStopping::on_score`](crate::train::EarlyStopping::on_score) watches it. The loss stays.
///
/// ```
/// use candle_noise::metric::{Better, Metric, Predicted};
/// use candle_noise::objective::{BinaryCrossEntropy, Objective, WithMetric};
///
/// /// The share of the rows of class 1 that are found.
/// #[derive(Debug)]
/// struct Recall;
///
/// impl Metric for Recall {
///     fn name(&self) -> &str {
///         "recall"
///     }
///
///     fn better(&self) -> Better {
///         Better::Higher
///     }
///
///     fn score(&self, rows: &Predicted) -> Option<f64> {
///         let of_one = || rows.classes().zip(rows.labels()).filter(|(_, label)| *label == 1);
///         let found = of_one().filter(|(class, _)| *class == 1).count();
///         Some(found as f64 / of_one().count() as f64).filter(|share| share.is_finite())
///     }
/// }
///
/// let objective = WithMetric::new(BinaryCrossEntropy, Recall);
/// let names: Vec<_> = objective.metrics().iter().map(|metric| metric.name().to_string()).collect();
/// assert_eq!(names, ["recall", "accuracy"]);
/// ```
#[derive(Clone, Debug)]
pub struct WithMetric<O> {
    objective: O,
    metric: Arc<dyn Metric>,
}

impl<O: Objective> WithMetric<O> {
    /// Puts `metric` before the metrics of `objective`. One of the same name moves to the front.
    pub fn new(objective: O, metric: impl Metric + 'static) -> Self {
        Self::shared(objective, Arc::new(metric))
    }

    /// Puts a metric that is known at run time only before the metrics of `objective`.
    pub fn shared(objective: O, metric: Arc<dyn Metric>) -> Self {
        Self { objective, metric }
    }
}

impl<O: Objective> Objective for WithMetric<O> {
    fn name(&self) -> String {
        format!("{} by {}", self.objective.name(), self.metric.name())
    }

    fn outputs(&self) -> usize {
        self.objective.outputs()
    }

    fn classes(&self) -> Option<usize> {
        self.objective.classes()
    }

    fn check(&self, targets: &Tensor) -> Result<()> {
        self.objective.check(targets)
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        self.objective.loss(outputs, targets)
    }

    fn training_loss(
        &self,
        outputs: &Tensor,
        targets: &Tensor,
        options: &ClassOptions,
    ) -> Result<Tensor> {
        self.objective.training_loss(outputs, targets, options)
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        let others = self.objective.metrics().into_iter();
        let others = others.filter(|metric| metric.name() != self.metric.name());
        std::iter::once(self.metric.clone()).chain(others).collect()
    }
}
