//! The multilayer perceptron: dense layers with an activation between them.

use candle_core::{Result, Tensor};
use candle_nn::{Module, VarBuilder};
use serde::{Deserialize, Serialize};

use crate::nn::{Relu, SequentialT, dense, seq_t};
use crate::noise::Slots;

/// A multilayer perceptron with a replica axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mlp {
    /// Number of input features.
    pub inputs: usize,
    /// Width of each hidden layer.
    pub hidden: Vec<usize>,
    /// Number of logits.
    pub outputs: usize,
    /// What follows each hidden layer.
    pub activation: Activation,
}

/// The nonlinearity after a hidden layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Activation {
    /// max(x, 0), as in the tutorial.
    #[default]
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// x Φ(x), with the error function.
    Gelu,
    /// x σ(x).
    Silu,
}

impl Activation {
    /// All activations.
    pub const ALL: [Self; 4] = [Self::Relu, Self::Tanh, Self::Gelu, Self::Silu];

    /// Returns its name, as on the command line: `relu`.
    pub fn name(self) -> &'static str {
        ["relu", "tanh", "gelu", "silu"][self as usize]
    }
}

impl Module for Activation {
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        match self {
            Self::Relu => Relu.forward(xs),
            Self::Tanh => xs.tanh(),
            Self::Gelu => xs.gelu_erf(),
            Self::Silu => xs.silu(),
        }
    }
}

impl Mlp {
    /// Builds the network with the number of replicas of the slots.
    ///
    /// The layers are named `input` (a slot), `fc1`, `hidden.0.before` (a slot), `relu1` (another
    /// activation is `activation1`), `hidden.0.after` (a slot), `fc2`, …; the noise sites have the same
    /// paths. The places are `input`, `before-activation` and `after-activation`.
    ///
    /// # Shapes
    /// input (R or 1, B, I); output (R, B, O).
    ///
    /// # Errors
    /// If variables exist with other shapes, or a slot cannot be filled.
    pub fn build(&self, vb: &VarBuilder, slots: &Slots) -> Result<SequentialT> {
        let mut model = seq_t().add_named("input", slots.at("input")?)?;
        let mut width = self.inputs;
        for (i, &hidden) in self.hidden.iter().enumerate() {
            let name = format!("fc{}", i + 1);
            model =
                model.add_named(&name, dense(slots.replicas(), width, hidden, vb.pp(&name))?)?;
            let (before, after) = (format!("hidden.{i}.before"), format!("hidden.{i}.after"));
            model = model.add_named(&before, slots.at_path("before-activation", &before)?)?;
            // A rectifier has a layer of its own, which is fused with its neighbours.
            model = match self.activation {
                Activation::Relu => model.add_named(&format!("relu{}", i + 1), Relu)?,
                other => model.add_named(&format!("activation{}", i + 1), other)?,
            };
            model = model.add_named(&after, slots.at_path("after-activation", &after)?)?;
            width = hidden;
        }
        let name = format!("fc{}", self.hidden.len() + 1);
        model.add_named(&name, dense(slots.replicas(), width, self.outputs, vb.pp(&name))?)
    }
}
