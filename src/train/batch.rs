//! What a step trains on, and its loss.

use candle_core::{Result, Tensor, bail};
use candle_nn::ModuleT;

use super::options::TrainOptions;
use super::outputs::outputs_of;
use crate::data::Samples;
use crate::objective::loss_of_each;
use crate::ops::enable_grad;

/// What a step trains on.
pub(super) struct Batch {
    pub xs: Tensor,
    /// The targets, with a replica axis in any case.
    pub ys: Tensor,
    /// The targets that rows were mixed with, and each replica's share of the own ones.
    partners: Option<(Tensor, Tensor)>,
}

impl Batch {
    /// Takes the rows of step `number`: mixed with partners, and each twice, if the options say so.
    pub fn of(
        xs: Tensor,
        ys: Tensor,
        has_replicas: bool,
        options: &TrainOptions,
        number: u32,
    ) -> Result<Self> {
        let TrainOptions { seeds, mixup, paired, .. } = options;
        let mut batch = Self { xs, ys, partners: None };
        if let Some(mixup) = mixup {
            let mixed = mixup.apply(&batch.xs, &batch.ys, has_replicas, seeds, number)?;
            (batch.xs, batch.partners) = (mixed.xs, Some((mixed.partners, mixed.shares)));
        }
        if *paired {
            let twice = |own: &Tensor, axis: usize| Tensor::cat(&[own, own], axis);
            batch.xs = twice(&batch.xs, usize::from(has_replicas))?;
            batch.ys = twice(&batch.ys, 1)?;
            if let Some((partners, _)) = &mut batch.partners {
                *partners = twice(partners, 1)?;
            }
        }
        Ok(batch)
    }

    /// Returns the training loss of each replica, (R,), and the outputs. `samples` are those of the rows.
    pub fn loss(
        &self,
        model: &dyn ModuleT,
        samples: &Samples,
        options: &TrainOptions,
    ) -> Result<(Tensor, Tensor)> {
        let TrainOptions { objective, seeds, classes, .. } = options;
        let outputs = enable_grad(|| model.forward_t(&self.xs, true))?;
        let outputs = outputs_of(samples, outputs, &**objective)?;
        if outputs.dim(0)? != seeds.len() {
            bail!(
                "expected a model with a replica for each seed, of which there are {}, received \
                 outputs of shape {:?}",
                seeds.len(),
                outputs.dims()
            )
        }
        let of = |ys: &Tensor| {
            let loss = objective.training_loss(&outputs, ys, classes)?;
            loss_of_each(loss, seeds.len(), &**objective)
        };
        let loss = of(&self.ys)?;
        let Some((partners, shares)) = &self.partners else { return Ok((loss, outputs)) };
        let shares = shares.to_dtype(loss.dtype())?;
        let loss = ((loss * &shares)? + (of(partners)? * (1. - &shares)?)?)?;
        Ok((loss, outputs))
    }
}
