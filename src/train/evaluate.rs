//! Losses and scores of whole data sets with the noise off.

use candle_core::{Result, Tensor, bail};
use candle_nn::ModuleT;

use super::history::SetScores;
use super::measured::{Measured, set_scores};
use super::outputs::outputs_of;
use super::rows::check_rows;
use crate::data::Samples;
use crate::objective::Objective;
use crate::ops::no_grad;

/// Number of rows per forward pass.
pub(super) const PIECE: usize = 1024;

/// Returns the logits of all rows with the noise off. It processes pieces of rows to bound the
/// memory.
///
/// # Shapes
/// (R, N, O).
///
/// # Errors
/// If the model fails.
pub fn predict(model: &dyn ModuleT, samples: &Samples) -> Result<Tensor> {
    let mut logits = Vec::new();
    for start in (0..samples.rows()).step_by(PIECE) {
        let (xs, _) = samples.range(start, PIECE.min(samples.rows() - start))?;
        logits.push(samples.with_replica_axis(clean_logits(model, &xs)?)?);
    }
    Tensor::cat(&logits, 1)
}

/// Returns the loss and the score with the noise off. It processes pieces of rows to bound the
/// memory.
///
/// # Errors
/// If an input is not finite, a target is none of the objective's, or the model or the loss fails.
pub fn evaluate(
    model: &dyn ModuleT,
    samples: &Samples,
    objective: &dyn Objective,
) -> Result<SetScores> {
    check_rows("evaluated", samples, objective)?;
    let measured = measure(model, samples, objective)?;
    Ok(set_scores(std::iter::once(&measured[..]), objective)?.remove(0))
}

fn measure(
    model: &dyn ModuleT,
    samples: &Samples,
    objective: &dyn Objective,
) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for start in (0..samples.rows()).step_by(PIECE) {
        let (xs, ys) = samples.range(start, PIECE.min(samples.rows() - start))?;
        let logits = outputs_of(samples, clean_logits(model, &xs)?, objective)?;
        measured.push(Measured::evaluated(objective, &logits, &ys)?);
    }
    Ok(measured)
}

fn clean_logits(model: &dyn ModuleT, xs: &Tensor) -> Result<Tensor> {
    Ok(no_grad(|| model.forward_t(xs, false))?.detach())
}

/// The evaluation after each epoch: of the training rows, and of the validation and test rows if
/// there are any. Small sets are evaluated together, because a pass then costs more than its rows.
pub(super) struct Evaluation {
    sets: [Option<Samples>; 3],
    together: Option<Samples>,
}

impl Evaluation {
    pub(super) fn new(sets: [Option<Samples>; 3]) -> Result<Self> {
        let rows: usize = sets.iter().flatten().map(Samples::rows).sum();
        let mut parts = sets.iter().flatten();
        let together = match parts.next() {
            Some(first) if rows <= PIECE && rows > first.rows() => Samples::joined(first, parts)?,
            _ => None,
        };
        Ok(Self { sets, together })
    }

    /// Returns the training, validation and test rows.
    pub(super) fn sets(&self) -> &[Option<Samples>; 3] {
        &self.sets
    }

    /// Returns the rows of all sets one after the other, if they are few.
    #[cfg(feature = "cuda")]
    pub(super) fn together(&self) -> Option<&Samples> {
        let mut own = self.sets.iter().flatten();
        let only = own.next().filter(|set| own.next().is_none() && set.rows() <= PIECE);
        self.together.as_ref().or(only)
    }

    /// Measures the training, validation and test rows. A missing set gives nothing.
    pub(super) fn measure(
        &self,
        model: &dyn ModuleT,
        objective: &dyn Objective,
    ) -> Result<[Vec<Measured>; 3]> {
        let mut measured = [Vec::new(), Vec::new(), Vec::new()];
        let logits = match &self.together {
            Some(together) => {
                let (xs, _) = together.range(0, together.rows())?;
                Some(outputs_of(together, clean_logits(model, &xs)?, objective)?)
            }
            None => None,
        };
        // A model may have several rows of outputs for each row, one after the other.
        let rows: usize = self.sets.iter().flatten().map(Samples::rows).sum();
        let each = logits.as_ref().map_or(Ok(0), |logits| logits.dim(1))? / rows;
        if let Some(logits) = logits.as_ref().filter(|logits| logits.dims()[1] != each * rows) {
            bail!(
                "expected the same number of outputs for each of {rows} rows, received outputs of \
                 shape {:?}",
                logits.dims()
            )
        }
        let mut start = 0;
        for (measured, samples) in measured.iter_mut().zip(&self.sets) {
            let Some(samples) = samples else { continue };
            *measured = match &logits {
                Some(logits) => {
                    let logits = logits.narrow(1, start * each, samples.rows() * each)?;
                    let (_, ys) = samples.range(0, samples.rows())?;
                    vec![Measured::evaluated(objective, &logits, &ys)?]
                }
                None => measure(model, samples, objective)?,
            };
            start += samples.rows();
        }
        Ok(measured)
    }
}
