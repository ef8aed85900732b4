//! Weights to begin with instead of random ones.

use anyhow::{Context, Result, ensure};
use candle_core::Tensor;
use candle_nn::VarMap;

use crate::bundle::Bundle;
use crate::bundle::replicas::{finite, of_replicas};
use crate::files::sha256;
use crate::nn::sorted_vars;
use crate::task::Axis;

/// Weights to begin with: those of trained networks.
#[derive(Clone, Debug)]
pub(super) struct Init {
    /// By name, with the axis of the networks first.
    weights: Vec<(String, Tensor)>,
    /// The numbers of the networks that did not diverge.
    networks: Vec<u32>,
    /// What identifies them.
    pub hash: String,
}

impl Init {
    pub fn of(bundle: &Bundle) -> Result<Self> {
        let networks = finite(bundle.weights())?;
        ensure!(!networks.is_empty(), "expected a network that did not diverge, received none");
        Ok(Self {
            weights: bundle.weights().to_vec(),
            networks,
            hash: sha256(&bundle.to_safetensors()?),
        })
    }

    /// Returns the number of networks.
    pub fn networks(&self) -> usize {
        self.networks.len()
    }

    /// Sets the variables of networks of these seeds. A seed takes one network of several, always the same.
    pub fn set(&self, varmap: &VarMap, seeds: &[u64], axis: Axis) -> Result<()> {
        let count = self.networks.len() as u64;
        let networks = seeds.iter().map(|seed| self.networks[(seed % count) as usize]);
        set_weights(varmap, &self.weights, &networks.collect::<Vec<_>>(), axis)
    }
}

/// Sets variables to the weights of some networks, by name with the axis of all networks first. Learned
/// strengths of noise without weights begin anew.
///
/// # Errors
/// If another variable has no weights, or some of another shape.
pub(in crate::experiment) fn set_weights(
    varmap: &VarMap,
    weights: &[(String, Tensor)],
    networks: &[u32],
    axis: Axis,
) -> Result<()> {
    let weights = of_replicas(weights, networks, axis)?;
    for (name, var) in sorted_vars(varmap) {
        let Some(own) = weights.get(&name) else {
            ensure!(
                name.starts_with("noise."),
                "expected trained weights of the variable {name}, received none"
            );
            continue;
        };
        ensure!(
            own.shape() == var.shape(),
            "{name}: expected trained weights of shape {:?}, received {:?}",
            var.dims(),
            own.dims()
        );
        var.set(&own.to_dtype(var.dtype())?.to_device(var.device())?).context(name)?;
    }
    Ok(())
}
