//! What batches gave, which stays on the device until someone reads it, so that no step waits for the
//! host.

use candle_core::{DType, Device, Result, Tensor};

use super::history::Scores;
use crate::loss::Loss;

/// Loss and accuracy of one batch.
pub(super) struct Measured {
    replicas: usize,
    rows: usize,
    /// Vectors of the replicas' losses and then, where the targets are classes, their accuracies.
    scores: Vec<Tensor>,
}

impl Measured {
    /// In training, where the loss is there already.
    pub(super) fn new(loss: Tensor, kind: Loss, logits: &Tensor, targets: &Tensor) -> Result<Self> {
        let scores = [loss.detach()].into_iter().chain(kind.accuracy(logits, targets)?).collect();
        Ok(Self { replicas: logits.dim(0)?, rows: logits.dim(1)?, scores })
    }

    pub(super) fn evaluated(kind: Loss, logits: &Tensor, targets: &Tensor) -> Result<Self> {
        let scores = kind.scores(logits, targets)?;
        Ok(Self { replicas: logits.dim(0)?, rows: logits.dim(1)?, scores })
    }

    /// The number of losses and accuracies.
    fn len(&self) -> usize {
        self.scores.iter().map(Tensor::elem_count).sum()
    }
}

/// An epoch's batches: in training, then the evaluations of the training, validation and test rows.
pub(super) type Epoch = [Vec<Measured>; 4];

/// The epochs that have not been read yet, the last ones of a run.
pub(super) struct Unread {
    epochs: Vec<Epoch>,
    /// They are due when they have this many batches.
    pub most: usize,
}

impl Unread {
    /// On the CPU each epoch is due when it has ended; elsewhere many are, which are then read in one
    /// copy.
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
        self.epochs.iter().flatten().map(Vec::len).sum::<usize>() >= self.most
    }

    /// The scores of each epoch; the last one has the number `last`.
    pub fn read(&self, last: usize) -> Result<impl Iterator<Item = (usize, [Scores; 4])> + use<>> {
        let means = means(self.epochs.iter().flatten().map(Vec::as_slice))?;
        let mut means = means.into_iter();
        let four = move || Some([means.next()?, means.next()?, means.next()?, means.next()?]);
        Ok((last + 1 - self.epochs.len()..).zip(std::iter::from_fn(four)))
    }
}

/// Means over the batches of each list, weighted by their rows; empty for an empty list.
pub(super) fn means<'a>(
    lists: impl Iterator<Item = &'a [Measured]> + Clone,
) -> Result<Vec<Scores>> {
    let tensors: Vec<&Tensor> = lists.clone().flatten().flat_map(|batch| &batch.scores).collect();
    let values = to_host(&tensors)?;
    let mut values = values.as_slice();
    let mut scores = Vec::new();
    for batches in lists {
        let rows: usize = batches.iter().map(|batch| batch.rows).sum();
        let mut sums = [Vec::new(), Vec::new()];
        for batch in batches {
            let own = values.split_off(..batch.len()).unwrap_or_default();
            for (sums, values) in sums.iter_mut().zip(own.chunks(batch.replicas)) {
                sums.resize(values.len(), 0f64);
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += batch.rows as f64 * f64::from(*value);
                }
            }
        }
        let [loss, accuracy] =
            sums.map(|sums| sums.into_iter().map(|sum: f64| (sum / rows as f64) as f32).collect());
        scores.push(Scores { loss, accuracy });
    }
    Ok(scores)
}

/// The values of vectors, one behind the other, from a device in one copy.
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
    use crate::nn::{dense, replicated_vars, sorted_vars};
    use crate::noise::NoiseMap;
    use crate::optim::{Adam, AdamOptions};
    use crate::train::{Fit, FitOptions, History, Observer, Stop};

    /// Counts what it is told.
    #[derive(Default)]
    struct Told {
        epochs: Vec<usize>,
        stops: Vec<Stop>,
    }

    impl Observer for Told {
        fn epoch_end(&mut self, epoch: usize, _: &History) {
            self.epochs.push(epoch);
        }

        fn replica_stopped(&mut self, stop: &Stop) {
            self.stops.push(stop.clone());
        }
    }

    /// Trains 10 epochs of 2 batches and an evaluation, one replica of which stops in its third,
    /// and gives the curves in the end and those of a checkpoint behind epoch 5.
    fn train(most: usize, told: &mut Told) -> Result<(History, History)> {
        let (varmap, seeds) = (VarMap::new(), vec![1, 2]);
        let vb = replicated_vars(&varmap, &seeds, DType::F32, &Device::Cpu);
        let model = dense(2, 1, 1, vb)?;
        let xs = Tensor::new(&[[[-1f32], [2.], [0.5]]], &Device::Cpu)?;
        let samples = Samples::replicated(&xs, &Tensor::new(&[[0f32, 1., 1.]], &Device::Cpu)?)?;
        let vars: Vec<_> = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let mut adam = Adam::new(vars.clone(), AdamOptions::default())?;
        let options = FitOptions { epochs: 10, batch_size: 2, seeds, ..Default::default() };
        let mut fit = Fit::new(&model, &mut adam, &samples, None, &options)?;
        fit.unread.most = most;
        let mut checkpoint = None;
        while !fit.has_ended() {
            if fit.epochs() == 2 {
                vars[0].set(&Tensor::new(&[[[f32::NAN]], [[0.]]], &Device::Cpu)?)?;
            }
            fit.epoch(told)?;
            if fit.epochs() == 5 {
                checkpoint = Some(fit.checkpoint(&varmap, &NoiseMap::new(0))?.history);
            }
        }
        Ok((fit.finish()?, checkpoint.unwrap()))
    }

    #[test]
    fn curves_read_once_in_many_epochs_are_those_read_each_epoch() -> Result<()> {
        let mut each_told = Told::default();
        let each = train(1, &mut each_told)?;
        assert_eq!(each_told.epochs, (1..=10).collect::<Vec<_>>());
        assert_eq!((each_told.stops.len(), each_told.stops[0].epoch), (1, 3));
        assert_eq!(each.1.replicas[1].loss.len(), 5);
        for most in [7, 10, 1000] {
            let mut told = Told::default();
            let late = train(most, &mut told)?;
            assert_eq!(late, each, "{most}");
            assert_eq!(
                (told.epochs, told.stops),
                (each_told.epochs.clone(), each_told.stops.clone())
            );
        }
        Ok(())
    }
}
