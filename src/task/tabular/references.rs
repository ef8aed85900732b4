//! Predictions without a network: no model, and a simple one.

use candle_core::{Error, Result};

use super::{Drawn, Tabular};
use crate::data::prepared::TargetScale;
use crate::metric::{Predicted, Units};
use crate::simple::{LogisticRegression, Mean, Ridge, Rows};
use crate::task::Draw;
use crate::task::majority::majority_class;

/// Returns what no model and a simple model predict for the test rows of a draw.
pub(super) fn references(task: &Tabular, draw: &Draw) -> Result<Vec<(&'static str, Predicted)>> {
    let drawn = task.drawn(draw)?;
    let Drawn { rows, preparation, .. } = &*drawn;
    let train = preparation.apply(&task.table, rows.train.as_slice())?;
    let test = preparation.apply(&task.table, &rows.test)?;
    let targets = preparation.targets(&task.table, rows.train.as_slice())?;
    let tested = preparation.targets(&task.table, &rows.test)?;
    let width = train.names.len();
    let of = |count, values| Rows::new(count, width, values).map_err(Error::wrap);
    let (train, test) = (of(targets.len(), &train.values)?, of(tested.len(), &test.values)?);
    match &preparation.target.scale {
        TargetScale::Numbers { mean, scale } => {
            let numbers: Vec<f64> = targets.iter().map(|y| f64::from(*y)).collect();
            let constant = Mean::fit(&numbers).map_err(Error::wrap)?.predict();
            let ridge = Ridge::fit(&train, &numbers).map_err(Error::wrap)?;
            let ridge = ridge.predict(&test).map_err(Error::wrap)?;
            let units = Units { mean: *mean, scale: *scale };
            let predicted = |values: Vec<f64>| -> Result<Predicted> {
                let values = values.into_iter().map(|value| value as f32).collect();
                Ok(Predicted::new(1, values, tested.clone())?.in_units(&units))
            };
            Ok(vec![
                ("mean", predicted(vec![constant; tested.len()])?),
                ("ridge regression", predicted(ridge)?),
            ])
        }
        TargetScale::Classes { classes } => {
            let labels =
                |targets: &[f32]| -> Vec<u32> { targets.iter().map(|y| *y as u32).collect() };
            let (labels, of_test, count) = (labels(&targets), labels(&tested), classes.len());
            let model = LogisticRegression::fit(&train, &labels, count).map_err(Error::wrap)?;
            let logits = model.logits(&test).map_err(Error::wrap)?;
            let width = logits.len() / tested.len().max(1);
            let logits = logits.into_iter().map(|logit| logit as f32).collect();
            Ok(vec![
                majority_class(&labels, &of_test, count)?,
                ("logistic regression", Predicted::new(width, logits, tested)?),
            ])
        }
    }
}
