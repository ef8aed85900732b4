//! What models score on changed rows, by strength.

use std::sync::Arc;

use candle_core::{Result, Tensor, bail};
use serde::{Deserialize, Serialize};

use super::{Attack, LARGEST, Rows, Victim, Worst};
use crate::data::Samples;
use crate::metric::{Metric, Predicted, Units};

/// The number of rows that are changed together. It is fixed, since a corruption may take values of other rows.
const PIECE: usize = 1024;

/// What each replica of a model scores on changed rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Curve {
    /// For each replica and metric the score at each strength, a mean over the draws; none where it is undefined.
    pub scores: Vec<Vec<Vec<Option<f64>>>>,
    /// For each replica and strength the share of predicted classes that are not those of the rows as they are, a
    /// mean over the draws; `None` for numbers.
    pub flips: Option<Vec<Vec<f64>>>,
}

impl Curve {
    /// Returns the scores of a metric for each replica by strength, or, after the last metric, the flips; nothing if
    /// there are none.
    pub fn of_each(&self, metric: usize) -> Vec<Vec<Option<f64>>> {
        let flips = self.flips.iter().flatten();
        let flips = flips.map(|own| own.iter().map(|share| Some(*share)).collect());
        match self.scores.first().is_some_and(|own| metric < own.len()) {
            true => self.scores.iter().map(|own| own[metric].clone()).collect(),
            false => flips.collect(),
        }
    }

    /// Returns the scores of these replicas and then of others.
    pub(super) fn followed_by(mut self, others: Self) -> Self {
        self.scores.extend(others.scores);
        self.flips = self.flips.zip(others.flips).map(|(own, others)| [own, others].concat());
        self
    }
}

