//! What relative noise on the inputs is relative to.

use candle_core::{Result, Tensor};

use crate::data::Samples;
use crate::noise::NoiseSpec;

/// Returns the standard deviations of the columns of the training rows, if some noise is relative.
///
/// # Errors
/// If a device fails.
pub(crate) fn column_stds(noise: &[NoiseSpec], train: &Samples) -> Result<Option<Tensor>> {
    match noise.iter().any(NoiseSpec::is_relative) {
        true => train.column_stds(),
        false => Ok(None),
    }
}
