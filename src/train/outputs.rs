//! The outputs of a model as losses and metrics take them.

use candle_core::{Result, Tensor, bail};

use crate::data::Samples;
use crate::objective::Objective;
use crate::ops::at_least_single;

/// Returns the outputs of a model for some of the samples: with a replica axis, and in single precision
/// where they were in half precision.
///
/// # Errors
/// If a row does not have the outputs of the objective: on the last axis, or on all its axes together.
pub(super) fn outputs_of(
    samples: &Samples,
    outputs: Tensor,
    objective: &dyn Objective,
) -> Result<Tensor> {
    let outputs = at_least_single(&samples.with_replica_axis(outputs)?)?;
    let expected = objective.outputs();
    let fits = match outputs.dims() {
        [_, _, row @ ..] => {
            row.last() == Some(&expected) || row.iter().product::<usize>() == expected
        }
        _ => false,
    };
    if !fits {
        bail!(
            "expected outputs of shape (R, B, {expected}), as {} has them, received {:?}",
            objective.name(),
            outputs.dims()
        )
    }
    Ok(outputs)
}