/// Changes rows with increasing strengths and scores what a model predicts for them; in `units`, if there are any.
///
/// ```
/// # fn main() -> candle_core::Result<()> {
/// use std::sync::Arc;
///
/// use candle_core::{DType, Device, Tensor};
/// use candle_nn::{Linear, VarMap};
/// use candle_noise::data::Samples;
/// use candle_noise::metric::Accuracy;
/// use candle_noise::nn::Model;
/// use candle_noise::objective::CrossEntropy;
/// use candle_noise::ops::Axis;
/// use candle_noise::robust::{Fgsm, Norm, Victim, curve};
///
/// // The class is 1 where x is above 0.
/// let weight = Tensor::new(&[[-1f32], [1.]], &Device::Cpu)?;
/// let (model, objective) = (Model::new(Linear::new(weight, None)), CrossEntropy { classes: 2 });
/// let victim = Victim::new(model, Arc::new(objective), Axis::Plain, &[42])?;
///
/// let xs = Tensor::new(&[[-0.5f32], [-0.1], [0.2], [0.6]], &Device::Cpu)?;
/// let rows = Samples::new(&xs, &Tensor::new(&[0f32, 0., 1., 1.], &Device::Cpu)?)?;
/// let found = curve(&victim, &rows, &Fgsm::new(Norm::Linf), &[0., 0.15, 0.3], &[Arc::new(Accuracy)], None)?;
/// assert_eq!(found.scores[0][0], [Some(1.), Some(0.75), Some(0.5)]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// If the strengths are not increasing numbers from 0 on, or the model or the attack fails.
pub fn curve(
    on: &Victim,
    samples: &Samples,
    attack: &dyn Attack,
    strengths: &[f64],
    metrics: &[Arc<dyn Metric>],
    units: Option<&Units>,
) -> Result<Curve> {
    let found = curves(on, samples, &[attack], strengths, metrics, units)?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// Returns the [`curve`] of each of several attacks of one norm, and, if there are two or more, at last that of the
/// worst of them row by row, as in AutoAttack (Croce and Hein 2020, arXiv:2003.01690).
///
/// # Errors
/// As [`curve`].
pub fn curves(
    on: &Victim,
    samples: &Samples,
    attacks: &[&dyn Attack],
    strengths: &[f64],
    metrics: &[Arc<dyn Metric>],
    units: Option<&Units>,
) -> Result<Vec<Curve>> {
    check_strengths(strengths)?;
    let (mut clean, mut changed) = (Vec::new(), Vec::new());
    for start in (0..samples.rows()).step_by(PIECE) {
        let rows = on.rows(samples, start, PIECE.min(samples.rows() - start))?;
        clean.push(on.outputs(&rows.xs, &rows)?);
        changed.push(changed_outputs(on, &rows, attacks, strengths)?);
    }
    let (_, targets) = samples.range(0, samples.rows())?;
    let predicted = |pieces: &[&Tensor]| -> Result<Vec<Predicted>> {
        let all = Predicted::by_replica(&Tensor::cat(pieces, 1)?, &targets)?.into_iter();
        Ok(all.map(|own| units.into_iter().fold(own, Predicted::in_units)).collect())
    };
    let clean = predicted(&clean.iter().collect::<Vec<_>>())?;
    let clean: Vec<Vec<u32>> = clean.iter().map(|own| own.classes().collect()).collect();
    let has_classes = on.objective().classes().is_some();
    let curve = |attack: usize| -> Result<Curve> {
        let zeros = vec![0.; strengths.len()];
        let mut scores = vec![vec![vec![Some(0.); strengths.len()]; metrics.len()]; clean.len()];
        let mut flips = vec![zeros; clean.len()];
        for place in 0..strengths.len() {
            let draws = changed[0][attack][place].len();
            let share = 1. / draws as f64;
            for draw in 0..draws {
                let pieces = changed.iter().map(|piece| &piece[attack][place][draw]);
                let rows = predicted(&pieces.collect::<Vec<_>>())?;
                for (replica, rows) in rows.iter().enumerate() {
                    for (metric, scores) in metrics.iter().zip(&mut scores[replica]) {
                        // JSON has no infinite numbers.
                        let own = metric.score(rows).filter(|own| own.is_finite());
                        scores[place] = scores[place].zip(own).map(|(sum, own)| sum + share * own);
                    }
                    let pairs = rows.classes().zip(&clean[replica]);
                    let differ = pairs.filter(|(own, clean)| own != *clean).count();
                    flips[replica][place] += share * differ as f64 / rows.len() as f64;
                }
            }
        }
        Ok(Curve { scores, flips: has_classes.then_some(flips) })
    };
    (0..changed.first().map_or(0, Vec::len)).map(curve).collect()
}

/// Returns the outputs for changed rows by attack, strength and draw; after those of several attacks, those of the
/// worst of them.
fn changed_outputs(
    on: &Victim,
    rows: &Rows,
    attacks: &[&dyn Attack],
    strengths: &[f64],
) -> Result<Vec<Vec<Vec<Tensor>>>> {
    let mut all = Vec::new();
    let mut worst_of_all = vec![Worst::clean(on, rows)?; strengths.len()];
    for attack in attacks {
        let mut outputs = vec![Vec::new(); strengths.len()];
        for draw in 0..attack.draws().max(1) {
            let mut worst = attack.keeps_worst().then(|| Worst::clean(on, rows)).transpose()?;
            for (place, strength) in strengths.iter().enumerate() {
                let changed = attack.apply(on, rows, *strength, draw)?;
                let mut found = on.answers(&changed, rows)?;
                if attacks.len() > 1 {
                    worst_of_all[place].keep(&changed, &found)?;
                }
                if let Some(worst) = &mut worst {
                    worst.keep(&changed, &found)?;
                    found = on.answers(worst.rows(), rows)?;
                }
                outputs[place].push(found.outputs);
            }
        }
        all.push(outputs);
    }
    if attacks.len() > 1 {
        let mut outputs = Vec::new();
        let mut worst = Worst::clean(on, rows)?;
        for own in &worst_of_all {
            worst.keep(own.rows(), &on.answers(own.rows(), rows)?)?;
            outputs.push(vec![on.outputs(worst.rows(), rows)?]);
        }
        all.push(outputs);
    }
    Ok(all)
}

/// Refuses strengths that do not increase.
///
/// # Errors
/// If there are none, or one is negative, too large, not a number or not above the one before it.
pub fn check_strengths(strengths: &[f64]) -> Result<()> {
    if strengths.is_empty() {
        bail!("expected at least one strength, received none")
    }
    if let Some(wrong) = strengths.iter().find(|own| !(0.0..=LARGEST).contains(*own)) {
        bail!("expected strengths from 0 to {LARGEST:e}, received {wrong:e}")
    }
    match strengths.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => {
            bail!("expected strengths that increase, received {} after {}", pair[1], pair[0])
        }
        None => Ok(()),
    }
}
