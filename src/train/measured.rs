//! Results of batches. They stay on the device until they are read, so that no step waits for the
//! host.

use candle_core::{DType, Device, Result, Tensor};

use super::history::SetScores;
use crate::metric::Predicted;
use crate::objective::Objective;

/// Loss and score of one batch.
pub(super) struct Measured {
    replicas: usize,
    rows: usize,
    /// The vector of the replicas' losses, followed by that of the primary metric's sums if it has
    /// them.
    scores: Vec<Tensor>,
    /// Outputs and targets, for a metric without sums.
    rest: Option<(Tensor, Tensor)>,
}

impl Measured {
    /// Measures a training batch with its loss.
    pub(super) fn new(
        loss: Tensor,
        objective: &dyn Objective,
        outputs: &Tensor,
        targets: &Tensor,
    ) -> Result<Self> {
        let mut scores = vec![loss.detach()];
        if let Some(metric) = objective.metrics().first() {
            scores.extend(metric.sums(outputs, targets)?);
        }
        Self::of(scores, objective, outputs, targets)
    }

    pub(super) fn evaluated(
        objective: &dyn Objective,
        outputs: &Tensor,
        targets: &Tensor,
    ) -> Result<Self> {
        Self::of(objective.evaluate(outputs, targets)?, objective, outputs, targets)
    }

    fn of(
        scores: Vec<Tensor>,
        objective: &dyn Objective,
        outputs: &Tensor,
        targets: &Tensor,
    ) -> Result<Self> {
        let (replicas, rows) = (outputs.dim(0)?, outputs.dim(1)?);
        let summed = scores.iter().map(Tensor::elem_count).sum::<usize>() > replicas;
        let rest = (!summed && !objective.metrics().is_empty())
            .then(|| (outputs.detach(), targets.clone()));
        Ok(Self { replicas, rows, scores, rest })
    }

    /// Takes the loss and the hits of each replica.
    #[cfg(feature = "cuda")]
    pub(super) fn of_scores(replicas: usize, rows: usize, scores: Vec<Tensor>) -> Self {
        Self { replicas, rows, scores, rest: None }
    }

    /// Returns the number of losses and sums.
    fn len(&self) -> usize {
        self.scores.iter().map(Tensor::elem_count).sum()
    }
}

/// The batches of an epoch: training, then the evaluations of the training, validation and test
/// rows.
pub(super) type Epoch = [Vec<Measured>; 4];

/// The last epochs of a run, which have not been read yet.
pub(super) struct Unread {
    epochs: Vec<Epoch>,
    /// The number of batches at which reading is due.
    pub most: usize,
}

impl Unread {
    /// Creates an empty list. On the CPU each epoch is due when it ends. On other devices many
    /// epochs are due together and are read in one copy.
    pub fn new(device: &Device) -> Self {
        const MOST: usize = 256;
        Self { epochs: Vec::new(), most: if device.is_cpu() { 1 } else { MOST } }
    }

    pub fn push(&mut self, epoch: Epoch) {
        self.epochs.push(epoch);
    }

    pub fn clear(&mut self) {
        self.epochs.clear();
    }

    pub fn is_due(&self) -> bool {
        let batches = || self.epochs.iter().flatten().flatten();
        // Outputs of whole sets are not kept over many epochs.
        batches().count() >= self.most || batches().any(|batch| batch.rest.is_some())
    }

    /// Returns the scores of each epoch.
    pub fn read(&self, objective: &dyn Objective) -> Result<Vec<[SetScores; 4]>> {
        let scores = set_scores(self.epochs.iter().flatten().map(Vec::as_slice), objective)?;
        let mut scores = scores.into_iter();
        let four = || Some([scores.next()?, scores.next()?, scores.next()?, scores.next()?]);
        Ok(std::iter::from_fn(four).collect())
    }
}

/// Returns the loss and score of the rows of each list of batches: means weighted by the rows, and
/// sums divided once by the number of rows; empty for an empty list.
pub(super) fn set_scores<'a>(
    lists: impl Iterator<Item = &'a [Measured]> + Clone,
    objective: &dyn Objective,
) -> Result<Vec<SetScores>> {
    let tensors: Vec<&Tensor> = lists.clone().flatten().flat_map(|batch| &batch.scores).collect();
    let values = to_host(&tensors)?;
    let mut values = values.as_slice();
    let mut scores = Vec::new();
    for batches in lists {
        let rows: usize = batches.iter().map(|batch| batch.rows).sum();
        let mut sums = [Vec::new(), Vec::new()];
        for batch in batches {
            let own = values.split_off(..batch.len()).unwrap_or_default();
            let weights = [batch.rows as f64, 1.];
            let parts = sums.iter_mut().zip(own.chunks(batch.replicas)).zip(weights);
            for ((sums, values), weight) in parts {
                sums.resize(values.len(), 0f64);
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += weight * f64::from(*value);
                }
            }
        }
        let [losses, summed] = sums.map(|sums| sums.into_iter().map(|sum| sum / rows as f64));
        let loss = losses.map(|loss| loss as f32).collect();
        let rest: Vec<_> = batches.iter().filter_map(|batch| batch.rest.as_ref()).collect();
        let score = match rest[..] {
            [] => summed.collect(),
            _ => of_whole_set(&rest, objective)?,
        };
        scores.push(SetScores { loss, score });
    }
    Ok(scores)
}

