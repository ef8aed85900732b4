//! The multilayer perceptron of the tutorial: dense layers with ReLU between them.

use std::fmt;
use std::str::FromStr;

use candle_core::Result;
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use crate::nn::{Relu, SequentialT, dense, seq_t};
use crate::noise::{GaussianNoise, NoiseBuilder};

/// Where noise enters a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// On the inputs.
    Input,
    /// On every hidden layer's weighted sums, before the activation.
    BeforeActivation,
    /// On every hidden layer's outputs, after the activation.
    AfterActivation,
}

impl Placement {
    const ALL: [Self; 3] = [Self::Input, Self::BeforeActivation, Self::AfterActivation];
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "input",
            Self::BeforeActivation => "before-activation",
            Self::AfterActivation => "after-activation",
        })
    }
}

impl FromStr for Placement {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|placement| placement.to_string() == text);
        found.ok_or_else(|| {
            format!(
                "expected {}, {} or {}, received '{text}'",
                Self::ALL[0],
                Self::ALL[1],
                Self::ALL[2]
            )
        })
    }
}

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
    /// When a spread is negative or not finite, a placement is named twice, or variables exist with
    /// other shapes.
    pub fn build(
        &self,
        vb: &VarBuilder,
        nb: &NoiseBuilder,
        noise: &[(Placement, Vec<f64>)],
    ) -> Result<SequentialT> {
        let placements: Vec<Placement> = noise.iter().map(|(placement, _)| *placement).collect();
        if let Some(i) = (1..noise.len()).find(|&i| placements[..i].contains(&placements[i])) {
            candle_core::bail!(
                "expected one noise for each placement, received two for {}",
                placements[i]
            )
        }
        let add_noise = |model: SequentialT, placement: Placement, name: &str| match noise
            .iter()
            .find(|(other, _)| *other == placement)
        {
            Some((_, stddevs)) => {
                model.add_named(name, GaussianNoise::with_strengths(stddevs, nb.pp(name))?)
            }
            None => Ok(model),
        };
        let mut model = add_noise(seq_t(), Placement::Input, "input")?;
        let mut width = self.inputs;
        for (i, &hidden) in self.hidden.iter().enumerate() {
            let name = format!("fc{}", i + 1);
            model = model.add_named(&name, dense(nb.replicas(), width, hidden, vb.pp(&name))?)?;
            let (before, after) = (format!("hidden.{i}.before"), format!("hidden.{i}.after"));
            model = add_noise(model, Placement::BeforeActivation, &before)?;
            model = model.add_named(&format!("relu{}", i + 1), Relu)?;
            model = add_noise(model, Placement::AfterActivation, &after)?;
            width = hidden;
        }
        let name = format!("fc{}", self.hidden.len() + 1);
        model.add_named(&name, dense(nb.replicas(), width, self.outputs, vb.pp(&name))?)
    }
}
