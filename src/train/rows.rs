//! Checks of rows, made once before they are used.

use candle_core::{Error, Result};

use crate::data::Samples;
use crate::metric::check_finite;
use crate::objective::Objective;

/// Checks that the inputs are finite, if they are floating-point numbers, and that the objective is
/// defined for the targets. The error names the set and the row.
pub(crate) fn check_rows(set: &str, samples: &Samples, objective: &dyn Objective) -> Result<()> {
    let (xs, ys) = samples.range(0, samples.rows())?;
    let xs = samples.with_replica_axis(xs)?;
    if xs.dtype().is_float() {
        check_finite(&xs)
            .map_err(|error| Error::Msg(format!("inputs of the {set} rows: {error}")))?;
    }
    objective.check(&ys).map_err(|error| {
        Error::Msg(format!("targets of the {set} rows, for {}: {error}", objective.name()))
    })
}
