//! Keras' `Dense` with a leading replica axis.

use candle_core::{Result, Tensor, bail};
use candle_nn::{Init, Module, VarBuilder};

use crate::ops;

/// ys = xs · w + b for each replica.
///
/// # Shapes
/// input (R, B, I) or, shared by all replicas, (1, B, I); output (R, B, O).
#[derive(Clone, Debug)]
pub struct Dense {
    weight: Tensor,
    bias: Tensor,
}

/// Creates a dense layer with the variables `weight` (R, I, O), Glorot-uniform, and `bias` (R, 1,
/// O), zero.
///
/// Glorot & Bengio 2010: uniform in ±√(6 / (I + O)), the default of Keras.
///
/// # Errors
/// If the variables exist with other shapes.
pub fn dense(replicas: usize, inputs: usize, outputs: usize, vb: VarBuilder) -> Result<Dense> {
    let limit = (6. / (inputs + outputs) as f64).sqrt();
    let glorot = Init::Uniform { lo: -limit, up: limit };
    let weight = vb.get_with_hints((replicas, inputs, outputs), "weight", glorot)?;
    let bias = vb.get_with_hints((replicas, 1, outputs), "bias", Init::Const(0.))?;
    Dense::new(weight, bias)
}

impl Dense {
    /// Creates a dense layer with these weights (R, I, O) and this bias (R, 1, O).
    ///
    /// # Errors
    /// If the shapes do not match.
    pub fn new(weight: Tensor, bias: Tensor) -> Result<Self> {
        match (weight.dims(), bias.dims()) {
            (&[r, _, o], &[replicas, 1, outputs]) if (r, o) == (replicas, outputs) => {
                Ok(Self { weight, bias })
            }
            (weight, bias) => bail!(
                "a dense layer expects weights (R, I, O) and a bias (R, 1, O), received {weight:?} \
                 and {bias:?}"
            ),
        }
    }

    /// Returns the weights (R, I, O).
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// Returns the number of input features.
    #[cfg(feature = "cuda")]
    pub(crate) fn inputs(&self) -> usize {
        self.weight.dims()[1]
    }

    /// Returns the number of output features.
    #[cfg(feature = "cuda")]
    pub(crate) fn outputs(&self) -> usize {
        self.weight.dims()[2]
    }

    /// Returns whether this layer can be part of a fused run of layers that begins with `xs`.
    pub(super) fn is_fused(&self, xs: &Tensor) -> bool {
        xs.rank() == 3 && ops::has_kernel(&[xs, &self.weight, &self.bias])
    }

    /// Returns whether the layer belongs in a run of small layers.
    pub(super) fn is_small(&self) -> bool {
        ops::is_small(&self.weight)
    }

    /// Returns the bias (R, 1, O).
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }
}

impl Module for Dense {
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        ops::dense(xs, &self.weight, &self.bias)
    }
}
