//! Training of small networks through many epochs in one launch, on CUDA devices.
//!
//! An epoch of a network such as the tutorial's takes a GPU a few microseconds, but its thirty launches take
//! a hundred. Here a block of threads trains one replica: shared memory has its weights and
//! activations, so that an epoch waits for neither the host nor the device's memory. The twin is training
//! epoch by epoch, which has the same noise and the same order of the rows to the bit.

mod cuda;
mod plan;

use candle_core::{Result, Tensor};

use super::adam::AdamUpdate;
use super::noise::NoiseDraw;
use crate::rng::{Key, Stream};

/// The kernel.
pub(super) const CUDA_SOURCE: &str = include_str!("mlp.cu");

/// Noise at one place: the draws of the first step, one a replica.
pub type Noise = Option<Vec<NoiseDraw>>;

/// A dense layer and what follows it.
#[derive(Clone, Debug)]
pub struct MlpLayer {
    pub inputs: usize,
    pub outputs: usize,
    pub relu: bool,
    /// Noise on the weighted sums.
    pub before: Noise,
    /// Noise after the rectifier.
    pub after: Noise,
}

/// A network, its rows and its steps.
#[derive(Clone, Debug)]
pub struct MlpRun {
    /// Noise on the rows.
    pub input: Noise,
    /// The last one has a single output, a logit.
    pub layers: Vec<MlpLayer>,
    /// What the order of the rows is drawn from: a key a replica, a stream, and the step of the first epoch.
    pub keys: Vec<Key>,
    pub stream: Stream,
    pub first_epoch: u32,
    pub epochs: usize,
    /// Rows of a batch.
    pub batch: usize,
    /// Training rows of an epoch.
    pub used: usize,
    /// The rows of each set that is evaluated after each epoch. The first are those of training.
    pub sets: Vec<usize>,
    /// The numbers of each step.
    pub updates: Vec<AdamUpdate>,
}

/// What a run gives.
pub struct Trained {
    /// The weights and biases of each layer, (R, I, O) and (R, 1, O), with their moments (2, …).
    pub layers: Vec<[(Tensor, Tensor); 2]>,
    /// The loss and the hits of each batch and then each set, epoch by epoch: (epochs, batches + sets, 2, R).
    pub scores: Vec<f32>,
}

impl MlpRun {
    /// Returns whether a block of a device has room for a replica.
    pub fn fits(&self, device: &candle_core::Device) -> bool {
        device.as_cuda_device().is_ok_and(|device| {
            plan::Plan::of(self).is_some_and(|plan| plan.bytes() <= cuda::room_of_a_block(device))
        })
    }

    /// Trains: binary cross-entropy, and Adam's steps.
    ///
    /// # Shapes
    /// `layers`: the weights and biases with their moments, as [`Trained::layers`]; `xs` (R or 1, N, I) and
    /// `ys` (R or 1, N), in f32, with the rows of all sets one after the other.
    ///
    /// # Errors
    /// If the device fails.
    pub fn train(
        &self,
        layers: &[[(Tensor, Tensor); 2]],
        xs: &Tensor,
        ys: &Tensor,
    ) -> Result<Trained> {
        let Some(plan) = plan::Plan::of(self) else {
            candle_core::bail!("expected a network that fits a block, received {:?}", self.layers)
        };
        let state = plan.state(layers)?;
        let (xs, ys) = (xs.contiguous()?, ys.contiguous()?);
        let out = state.apply_op3_no_bwd(&xs, &ys, &cuda::Train { run: self, plan: &plan })?;
        let replicas = self.keys.len();
        let len = replicas * 3 * plan.parameters;
        let state = out.narrow(0, 0, len)?.reshape((replicas, 3 * plan.parameters))?;
        let scores = out.narrow(0, len, replicas * plan.scores)?.to_vec1()?;
        Ok(Trained { layers: plan.layers(&state)?, scores })
    }
}
