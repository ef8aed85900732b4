//! Keras' `Conv2D` without padding, and `MaxPooling2D`; channels last, without a replica axis.

use candle_core::{Result, Tensor};
use candle_nn::{Init, Module, VarBuilder};

use crate::ops::{self, ConvLayer};

/// A convolution, followed by max(y, 0) if it has a rectifier.
///
/// # Shapes
/// input (N, H, W, C); output (N, H − K + 1, W − K + 1, O).
#[derive(Clone, Debug)]
pub struct Conv2d {
    weight: Tensor,
    bias: Tensor,
    relu: bool,
}

/// Creates a convolution with the variables `weight` (K, K, C, O), Glorot-uniform, and `bias` (O,),
/// zero.
///
/// Glorot & Bengio 2010: uniform in ±√(6 / (K² C + K² O)), the default of Keras.
///
/// # Errors
/// If the variables exist with other shapes.
pub fn conv2d(channels: usize, outputs: usize, kernel: usize, vb: VarBuilder) -> Result<Conv2d> {
    let limit = (6. / (kernel * kernel * (channels + outputs)) as f64).sqrt();
    let glorot = Init::Uniform { lo: -limit, up: limit };
    let weight = vb.get_with_hints((kernel, kernel, channels, outputs), "weight", glorot)?;
    let bias = vb.get_with_hints(outputs, "bias", Init::Const(0.))?;
    Ok(Conv2d { weight, bias, relu: false })
}

impl Conv2d {
    /// Adds a rectifier in the same op.
    #[must_use]
    pub fn relu(self) -> Self {
        Self { relu: true, ..self }
    }

    /// Returns the layer for [`ops::convolutions`].
    pub(super) fn layer(&self) -> ConvLayer {
        ConvLayer { weight: self.weight.clone(), bias: self.bias.clone(), relu: self.relu }
    }
}

impl Module for Conv2d {
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        ops::convolutions(xs, &[self.layer()], None)
    }
}

/// Max pooling: the maximum of each square of pixels.
///
/// # Shapes
/// input (N, H, W, C); output (N, H / size, W / size, C), rounded down.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool2d {
    /// Height and width of the squares.
    pub size: usize,
}

impl Module for MaxPool2d {
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        ops::max_pool2d(xs, self.size)
    }
}
