//! A trained model under attack.

use std::sync::Arc;

use candle_core::{DType, Result, Tensor, Var, bail};
use candle_nn::ModuleT;

use super::norm::beside;
use super::{Limits, Norm, Rows};
use crate::data::Samples;
use crate::nn::Model;
use crate::noise::{NoiseMap, Per};
use crate::objective::Objective;
use crate::ops::{Axis, at_least_single, backward, enable_grad, no_grad};

/// A trained model under attack: its replicas, what their rows may become, and whether their noise is averaged.
#[derive(Clone, Debug)]
pub struct Victim {
    model: Model,
    objective: Arc<dyn Objective>,
    axis: Axis,
    seeds: Vec<u64>,
    limits: Limits,
    averaged: Option<(NoiseMap, u32)>,
}

/// What a model makes of rows.
///
/// # Shapes
/// `outputs` (R, N, O); `losses` (R, N); `wrong` (R, N), 1 for a wrong class.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answers {
    /// The outputs.
    pub outputs: Tensor,
    /// The loss of each row.
    pub losses: Tensor,
    /// 1 where the predicted class is wrong, 0 elsewhere and for numbers.
    pub wrong: Tensor,
}

impl Victim {
    /// Wraps a trained model with a seed for each replica, from which random attacks draw; noise is off.
    /// Variables that are constants save the time for their gradients.
    ///
    /// # Errors
    /// If there is no seed, or more than one for a model without a replica axis.
    pub fn new(
        model: Model,
        objective: Arc<dyn Objective>,
        axis: Axis,
        seeds: &[u64],
    ) -> Result<Self> {
        if seeds.is_empty() || axis == Axis::Plain && seeds.len() > 1 {
            bail!("expected a seed for each replica, received {}", seeds.len())
        }
        let (seeds, limits) = (seeds.to_vec(), Limits::default());
        Ok(Self { model, objective, axis, seeds, limits, averaged: None })
    }

    /// Sets what may change of its rows.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Averages the outputs over draws of the noise that the model was trained with, in predictions and in attacks
    /// (expectation over transformation, Athalye et al. 2018, arXiv:1802.00420).
    #[must_use]
    pub fn averaged(self, noise: &NoiseMap, draws: u32) -> Self {
        Self { averaged: Some((noise.clone(), draws)), ..self }
    }

    /// Returns some rows of samples, with a copy for each replica.
    ///
    /// # Errors
    /// If the rows do not exist.
    pub fn rows(&self, samples: &Samples, start: usize, len: usize) -> Result<Rows> {
        let (xs, ys) = samples.range(start, len)?;
        let each = |tensor: Tensor| -> Result<Tensor> {
            let dims = [&[self.seeds.len()], &tensor.dims()[1..]].concat();
            tensor.broadcast_as(dims)?.contiguous()
        };
        let xs = each(samples.with_replica_axis(xs)?)?;
        Ok(Rows { xs, ys: each(ys)?, first: start as u32 })
    }

    /// Returns the seed of each replica.
    pub fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// Returns what may change of its rows.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns whether its noise is averaged. Its predictions then depend on the row numbers.
    pub fn is_averaged(&self) -> bool {
        self.averaged.is_some()
    }

    /// Returns what is minimized in training.
    pub fn objective(&self) -> &dyn Objective {
        &*self.objective
    }

    /// Returns the outputs for inputs that stand for these rows.
    ///
    /// # Shapes
    /// `xs` (R, N, …); result (R, N, O).
    ///
    /// # Errors
    /// If the model fails.
    pub fn outputs(&self, xs: &Tensor, rows: &Rows) -> Result<Tensor> {
        let pieces = self.pieces(rows)?;
        let outputs = |own: Rows| {
            let xs = own.part_of(xs, rows)?;
            Ok(no_grad(|| self.forward(&xs, &own))?.detach())
        };
        cat(&pieces.into_iter().map(outputs).collect::<Result<Vec<_>>>()?)
    }

    /// Returns the outputs with the loss of each row.
    ///
    /// # Errors
    /// If the model or the loss fails.
    pub fn answers(&self, xs: &Tensor, rows: &Rows) -> Result<Answers> {
        self.judged(self.outputs(xs, rows)?, rows)
    }

