//! Adapts a layer with a replica axis to a model without one.

use candle_core::{Result, Tensor};
use candle_nn::Module;

/// A layer of one replica. Its axis is added to the input and removed from the output.
///
/// # Shapes
/// input (B, …) and output (B, …): those of the layer without their first axis of 1.
#[derive(Clone, Copy, Debug)]
pub struct Plain<M>(pub M);

impl<M: Module> Module for Plain<M> {
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        self.0.forward(&xs.unsqueeze(0)?)?.squeeze(0)
    }
}
