//! The target of a preparation.

use std::collections::BTreeMap;

use candle_core::{Result, bail};
use serde::{Deserialize, Serialize};

use super::number::Number;
use super::{Preparation, check_len, check_rows};
use crate::data::table::{Table, Target, TargetValues};
use crate::metric::Units;

/// The target, and how a network learns it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedTarget {
    /// Its name in the table.
    pub name: String,
    /// How a network learns it.
    #[serde(flatten)]
    pub scale: TargetScale,
}

/// How a network learns a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TargetScale {
    /// As the number of the class.
    Classes {
        /// The names of the classes, also of those that the training rows do not have.
        classes: Vec<String>,
    },
    /// As a standard score.
    Numbers {
        /// The training rows' mean.
        mean: f64,
        /// The training rows' population standard deviation, or 1 if all numbers are equal.
        scale: f64,
    },
}

impl TargetScale {
    /// Returns the names of the classes, if it has any.
    pub fn classes(&self) -> Option<&[String]> {
        match self {
            Self::Classes { classes } => Some(classes),
            Self::Numbers { .. } => None,
        }
    }

    /// Returns the units of outputs that are standard scores.
    pub fn units(&self) -> Option<Units> {
        match *self {
            Self::Classes { .. } => None,
            Self::Numbers { mean, scale } => Some(Units { mean, scale }),
        }
    }

    /// Returns an output of the network in the units of the table; the number of a class is its own.
    pub fn unscale(&self, output: f64) -> f64 {
        match self {
            Self::Classes { .. } => output,
            Self::Numbers { mean, scale } => mean + scale * output,
        }
    }
}

impl FittedTarget {
    /// Fits a target on rows of its table.
    pub(super) fn fit(target: &Target, table: &Table, rows: &[usize]) -> Result<Self> {
        let name = target.name.clone();
        let scale = match &target.values {
            TargetValues::Classes { names, labels } => {
                check_len(&name, labels.len(), table)?;
                TargetScale::Classes { classes: names.clone() }
            }
            TargetValues::Numbers(values) => {
                check_len(&name, values.len(), table)?;
                match Number::of(rows.iter().map(|row| values[*row]).collect()) {
                    Ok(Some(Number { mean, scale, missing: 0, min, max, .. })) => {
                        if min < max {
                            check_digits(&name, mean, scale)?;
                        }
                        TargetScale::Numbers { mean, scale }
                    }
                    _ => bail!("target '{name}': expected numbers that f32 holds in all rows"),
                }
            }
        };
        Ok(Self { name, scale })
    }
}

/// Refuses numbers that differ and that f32, in which predictions are, can hardly tell apart: those of 24 binary digits
/// whose last ones are more than a thousandth of the standard deviation, and too small ones.
fn check_digits(name: &str, mean: f64, scale: f64) -> Result<()> {
    const MOST: f64 = 16_000.;
    if scale < f32::MIN_POSITIVE.into() {
        bail!(
            "target '{name}': expected a standard deviation of at least {:e}, received {scale:e}: write \
             it in another unit",
            f32::MIN_POSITIVE
        )
    }
    let ratio = mean.abs() / scale;
    if ratio > MOST {
        bail!(
            "target '{name}': expected a mean of at most {MOST} standard deviations, since predictions \
             have 7 digits, received {ratio:.3e} (mean {mean:e}, standard deviation {scale:e}): subtract \
             an offset from it"
        )
    }
    Ok(())
}

impl Preparation {
    /// Returns the targets of some rows as the network learns them: numbers of classes, matched by
    /// name, or standard scores.
    ///
    /// # Errors
    /// If the table does not have these rows or no such target, or a class that the preparation
    /// does not know. The error names the class and the row.
    pub fn targets(&self, table: &Table, rows: &[usize]) -> Result<Vec<f32>> {
        check_rows(table, rows)?;
        let name = &self.target.name;
        let Some(target) = table.target.as_ref().filter(|target| target.name == *name) else {
            bail!("expected a table with the target '{name}', received one without")
        };
        match (&self.target.scale, &target.values) {
            (TargetScale::Classes { classes }, TargetValues::Classes { names, labels }) => {
                check_len(name, labels.len(), table)?;
                let numbers: BTreeMap<&str, usize> =
                    classes.iter().map(String::as_str).zip(0..).collect();
                let number = |row: &usize| {
                    let class = names.get(labels[*row] as usize).map_or("", String::as_str);
                    let Some(number) = numbers.get(class) else {
                        bail!(
                            "target '{name}': expected one of the {} classes of the training table, \
                             received '{class}' in row {}",
                            classes.len(),
                            table.rows[*row]
                        )
                    };
                    Ok(*number as f32)
                };
                rows.iter().map(number).collect()
            }
            (TargetScale::Numbers { mean, scale }, TargetValues::Numbers(values)) => {
                check_len(name, values.len(), table)?;
                Ok(rows.iter().map(|row| ((values[*row] - mean) / scale) as f32).collect())
            }
            (TargetScale::Classes { .. }, TargetValues::Numbers(_)) => {
                bail!(
                    "target '{name}': expected classes as in the training table, received numbers"
                )
            }
            (TargetScale::Numbers { .. }, TargetValues::Classes { .. }) => {
                bail!(
                    "target '{name}': expected numbers as in the training table, received classes"
                )
            }
        }
    }
}