    /// Returns the outputs, and the gradient of each row's loss in its inputs, 0 for those that may not change.
    ///
    /// Where the loss of a class is so small that its gradient has rounded to 0, it is the gradient of the largest
    /// other logit minus that of the class, which rises in a like direction: large outputs protect no row.
    ///
    /// # Shapes
    /// `xs` and the gradient (R, N, …).
    ///
    /// # Errors
    /// If the model or the loss fails, or the model has no gradient in its inputs.
    pub fn gradient(&self, xs: &Tensor, rows: &Rows) -> Result<(Answers, Tensor)> {
        let (mut outputs, mut losses, mut wrong, mut gradients) = (vec![], vec![], vec![], vec![]);
        for own in self.pieces(rows)? {
            let xs = Var::from_tensor(&own.part_of(xs, rows)?.detach())?;
            let answers = enable_grad(|| self.judged(self.forward(&xs, &own)?, &own))?;
            let gradient = self.gradient_of(&answers.losses, &xs, &own)?;
            gradients.push(self.past_rounding(gradient, &answers, &xs, &own)?);
            outputs.push(answers.outputs.detach());
            losses.push(answers.losses.detach());
            wrong.push(answers.wrong);
        }
        let (outputs, losses, wrong) = (cat(&outputs)?, cat(&losses)?, cat(&wrong)?);
        Ok((Answers { outputs, losses, wrong }, cat(&gradients)?))
    }

    /// Cuts rows into pieces whose activations stay in the cache, if the model has no replica axis. They are also so
    /// short that Candle does not share its ops out among threads that wait for each other.
    fn pieces(&self, rows: &Rows) -> Result<Vec<Rows>> {
        const PIECE: usize = 64;
        let all = rows.xs.dim(1)?;
        match self.axis {
            Axis::Replicas => Ok(vec![rows.clone()]),
            Axis::Plain => {
                let starts = (0..all).step_by(PIECE);
                starts.map(|start| rows.narrow(start, PIECE.min(all - start))).collect()
            }
        }
    }

    /// Returns the outputs, and the gradient of each of them in a row's inputs, 0 for those that may not change:
    /// a backward pass for each output.
    ///
    /// # Shapes
    /// `xs` (R, N, …) with D values a row; results (R, N, O) and (R, N, O, D).
    ///
    /// # Errors
    /// If the model fails or has no gradient in its inputs.
    pub fn jacobian(&self, xs: &Tensor, rows: &Rows) -> Result<(Tensor, Tensor)> {
        let xs = Var::from_tensor(&xs.detach())?;
        let outputs = enable_grad(|| self.forward(&xs, rows))?;
        let of_output = |own| {
            let gradient = self.gradient_of(&outputs.narrow(2, own, 1)?, &xs, rows)?;
            gradient.flatten_from(2) // (R, N, D)
        };
        let all = (0..outputs.dim(2)?).map(of_output).collect::<Result<Vec<_>>>()?;
        Ok((outputs.detach(), Tensor::stack(&all, 2)?))
    }

    /// Replaces gradients of the loss that have rounded to 0 by those of the margin.
    fn past_rounding(
        &self,
        gradient: Tensor,
        answers: &Answers,
        xs: &Var,
        rows: &Rows,
    ) -> Result<Tensor> {
        const SATURATED: f32 = 1e-6;
        let least = answers.losses.detach().to_dtype(DType::F32)?.min_all()?.to_scalar::<f32>()?;
        if self.objective.classes().is_none() || least > SATURATED {
            return Ok(gradient);
        }
        let flat = Norm::Linf.of(&gradient)?.eq(0f64)?;
        let of_margin =
            self.gradient_of(&behind_by(&answers.outputs, &self.classes(rows)?)?, xs, rows)?;
        beside(&flat, &gradient)?.broadcast_as(gradient.shape())?.where_cond(&of_margin, &gradient)
    }

    /// Returns the classes of rows. A target between 0 and 1 is rounded to the nearer class, and ½ to class 0, as in
    /// metrics.
    pub(super) fn classes(&self, rows: &Rows) -> Result<Tensor> {
        (rows.ys.to_dtype(DType::F32)? - 0.5)?.ceil()
    }

