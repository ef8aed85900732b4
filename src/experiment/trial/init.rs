//! Weights to begin with instead of random ones.

use anyhow::{Context, Result, ensure};
use candle_core::Tensor;
use candle_nn::VarMap;

use crate::bundle::{Bundle, replicas::finite};
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

    /// Sets the variables of networks of these seeds. A seed takes one network of several, always the same.
    /// Learned strengths of noise begin anew.
    pub fn set(&self, varmap: &VarMap, seeds: &[u64], axis: Axis) -> Result<()> {
        for (name, var) in sorted_vars(varmap) {
            let Some((_, all)) = self.weights.iter().find(|(own, _)| *own == name) else {
                ensure!(
                    name.starts_with("noise."),
                    "expected trained weights of the variable {name}, received none"
                );
                continue;
            };
            let one = |seed: &u64| {
                let network = self.networks[(seed % self.networks.len() as u64) as usize];
                all.narrow(0, network as usize, 1)
            };
            let own: Vec<Tensor> = seeds.iter().map(one).collect::<candle_core::Result<_>>()?;
            let own = Tensor::cat(&own, 0)?;
            let own = if axis == Axis::Plain { own.squeeze(0)? } else { own };
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
}
