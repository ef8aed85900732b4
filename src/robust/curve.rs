//! What models score on changed rows, by strength.

use std::sync::Arc;

use candle_core::{Result, Tensor, bail};

use super::{Attack, Rows, Victim, Worst};
use crate::data::Samples;
use crate::metric::{Metric, Predicted, Units};

/// The number of rows that are changed together. It is fixed, since a corruption may take values of other rows.
const PIECE: usize = 1024;

/// What each replica of a model scores on changed rows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Curve {
    /// For each replica and metric the score at each strength, a mean over the draws; NaN where it is undefined.
    pub scores: Vec<Vec<Vec<f64>>>,
    /// For each replica and strength the share of predicted classes that are not those of the rows as they are, a
    /// mean over the draws; `None` for numbers.
    pub flips: Option<Vec<Vec<f64>>>,
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
/// assert_eq!(found.scores[0][0], [1., 0.75, 0.5]);
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
    check_strengths(strengths)?;
    let draws = attack.draws().max(1);
    // By strength and draw, and then one for each piece.
    let mut outputs = vec![vec![Vec::new(); draws as usize]; strengths.len()];
    let mut clean = Vec::new();
    for start in (0..samples.rows()).step_by(PIECE) {
        let rows = rows_of(on, samples, start, PIECE.min(samples.rows() - start))?;
        clean.push(on.outputs(&rows.xs, &rows)?);
        for draw in 0..draws {
            let mut worst = attack.keeps_worst().then(|| Worst::clean(on, &rows)).transpose()?;
            for (strength, outputs) in strengths.iter().zip(&mut outputs) {
                let mut changed = attack.apply(on, &rows, *strength, draw)?;
                if let Some(worst) = &mut worst {
                    worst.keep(&changed, &on.answers(&changed, &rows)?)?;
                    changed = worst.rows().clone();
                }
                outputs[draw as usize].push(on.outputs(&changed, &rows)?);
            }
        }
    }
    let (_, targets) = samples.range(0, samples.rows())?;
    let predicted = |pieces: &[Tensor]| -> Result<Vec<Predicted>> {
        let all = Predicted::by_replica(&Tensor::cat(pieces, 1)?, &targets)?.into_iter();
        Ok(all.map(|own| units.into_iter().fold(own, Predicted::in_units)).collect())
    };
    let clean: Vec<Vec<u32>> =
        predicted(&clean)?.iter().map(|own| own.classes().collect()).collect();
    let replicas = clean.len();
    let mut scores = vec![vec![vec![0.; strengths.len()]; metrics.len()]; replicas];
    let mut flips = vec![vec![0.; strengths.len()]; replicas];
    for (place, draws) in outputs.iter().enumerate() {
        for pieces in draws {
            for (replica, rows) in predicted(pieces)?.iter().enumerate() {
                let share = 1. / draws.len() as f64;
                for (metric, scores) in metrics.iter().zip(&mut scores[replica]) {
                    scores[place] += share * metric.score(rows).unwrap_or(f64::NAN);
                }
                let own = rows.classes().zip(&clean[replica]);
                let differ = own.filter(|(own, clean)| own != *clean).count();
                flips[replica][place] += share * differ as f64 / rows.len() as f64;
            }
        }
    }
    let has_classes = on.objective().classes().is_some();
    Ok(Curve { scores, flips: has_classes.then_some(flips) })
}

/// Returns some rows of samples for each replica of a model.
pub(super) fn rows_of(on: &Victim, samples: &Samples, start: usize, len: usize) -> Result<Rows> {
    let (xs, ys) = samples.range(start, len)?;
    let each = |tensor: Tensor| -> Result<Tensor> {
        let dims = [&[on.seeds().len()], &tensor.dims()[1..]].concat();
        tensor.broadcast_as(dims)?.contiguous()
    };
    let xs = each(samples.with_replica_axis(xs)?)?;
    Ok(Rows { xs, ys: each(ys)?, first: start as u32 })
}

/// Refuses strengths that do not increase.
///
/// # Errors
/// If there are none, or one is negative, not a number or not above the one before it.
pub fn check_strengths(strengths: &[f64]) -> Result<()> {
    if strengths.is_empty() {
        bail!("expected at least one strength, received none")
    }
    if let Some(wrong) = strengths.iter().find(|own| !(0.0..f64::INFINITY).contains(*own)) {
        bail!("expected strengths of 0 or more, received {wrong}")
    }
    match strengths.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => {
            bail!("expected strengths that increase, received {} after {}", pair[1], pair[0])
        }
        None => Ok(()),
    }
}
