//! A recurrent network for sequences of unequal lengths.

use candle_core::{D, Result, Tensor};
use candle_nn::{Init, ModuleT, VarBuilder};

use super::placement::{Noise, Placement};
use crate::nn::{Dense, Plain, SequentialT, lstm, seq_t};
use crate::noise::{GaussianNoise, NoiseBuilder};

/// An LSTM whose hidden state after each sequence's last step goes through a dense layer; without a
/// replica axis.
///
/// All weights and biases start uniform in ±1 / √hidden, as PyTorch's `LSTM` and its `Linear` behind
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lstm {
    /// Number of values of a step.
    pub channels: usize,
    /// Width of the hidden state.
    pub hidden: usize,
    /// Number of logits.
    pub outputs: usize,
}

impl Default for Lstm {
    /// For the Japanese vowels: 12 channels, 64 hidden, nine classes.
    fn default() -> Self {
        Self { channels: 12, hidden: 64, outputs: 9 }
    }
}

impl Lstm {
    /// Where noise can enter.
    pub const PLACEMENTS: [Placement; 2] = [Placement::Input, Placement::BeforeDense];

    /// Builds the network with noise of the given spread, a list of one number, at each placement.
    ///
    /// The layers are named `input` (noise on the steps of each sequence, never on padding), `lstm`,
    /// `last` (noise) and `fc`; the noise sites have the same paths, and the parameters of `lstm`
    /// PyTorch's names and shapes.
    ///
    /// # Shapes
    /// input (N, T, C + 1), as `data::Sequences` gives it: the last channel is the mask, 1 at a step
    /// and 0 at the padding behind; output (N, O).
    ///
    /// # Errors
    /// When the network has no such placement or one is named twice, a spread is negative or not
    /// finite, `nb` has a replica axis, or variables exist with other shapes.
    pub fn build(
        &self,
        vb: &VarBuilder,
        nb: &NoiseBuilder,
        noise: &[(Placement, Vec<f64>)],
    ) -> Result<SequentialT> {
        let Self { channels, hidden, outputs } = *self;
        let noise = Noise::new("the recurrent network", &Self::PLACEMENTS, nb, noise)?;
        let mut model = seq_t(); // (N, T, C + 1)
        if let Some(layer) = noise.layer(Placement::Input, "input")? {
            model = model.add_named("input", StepNoise(layer))?;
        }
        let model = model.add_named("lstm", lstm(channels, hidden, vb.pp("lstm"))?)?; // (N, H)
        let limit = 1. / (hidden as f64).sqrt();
        let (start, vb) = (Init::Uniform { lo: -limit, up: limit }, vb.pp("fc"));
        let weight = vb.get_with_hints((1, hidden, outputs), "weight", start)?;
        let bias = vb.get_with_hints((1, 1, outputs), "bias", start)?;
        noise
            .add(model, Placement::BeforeDense, "last")?
            .add_named("fc", Plain(Dense::new(weight, bias)?)) // (N, O)
    }
}

/// Noise on the steps of sequences; padding and the mask stay as they are, bit for bit.
struct StepNoise(GaussianNoise);

impl ModuleT for StepNoise {
    /// (N, T, C + 1) -> (N, T, C + 1).
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let channels = xs.dim(D::Minus1)? - 1;
        let (steps, mask) = (xs.narrow(2, 0, channels)?, xs.narrow(2, channels, 1)?);
        let noisy = self.0.forward_masked(&steps, &mask, train)?; // (N, T, C)
        Tensor::cat(&[noisy, mask], 2)
    }
}
