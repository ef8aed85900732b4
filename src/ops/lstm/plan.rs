//! Extents, and the order in which sequences are taken: the longest first, so that those that still
//! run are always the first ones.

use candle_core::{Result, Tensor, bail};

use super::LstmWeights;
use crate::ops::product::{in_lines, row_step};

/// Sequences that go through all steps together: few enough for a cache, enough for the products.
const PANEL: usize = 32;

/// The four gates.
pub const GATES: usize = 4;

/// The extents of an op.
pub struct Plan {
    pub steps: usize,
    pub channels: usize,
    pub hidden: usize,
    pub lengths: Vec<usize>,
    /// The sequences, the longest first.
    pub order: Vec<usize>,
}

impl Plan {
    pub fn new(xs: &Tensor, lengths: &[usize], weights: &LstmWeights) -> Result<Self> {
        let LstmWeights { input, hidden, input_bias, hidden_bias } = weights;
        let (steps, channels, width) = match (xs.dims(), hidden.dims()) {
            (&[rows, steps, channels], &[gates, width])
                if rows == lengths.len()
                    && channels > 0
                    && width > 0
                    && gates == GATES * width
                    && input.dims() == [gates, channels]
                    && [input_bias.dims(), hidden_bias.dims()] == [[gates]; 2] =>
            {
                (steps, channels, width)
            }
            _ => bail!(
                "an LSTM expects sequences (N, T, C), N lengths, and parameters (4H, C), (4H, H), \
                 (4H,) and (4H,), received {:?}, {} lengths, {:?}, {:?}, {:?} and {:?}",
                xs.dims(),
                lengths.len(),
                input.dims(),
                hidden.dims(),
                input_bias.dims(),
                hidden_bias.dims()
            ),
        };
        if let Some(length) = lengths.iter().find(|length| !(1..=steps).contains(*length)) {
            bail!("expected lengths from 1 to {steps} steps, received {length}")
        }
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        order.sort_by_key(|&row| std::cmp::Reverse(lengths[row]));
        Ok(Self { steps, channels, hidden: width, lengths: lengths.to_vec(), order })
    }

    /// The sequences in panels.
    pub fn panels(&self) -> impl Iterator<Item = &[usize]> {
        self.order.chunks(PANEL)
    }

    /// Number of a cell's inputs: the channels, the hidden state before, and a 1 for the bias.
    pub fn inputs(&self) -> usize {
        self.channels + self.hidden + 1
    }

    /// Floats from one cell's inputs to the next's.
    pub fn input_step(&self) -> usize {
        row_step(self.inputs())
    }

    /// Floats from one gate's block to the next's.
    pub fn gate_step(&self) -> usize {
        in_lines(self.hidden)
    }

    /// Floats from one cell's gates to the next's.
    pub fn gates_step(&self) -> usize {
        row_step(GATES * self.gate_step())
    }

    /// The parameters as one matrix: a row of gates for each input of a cell.
    pub fn pack(&self, args: &[&[f32]]) -> Vec<f32> {
        let (hidden, step) = (self.hidden, self.gates_step());
        let mut rows = vec![0.; self.inputs() * step];
        for gate in 0..GATES {
            for j in 0..hidden {
                let (from, column) = (gate * hidden + j, gate * self.gate_step() + j);
                let inputs = &args[1][from * self.channels..][..self.channels];
                for (k, w) in inputs.iter().chain(&args[2][from * hidden..][..hidden]).enumerate() {
                    rows[k * step + column] = *w;
                }
                rows[(self.inputs() - 1) * step + column] = args[3][from] + args[4][from];
            }
        }
        rows
    }
}
