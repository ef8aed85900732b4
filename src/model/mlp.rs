//! The multilayer perceptron of the tutorial: dense layers with ReLU between them.

use candle_core::Result;
use candle_nn::VarBuilder;

use super::placement::{Noise, Placement};
use crate::nn::{Relu, SequentialT, dense, seq_t};
use crate::noise::NoiseBuilder;

/// A multilayer perceptron with a replica axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mlp {
    /// Number of input features.
    pub inputs: usize,
    /// Width of each hidden layer.
    pub hidden: Vec<usize>,
    /// Number of logits.
    pub outputs: usize,
}

impl Mlp {
    /// Where noise can enter.
    pub const PLACEMENTS: [Placement; 3] =
        [Placement::Input, Placement::BeforeActivation, Placement::AfterActivation];

    /// Builds the network with as many replicas as `nb` has, and noise of one spread a replica at
    /// each given placement.
    ///
    /// The layers are named `input` (noise), `fc1`, `hidden.0.before` (noise), `relu1`,
    /// `hidden.0.after` (noise), `fc2`, …; the noise sites have the same paths.
    ///
    /// # Shapes
    /// input (R or 1, B, I); output (R, B, O).
    ///
    /// # Errors
    /// When a spread is negative or not finite, the network has no such placement or one is named
    /// twice, or variables exist with other shapes.
    pub fn build(
        &self,
        vb: &VarBuilder,
        nb: &NoiseBuilder,
        noise: &[(Placement, Vec<f64>)],
    ) -> Result<SequentialT> {
        let noise = Noise::new("the multilayer perceptron", &Self::PLACEMENTS, nb, noise)?;
        let mut model = noise.add(seq_t(), Placement::Input, "input")?;
        let mut width = self.inputs;
        for (i, &hidden) in self.hidden.iter().enumerate() {
            let name = format!("fc{}", i + 1);
            model = model.add_named(&name, dense(nb.replicas(), width, hidden, vb.pp(&name))?)?;
            let (before, after) = (format!("hidden.{i}.before"), format!("hidden.{i}.after"));
            model = noise.add(model, Placement::BeforeActivation, &before)?;
            model = model.add_named(&format!("relu{}", i + 1), Relu)?;
            model = noise.add(model, Placement::AfterActivation, &after)?;
            width = hidden;
        }
        let name = format!("fc{}", self.hidden.len() + 1);
        model.add_named(&name, dense(nb.replicas(), width, self.outputs, vb.pp(&name))?)
    }
}
