//! Networks among weights that have an axis for the networks first.

use std::collections::HashMap;
use std::sync::PoisonError;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};

use crate::noise::NoiseMap;
use crate::ops::Axis;

/// Returns the networks whose weights are finite.
///
/// # Errors
/// If a weight has no axis for the networks.
pub(crate) fn finite(weights: &[(String, Tensor)]) -> Result<Vec<u32>> {
    let replicas = weights.first().map_or(Ok(0), |(_, weights)| weights.dim(0))?;
    let mut finite = Vec::new();
    for replica in 0..replicas {
        let sum = |(_, weights): &(String, Tensor)| {
            weights.get(replica)?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()
        };
        let sums = weights.iter().map(sum).collect::<Result<Vec<f64>>>()?;
        if sums.iter().all(|sum| sum.is_finite()) {
            finite.push(replica as u32);
        }
    }
    Ok(finite)
}

/// Returns the weights of some networks as constants, of one if they have no replica axis.
///
/// # Errors
/// If a network does not exist.
pub(crate) fn constants(
    weights: &[(String, Tensor)],
    replicas: &[u32],
    axis: Axis,
    device: &Device,
) -> Result<VarBuilder<'static>> {
    let own = of_replicas(weights, replicas, axis)?.into_iter();
    let own = own.map(|(name, weights)| Ok((name, weights.to_device(device)?)));
    Ok(VarBuilder::from_tensors(own.collect::<Result<_>>()?, DType::F32, device))
}

/// Returns the weights of some networks as variables, of one if they have no replica axis.
///
/// # Errors
/// If a network does not exist.
pub(crate) fn variables(
    weights: &[(String, Tensor)],
    replicas: &[u32],
    axis: Axis,
    device: &Device,
) -> Result<VarMap> {
    let varmap = VarMap::new();
    let mut vars = varmap.data().lock().unwrap_or_else(PoisonError::into_inner);
    for (name, own) in of_replicas(weights, replicas, axis)? {
        vars.insert(name, Var::from_tensor(&own.to_device(device)?)?);
    }
    drop(vars);
    Ok(varmap)
}

/// Returns the weights of some networks by name, of one without the replica axis if they have none.
///
/// # Errors
/// If a network does not exist.
pub(crate) fn of_replicas(
    weights: &[(String, Tensor)],
    replicas: &[u32],
    axis: Axis,
) -> Result<HashMap<String, Tensor>> {
    let ids = Tensor::new(replicas, &Device::Cpu)?;
    let own = weights.iter().map(|(name, all)| {
        let own = all.index_select(&ids, 0)?;
        Ok((name.clone(), if axis == Axis::Plain { own.squeeze(0)? } else { own }))
    });
    own.collect()
}

/// Returns a map for the noise of networks of these seeds, of one if they have no replica axis.
pub(crate) fn noise_map(seeds: &[u64], axis: Axis) -> NoiseMap {
    match axis {
        Axis::Replicas => NoiseMap::replicated(seeds),
        Axis::Plain => NoiseMap::new(seeds[0]),
    }
}
