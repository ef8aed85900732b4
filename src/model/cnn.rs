//! A small convolutional network for small images.

use candle_core::{Result, Tensor, bail};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use crate::nn::{MaxPool2d, Plain, SequentialT, conv2d, dense, seq_t};
use crate::noise::Slots;

/// Two convolutions with rectifiers, max pooling and a dense layer; without a replica axis.
///
/// conv – ReLU – conv – ReLU – max-pool – flatten – dense. The convolutions have no padding and the
/// same number of filters. Initial weights are Glorot-uniform and biases 0, as in Keras.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cnn {
    /// Channels, height and width of the images.
    pub image: [usize; 3],
    /// Number of filters of each convolution.
    pub filters: usize,
    /// Height and width of the filters.
    pub kernel: usize,
    /// Height and width of the pooled squares.
    pub pool: usize,
    /// Number of logits.
    pub outputs: usize,
}

impl Default for Cnn {
    /// Returns the network for the digits: 32 filters of 3×3 and squares of 2×2, so that 8×8
    /// becomes 6×6, 4×4 and 2×2; ten classes.
    fn default() -> Self {
        Self { image: [1, 8, 8], filters: 32, kernel: 3, pool: 2, outputs: 10 }
    }
}

impl Cnn {
    /// Builds the network.
    ///
    /// The layers are named `input` (a slot), `channels_last`, `conv1`, `conv2`, `pool`, `pooled`
    /// (a slot), `flatten` and `fc`; the noise sites have the same paths. The places are `input`
    /// and `after-pooling`. Flattened features are in Keras' order, channels last.
    ///
    /// # Shapes
    /// input (N, C, H, W); output (N, O).
    ///
    /// # Errors
    /// If the image is too small for the filters and squares, a slot cannot be filled, or variables
    /// exist with other shapes.
    pub fn build(&self, vb: &VarBuilder, slots: &Slots) -> Result<SequentialT> {
        let Self { image: [channels, height, width], filters, kernel, pool, outputs } = *self;
        // Two convolutions, then the squares: 8 -> 6 -> 4 -> 2.
        let pooled = |extent: usize| {
            let left = extent.checked_add(2)?.checked_sub(kernel.checked_mul(2)?)?;
            left.checked_div(pool).filter(|extent| *extent > 0)
        };
        let pixels = pooled(height).zip(pooled(width)).filter(|_| kernel > 0);
        let features =
            pixels.and_then(|(height, width)| height.checked_mul(width)?.checked_mul(filters));
        let Some(features) = features else {
            bail!(
                "two convolutions of {kernel}×{kernel} and squares of {pool}×{pool} do not fit into \
                 images of {height}×{width}"
            )
        };
        // The shapes after each layer are those of the default.
        let input = slots.at_path_of_channels_first("input", "input")?;
        seq_t()
            .add_named("input", input)? // (N, 1, 8, 8)
            .add_named("channels_last", |xs: &Tensor| {
                xs.permute((0, 2, 3, 1))?.contiguous() // (N, 8, 8, 1)
            })?
            .add_named("conv1", conv2d(channels, filters, kernel, vb.pp("conv1"))?.relu())? // (N, 6, 6, 32)
            .add_named("conv2", conv2d(filters, filters, kernel, vb.pp("conv2"))?.relu())? // (N, 4, 4, 32)
            .add_named("pool", MaxPool2d { size: pool })? // (N, 2, 2, 32)
            .add_named("pooled", slots.at_path("after-pooling", "pooled")?)?
            .add_named("flatten", |xs: &Tensor| xs.flatten_from(1))? // (N, 128)
            .add_named("fc", Plain(dense(1, features, outputs, vb.pp("fc"))?)) // (N, 10)
    }
}
