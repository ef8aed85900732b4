//! The predictions of a set of rows, on the host.

use candle_core::{DType, Result, Tensor, bail};

use super::targets::is_class;

/// The outputs of one replica for a whole set of rows, with the targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    outputs: usize,
    values: Vec<f32>,
    targets: Vec<f32>,
}

/// The units of targets that a network learns as standard scores: `mean + scale * score`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    /// The value of a score of 0.
    pub mean: f64,
    /// The value of a score of 1 above that.
    pub scale: f64,
}

impl Predicted {
    /// Takes `outputs` values per row, row by row, and the rows' targets: as many per row, or one.
    ///
    /// # Errors
    /// If there are no outputs, or the numbers of values and targets belong to different numbers of
    /// rows.
    pub fn new(outputs: usize, values: Vec<f32>, targets: Vec<f32>) -> Result<Self> {
        let rows = values.len().checked_div(outputs).unwrap_or(0);
        let whole = outputs > 0 && rows * outputs == values.len();
        if !whole || (targets.len() != rows && targets.len() != rows * outputs) {
            bail!(
                "expected {outputs} outputs and 1 or {outputs} targets a row, received {} values and \
                 {} targets",
                values.len(),
                targets.len()
            )
        }
        Ok(Self { outputs, values, targets })
    }

    /// Returns the predictions of each replica.
    ///
    /// # Shapes
    /// `outputs` (R, N, O); `targets` (R or 1, N) or (R or 1, N, O).
    ///
    /// # Errors
    /// If the shapes do not fit or a device fails.
    pub fn by_replica(outputs: &Tensor, targets: &Tensor) -> Result<Vec<Self>> {
        let (replicas, _, width) = outputs.dims3()?;
        let own = |tensor: &Tensor, r: usize| -> Result<Vec<f32>> {
            let r = if tensor.dim(0)? == 1 { 0 } else { r };
            tensor.get(r)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
        };
        (0..replicas).map(|r| Self::new(width, own(outputs, r)?, own(targets, r)?)).collect()
    }

    /// Returns outputs and targets that are standard scores in the units of the data.
    #[must_use]
    pub fn in_units(mut self, units: &Units) -> Self {
        for score in self.values.iter_mut().chain(&mut self.targets) {
            *score = (units.mean + units.scale * f64::from(*score)) as f32;
        }
        self
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.outputs
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the number of outputs per row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Returns the outputs and the targets of each row.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[f32], &[f32])> {
        let targets = self.targets.len().checked_div(self.len()).unwrap_or(1);
        self.values.chunks_exact(self.outputs).zip(self.targets.chunks_exact(targets.max(1)))
    }

    /// Returns the predicted class of each row. A single logit predicts class 1 if it is above 0;
    /// of several, the first of the largest wins.
    pub fn classes(&self) -> impl Iterator<Item = u32> {
        self.values.chunks_exact(self.outputs).map(|logits| match logits {
            [logit] => u32::from(*logit > 0.),
            _ => {
                let better = |a: usize, b: usize| if logits[b] > logits[a] { b } else { a };
                (0..logits.len()).reduce(better).unwrap_or(0) as u32
            }
        })
    }

    /// Returns the probability of each class by row, the sigmoid of a single logit or the softmax of
    /// several.
    pub fn probabilities(&self) -> impl ExactSizeIterator<Item = Vec<f64>> {
        self.values.chunks_exact(self.outputs).map(|logits| {
            let mut row = Vec::with_capacity(self.class_count());
            add_probabilities(&mut row, logits);
            row
        })
    }

    /// Returns the [`probabilities`](Self::probabilities), one row after the other.
    pub(super) fn all_probabilities(&self) -> Vec<f64> {
        let mut all = Vec::with_capacity(self.len() * self.class_count());
        self.values.chunks_exact(self.outputs).for_each(|row| add_probabilities(&mut all, row));
        all
    }

    /// Returns the probability of the predicted class of each row, and whether it is the target.
    pub(crate) fn confidences(&self) -> Vec<(f64, bool)> {
        let hits = self.classes().zip(self.labels()).map(|(class, label)| class == label);
        let probabilities = self.all_probabilities();
        let rows = probabilities.chunks_exact(self.class_count());
        rows.map(|row| row.iter().copied().fold(f64::NAN, f64::max)).zip(hits).collect()
    }

    /// Returns the logarithm of the probability of each row's target.
    pub(super) fn log_likelihoods(&self) -> impl Iterator<Item = f64> {
        self.values.chunks_exact(self.outputs).zip(self.labels()).map(|(logits, label)| {
            let mut logits = of_each_class(logits);
            let most = f64::from(logits.clone().fold(f32::NEG_INFINITY, f32::max));
            let sum: f64 = logits.clone().map(|z| (f64::from(z) - most).exp()).sum();
            let own = logits.nth(label as usize).unwrap_or(f32::NAN);
            f64::from(own) - most - sum.ln()
        })
    }

    /// Returns the number of classes.
    pub(super) fn class_count(&self) -> usize {
        self.outputs.max(2)
    }

    /// Returns the mean over the outputs of the score of an output's predictions with their targets.
    /// Returns `None` if a score is undefined or the rows do not have a target for each output.
    pub(super) fn mean_over_outputs(
        &self,
        score: impl Fn(&[(f64, f64)]) -> Option<f64>,
    ) -> Option<f64> {
        if self.targets.len() != self.values.len() {
            return None;
        }
        let mut sum = 0.;
        for output in 0..self.outputs {
            let pairs = self.iter().map(|(zs, ys)| (f64::from(zs[output]), f64::from(ys[output])));
            sum += score(&pairs.collect::<Vec<_>>())?;
        }
        Some(sum / self.outputs as f64)
    }

    /// Returns whether no output is NaN and every row's first target is a class of the outputs. A
    /// single output has the classes 0 and 1, between which a target may lie.
    pub(crate) fn are_classified(&self) -> bool {
        self.iter().all(|(outputs, targets)| {
            let target = f64::from(targets[0]);
            let is_label = match outputs {
                [_] => (0.0..=1.).contains(&target),
                _ => is_class(target, outputs.len()),
            };
            is_label && outputs.iter().all(|output| !output.is_nan())
        })
    }

    /// Returns the class of each row of a classification, given by its first target. The target must
    /// be a class, which the training loop checks ([`Objective::check`]).
    ///
    /// [`Objective::check`]: crate::objective::Objective::check
    pub fn labels(&self) -> impl Iterator<Item = u32> {
        self.iter().map(|(_, targets)| Self::label(targets[0]))
    }

    /// Returns the class given by a target. A binary target may be smoothed: above ½ it is class 1.
    fn label(target: f32) -> u32 {
        if target.fract() == 0. { target as u32 } else { u32::from(target > 0.5) }
    }
}

/// Returns the logit of each class. A single one is that of class 1 beside a logit 0 of class 0.
fn of_each_class(logits: &[f32]) -> impl Iterator<Item = f32> + Clone {
    let first = (logits.len() == 1).then_some(0.);
    first.into_iter().chain(logits.iter().copied())
}

/// Adds the probability of each class of a row.
fn add_probabilities(to: &mut Vec<f64>, logits: &[f32]) {
    let (start, logits) = (to.len(), of_each_class(logits));
    let most = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    to.extend(logits.map(|z| f64::from(z - most).exp()));
    let row = &mut to[start..];
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|power| *power /= sum);
}
