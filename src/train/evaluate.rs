//! Losses and accuracies, of a batch in training and of whole data sets after an epoch.

use candle_core::{Result, Tensor};
use candle_nn::ModuleT;

use super::history::Scores;
use super::measured::{Measured, means};
use crate::data::Samples;
use crate::loss::Loss;
use crate::ops::no_grad;

/// Rows that go through the model at a time.
const PIECE: usize = 1024;

/// The logits of all rows with the noise off, computed in pieces of rows, which bound the memory.
///
/// # Shapes
/// (R, N, O).
///
/// # Errors
/// When the model fails.
pub fn predict<M: ModuleT>(model: &M, samples: &Samples) -> Result<Tensor> {
    let mut logits = Vec::new();
    for start in (0..samples.rows()).step_by(PIECE) {
        let (xs, _) = samples.range(start, PIECE.min(samples.rows() - start))?;
        logits.push(samples.with_replica_axis(clean_logits(model, &xs)?)?);
    }
    Tensor::cat(&logits, 1)
}

/// Loss and accuracy with the noise off, computed in pieces of rows, which bound the memory.
///
/// # Errors
/// When the model or the loss fails.
pub fn evaluate<M: ModuleT>(model: &M, samples: &Samples, loss: Loss) -> Result<Scores> {
    let measured = measure(model, samples, loss)?;
    Ok(means(std::iter::once(&measured[..]))?.remove(0))
}

fn measure<M: ModuleT>(model: &M, samples: &Samples, loss: Loss) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for start in (0..samples.rows()).step_by(PIECE) {
        let (xs, ys) = samples.range(start, PIECE.min(samples.rows() - start))?;
        let logits = samples.with_replica_axis(clean_logits(model, &xs)?)?;
        measured.push(Measured::evaluated(loss, &logits, &ys)?);
    }
    Ok(measured)
}

fn clean_logits<M: ModuleT>(model: &M, xs: &Tensor) -> Result<Tensor> {
    Ok(no_grad(|| model.forward_t(xs, false))?.detach())
}

/// The evaluation after each epoch: of the training rows, and of those for validation and test where
/// there are any; together where they are few, because then a pass costs more than its rows.
pub(super) struct Evaluation<'a> {
    sets: [Option<&'a Samples>; 3],
    together: Option<Samples>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        train: &'a Samples,
        validation: Option<&'a Samples>,
        test: Option<&'a Samples>,
    ) -> Result<Self> {
        let sets = [Some(train), validation, test];
        let rows: usize = sets.iter().flatten().map(|set| set.rows()).sum();
        let others = sets[1..].iter().flatten();
        let together = match rows <= PIECE && rows > train.rows() {
            true => Samples::joined(train, others.copied())?,
            false => None,
        };
        Ok(Self { sets, together })
    }

    pub(super) fn validation(&self) -> Option<&'a Samples> {
        self.sets[1]
    }

    /// What training, validation and test rows give, nothing where there are none.
    pub(super) fn measure<M: ModuleT>(&self, model: &M, loss: Loss) -> Result<[Vec<Measured>; 3]> {
        let mut measured = [Vec::new(), Vec::new(), Vec::new()];
        let logits = match &self.together {
            Some(together) => {
                let (xs, _) = together.range(0, together.rows())?;
                Some(together.with_replica_axis(clean_logits(model, &xs)?)?)
            }
            None => None,
        };
        let mut start = 0;
        for (measured, samples) in measured.iter_mut().zip(self.sets) {
            let Some(samples) = samples else { continue };
            *measured = match &logits {
                Some(logits) => {
                    let logits = logits.narrow(1, start, samples.rows())?;
                    let (_, ys) = samples.range(0, samples.rows())?;
                    vec![Measured::evaluated(loss, &logits, &ys)?]
                }
                None => measure(model, samples, loss)?,
            };
            start += samples.rows();
        }
        Ok(measured)
    }
}
