//! PyTorch's `LSTM` with one layer, up to its last hidden state; without a replica axis.

use candle_core::{D, Result, Tensor};
use candle_nn::{Init, ModuleT, VarBuilder};

use crate::ops::{self, LstmWeights};

/// An LSTM that returns the hidden state of each sequence after its last step.
///
/// # Shapes
/// input (N, T, C + 1), with the last channel 1 at the steps of a sequence and 0 at the padding
/// after them; output (N, H). Padding changes no bit of the output.
#[derive(Clone, Debug)]
pub struct Lstm {
    weights: LstmWeights,
}

/// Creates an LSTM with PyTorch's variables `weight_ih_l0` (4H, C), `weight_hh_l0` (4H, H),
/// `bias_ih_l0` and `bias_hh_l0` (4H,), with gates in the order i, f, g, o. All are uniform in ±1 /
/// √H, as in PyTorch.
///
/// # Errors
/// If the variables exist with other shapes.
pub fn lstm(channels: usize, hidden: usize, vb: VarBuilder) -> Result<Lstm> {
    let limit = 1. / (hidden as f64).sqrt();
    let start = Init::Uniform { lo: -limit, up: limit };
    let weights = LstmWeights {
        input: vb.get_with_hints((4 * hidden, channels), "weight_ih_l0", start)?,
        hidden: vb.get_with_hints((4 * hidden, hidden), "weight_hh_l0", start)?,
        input_bias: vb.get_with_hints(4 * hidden, "bias_ih_l0", start)?,
        hidden_bias: vb.get_with_hints(4 * hidden, "bias_hh_l0", start)?,
    };
    Ok(Lstm { weights })
}

impl ModuleT for Lstm {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let (_, _, width) = xs.dims3()?;
        let lengths = ops::lengths(&xs.narrow(D::Minus1, width - 1, 1)?.squeeze(2)?)?;
        // A backward pass follows if the sequences are a variable's, as under an attack.
        let keep = train || xs.track_op();
        ops::lstm(&xs.narrow(2, 0, width - 1)?, &lengths, &self.weights, keep)
    }
}