    /// Returns the gradient of a sum in inputs that may change.
    fn gradient_of(&self, terms: &Tensor, xs: &Var, rows: &Rows) -> Result<Tensor> {
        let Some(gradient) = backward(&terms.sum_all()?)?.remove(xs) else {
            bail!(
                "expected a model with a gradient in its inputs, received one without: an op without a backward \
                 pass, or one that detaches or rounds, lies between them and the outputs"
            )
        };
        let gradient = match self.limits.free(&rows.xs)? {
            Some(free) => (gradient * free)?,
            None => gradient,
        };
        Ok(gradient.detach())
    }

    fn forward(&self, xs: &Tensor, rows: &Rows) -> Result<Tensor> {
        let xs = match self.axis {
            Axis::Replicas => xs.clone(),
            Axis::Plain => xs.squeeze(0)?,
        };
        let run = || self.model.forward_t(&xs, false);
        let outputs = match &self.averaged {
            None => run()?,
            Some((noise, draws)) => {
                let draw = |draw| noise.with_test_noise(draw, Per::Row, rows.first, run);
                let mut sum = draw(0)?;
                for number in 1..*draws {
                    sum = (sum + draw(number)?)?;
                }
                (sum / f64::from(*draws))?
            }
        };
        let outputs = match self.axis {
            Axis::Replicas => outputs,
            Axis::Plain => outputs.unsqueeze(0)?,
        };
        at_least_single(&outputs)
    }

    /// Returns the loss of each row, computed as that of a replica with a batch of one row.
    ///
    /// # Shapes
    /// `outputs` (R, N, O); result (R, N).
    ///
    /// # Errors
    /// If the loss fails.
    pub(super) fn losses(&self, outputs: &Tensor, rows: &Rows) -> Result<Tensor> {
        let (replicas, count, width) = outputs.dims3()?;
        let each = replicas * count;
        let mut dims = vec![each, 1];
        dims.extend(&rows.ys.dims()[2..]);
        let ys = rows.ys.reshape(dims)?;
        let losses = self.objective.loss(&outputs.reshape((each, 1, width))?, &ys)?;
        losses.reshape((replicas, count))
    }

    /// Returns outputs with their losses and errors.
    fn judged(&self, outputs: Tensor, rows: &Rows) -> Result<Answers> {
        let width = outputs.dim(2)?;
        let losses = self.losses(&outputs, rows)?;
        let wrong = match self.objective.classes() {
            None => losses.zeros_like()?.detach(),
            Some(_) => {
                // Comparisons would keep the graph of each step for as long as an attack lasts.
                let outputs = outputs.detach();
                let predicted = match width {
                    1 => outputs.squeeze(2)?.gt(0f64)?.to_dtype(DType::F32)?,
                    _ => outputs.argmax(2)?.to_dtype(DType::F32)?,
                };
                predicted.ne(&self.classes(rows)?)?.to_dtype(DType::F32)?
            }
        };
        Ok(Answers { outputs, losses, wrong })
    }
}

/// Returns the largest other logit minus the logit of each row's class.
///
/// # Shapes
/// `outputs` (R, N, O), of two classes (R, N, 1); `classes` and the result (R, N).
fn behind_by(outputs: &Tensor, classes: &Tensor) -> Result<Tensor> {
    const NONE: f64 = 1e30;
    let width = outputs.dim(2)?;
    if width == 1 {
        return outputs.squeeze(2)? * (1. - (classes * 2.)?)?;
    }
    let numbers = Tensor::arange(0f32, width as f32, outputs.device())?;
    let own = numbers.broadcast_eq(&classes.unsqueeze(2)?)?.to_dtype(outputs.dtype())?;
    let others = (outputs - (&own * NONE)?)?.max(2)?;
    others - (outputs * own)?.sum(2)?
}

/// Joins pieces of rows.
fn cat(pieces: &[Tensor]) -> Result<Tensor> {
    match pieces {
        [own] => Ok(own.clone()),
        pieces => Tensor::cat(pieces, 1),
    }
}