/// Returns the score of each replica by a metric that needs all rows at once.
fn of_whole_set(batches: &[&(Tensor, Tensor)], objective: &dyn Objective) -> Result<Vec<f64>> {
    let replicas = batches.iter().map(|(_, targets)| targets.dims()[0]).max().unwrap_or(1);
    let (outputs, targets): (Vec<&Tensor>, Vec<Tensor>) = batches
        .iter()
        .map(|(outputs, targets)| {
            let mut shape = targets.dims().to_vec();
            shape[0] = replicas;
            Ok((outputs, targets.broadcast_as(shape)?))
        })
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .unzip();
    let rows = Predicted::by_replica(&Tensor::cat(&outputs, 1)?, &Tensor::cat(&targets, 1)?)?;
    let metrics = objective.metrics();
    let score = |rows: &Predicted| metrics.first()?.score(rows);
    Ok(rows.iter().map(|rows| score(rows).unwrap_or(f64::NAN)).collect())
}

/// Returns the values of vectors, one after the other, from a device in one copy.
fn to_host(tensors: &[&Tensor]) -> Result<Vec<f32>> {
    let tensors = tensors.iter().map(|t| t.to_dtype(DType::F32)).collect::<Result<Vec<_>>>()?;
    match tensors.as_slice() {
        [first, _, ..] if !first.device().is_cpu() => Tensor::cat(&tensors, 0)?.to_vec1(),
        _ => Ok(tensors.iter().map(Tensor::to_vec1).collect::<Result<Vec<_>>>()?.concat()),
    }
}

#[cfg(test)]
mod tests {
    use candle_nn::{Optimizer, VarMap};

    use super::*;
    use crate::data::Samples;
    use crate::nn::{Model, dense, replicated_vars, sorted_vars};
    use crate::optim::{Adam, AdamOptions};
    use crate::train::{History, TrainOptions, Trainer};

    /// Trains 10 epochs of 2 batches and an evaluation; one replica stops in the third epoch.
    /// Returns the final curves and those of a checkpoint after epoch 5.
    fn train(most: usize) -> Result<(History, History)> {
        let (varmap, seeds) = (VarMap::new(), [1, 2]);
        let vb = replicated_vars(&varmap, &seeds, DType::F32, &Device::Cpu);
        let model = Model::new(dense(2, 1, 1, vb)?);
        let xs = Tensor::new(&[[[-1f32], [2.], [0.5]]], &Device::Cpu)?;
        let samples = Samples::replicated(&xs, &Tensor::new(&[[0f32, 1., 1.]], &Device::Cpu)?)?;
        let vars: Vec<_> = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let adam = Adam::new(vars.clone(), AdamOptions::default())?;
        let options = TrainOptions::new(10).batch_size(2).seeds(&seeds);
        let mut trainer = Trainer::new(model, &varmap, adam, samples, options)?;
        trainer.epochs.unread.most = most;
        let mut checkpoint = None;
        while !trainer.has_ended() {
            if trainer.epoch_number() == 2 {
                vars[0].set(&Tensor::new(&[[[f32::NAN]], [[0.]]], &Device::Cpu)?)?;
            }
            trainer.epoch()?;
            if trainer.epoch_number() == 5 {
                checkpoint = Some(trainer.checkpoint()?.history);
            }
        }
        trainer.finish()?;
        Ok((trainer.history().clone(), checkpoint.unwrap()))
    }

    #[test]
    fn curves_do_not_depend_on_how_often_they_are_read() -> Result<()> {
        let each = train(1)?;
        assert_eq!(each.0.stops().map(|stop| stop.epoch).collect::<Vec<_>>(), [3]);
        assert_eq!(each.1.replicas[1].epochs(), 5);
        for most in [7, 10, 1000] {
            assert_eq!(train(most)?, each, "{most}");
        }
        Ok(())
    }
}
