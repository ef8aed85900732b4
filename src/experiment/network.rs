//! The network of a task with its variables and its noise.

use candle_core::{DType, Device, Result};
use candle_nn::{VarBuilder, VarMap};

use super::source::Source;
use crate::model::{Cnn, Lstm, Mlp, Placement};
use crate::nn::{SequentialT, replicated_vars, seeded_vars};
use crate::noise::{NoiseBuilder, NoiseMap};

/// A network with initial weights.
pub(super) struct Network {
    pub model: SequentialT,
    pub varmap: VarMap,
    pub noisemap: NoiseMap,
}

impl Network {
    /// The network for some data, as wide as `hidden`, with one spread a seed at each placement of
    /// `noise`. It has a replica for each seed, if it has replicas; without them there is one seed.
    pub fn new(
        source: &Source,
        hidden: usize,
        seeds: &[u64],
        noise: &[(Placement, Vec<f64>)],
        device: &Device,
    ) -> Result<Self> {
        let varmap = VarMap::new();
        let (noisemap, vb) = match source.task().has_replicas() {
            true => {
                let vb = replicated_vars(&varmap, seeds, DType::F32, device);
                (NoiseMap::replicated(seeds), vb)
            }
            false => {
                let vb = seeded_vars(&varmap, seeds[0], DType::F32, device);
                (NoiseMap::new(seeds[0]), vb)
            }
        };
        let model = build(source, hidden, &vb, &noisemap.builder(), noise)?;
        Ok(Self { model, varmap, noisemap })
    }
}

/// The network for some data on given variables.
pub(super) fn build(
    source: &Source,
    hidden: usize,
    vb: &VarBuilder,
    nb: &NoiseBuilder,
    noise: &[(Placement, Vec<f64>)],
) -> Result<SequentialT> {
    match source {
        Source::Circles => Mlp { inputs: 2, hidden: vec![hidden], outputs: 1 }.build(vb, nb, noise),
        Source::Images(_) => Cnn { filters: hidden, ..Cnn::default() }.build(vb, nb, noise),
        Source::Sequences { train, .. } => {
            let (channels, outputs) = (train.channels(), source.classes());
            Lstm { channels, hidden, outputs }.build(vb, nb, noise)
        }
    }
}
