//! A recurrent network for sequences of different lengths.

use candle_core::{D, Result, Tensor};
use candle_nn::{Init, ModuleT, VarBuilder};
use serde::{Deserialize, Serialize};

use crate::nn::{Dense, Plain, SequentialT, lstm, seq_t};
use crate::noise::{Slot, Slots};

/// An LSTM, with a dense layer on the hidden state after each sequence's last step; without a
/// replica axis.
///
/// All weights and biases start uniform in ±1 / √hidden, as in PyTorch's `LSTM` and the `Linear`
/// after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lstm {
    /// Number of values per step.
    pub channels: usize,
    /// Width of the hidden state.
    pub hidden: usize,
    /// Number of logits.
    pub outputs: usize,
}

impl Default for Lstm {
    /// Returns the network for the Japanese vowels: 12 channels, 64 hidden units, nine classes.
    fn default() -> Self {
        Self { channels: 12, hidden: 64, outputs: 9 }
    }
}

impl Lstm {
    /// Builds the network.
    ///
    /// The layers are named `input` (a slot: noise on the steps of each sequence, never on
    /// padding), `lstm`, `last` (a slot) and `fc`. The noise sites have the same paths. The
    /// parameters of `lstm` have PyTorch's names and shapes. The places are `input` and
    /// `before-dense`.
    ///
    /// # Shapes
    /// input (N, T, C + 1), as `data::Sequences` gives it: the last channel is the mask, 1 at a
    /// step and 0 at the padding after the steps; output (N, O).
    ///
    /// # Errors
    /// If a slot cannot be filled, or variables exist with other shapes.
    pub fn build(&self, vb: &VarBuilder, slots: &Slots) -> Result<SequentialT> {
        let Self { channels, hidden, outputs } = *self;
        let limit = 1. / (hidden as f64).sqrt();
        let start = Init::Uniform { lo: -limit, up: limit };
        let (lstm_vb, vb) = (vb.pp("lstm"), vb.pp("fc"));
        let weight = vb.get_with_hints((1, hidden, outputs), "weight", start)?;
        let bias = vb.get_with_hints((1, 1, outputs), "bias", start)?;
        seq_t()
            .add_named("input", StepNoise(slots.at("input")?))? // (N, T, C + 1)
            .add_named("lstm", lstm(channels, hidden, lstm_vb)?)? // (N, H)
            .add_named("last", slots.at_path("before-dense", "last")?)?
            .add_named("fc", Plain(Dense::new(weight, bias)?)) // (N, O)
    }
}

/// Noise on the steps of sequences; padding and the mask stay as they are, bit for bit.
struct StepNoise(Slot);

impl ModuleT for StepNoise {
    /// (N, T, C + 1) -> (N, T, C + 1).
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        if self.0.is_empty() {
            return Ok(xs.clone());
        }
        let channels = xs.dim(D::Minus1)? - 1;
        let (steps, mask) = (xs.narrow(2, 0, channels)?, xs.narrow(2, channels, 1)?);
        let noisy = self.0.forward_masked(&steps, &mask, train)?; // (N, T, C)
        Tensor::cat(&[noisy, mask], 2)
    }
}
