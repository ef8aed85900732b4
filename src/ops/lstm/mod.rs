//! A long short-term memory over sequences of unequal lengths, in one op.
//!
//! i, f, g, o = σ, σ, tanh, σ of W x_t + b + U h_{t−1} + b′; c_t = f c_{t−1} + i g; h_t = o tanh c_t,
//! with h and c zero before the first step. Hochreiter & Schmidhuber 1997, Gers et al. 2000; gates and
//! parameters in PyTorch's order. Candle's own layer makes some twenty ops of a step and computes
//! padding, too.

mod backward;
mod cell;
mod forward;
mod plan;

use std::sync::OnceLock;

use candle_core::{D, DType, Result, Shape, Tensor, bail};
use candle_nn::ops::sigmoid;

use super::cpu::is_fused;
use super::many::{self, ManyOp, with_values};
use forward::Panel;
use plan::Plan;

/// The parameters of one layer, in PyTorch's shapes; gates in the order i, f, g, o.
#[derive(Clone, Debug)]
pub struct LstmWeights {
    /// `weight_ih` (4H, C).
    pub input: Tensor,
    /// `weight_hh` (4H, H).
    pub hidden: Tensor,
    /// `bias_ih` (4H,).
    pub input_bias: Tensor,
    /// `bias_hh` (4H,).
    pub hidden_bias: Tensor,
}

/// The hidden state of each sequence after its own last step.
///
/// In f32 on the CPU it is one op on one thread, which stops at each sequence's length; elsewhere its
/// plain twin of Candle's ops. Values after a sequence's length are not read, and a sequence's
/// result does not depend on the others. With `train` the gates are stored for the backward pass;
/// without it they are computed again, which suits evaluations: most have no backward pass.
///
/// # Shapes
/// `xs` (N, T, C); `lengths` one number of steps, 1 to T, a sequence; result (N, H).
///
/// # Errors
/// If the shapes do not fit or a length is 0 or above T.
pub fn lstm(xs: &Tensor, lengths: &[usize], weights: &LstmWeights, train: bool) -> Result<Tensor> {
    let LstmWeights { input, hidden, input_bias, hidden_bias } = weights;
    let plan = Plan::new(xs, lengths, weights)?;
    let args = [xs, input, hidden, input_bias, hidden_bias];
    if !is_fused(&args) {
        return plain(xs, lengths, weights);
    }
    let args = args.iter().map(|arg| arg.contiguous()).collect::<Result<_>>()?;
    many::apply(args, Lstm { plan, keep: train, kept: OnceLock::new() })
}

/// The twin of the fused op: all rows to the longest length, each row's state kept from its last step
/// on.
fn plain(xs: &Tensor, lengths: &[usize], weights: &LstmWeights) -> Result<Tensor> {
    let (rows, hidden) = (lengths.len(), weights.hidden.dim(1)?);
    let mut h = Tensor::zeros((rows, hidden), xs.dtype(), xs.device())?;
    let mut c = h.clone();
    let bias = (&weights.input_bias + &weights.hidden_bias)?;
    let (w, u) = (weights.input.t()?, weights.hidden.t()?);
    for t in 0..lengths.iter().copied().max().unwrap_or(0) {
        let x = xs.narrow(1, t, 1)?.squeeze(1)?.contiguous()?; // (N, C)
        let z = (x.matmul(&w)? + h.matmul(&u)?)?.broadcast_add(&bias)?; // (N, 4H)
        let z = z.chunk(4, D::Minus1)?;
        let (i, f, o) = (sigmoid(&z[0])?, sigmoid(&z[1])?, sigmoid(&z[3])?);
        let next_c = ((f * &c)? + (i * z[2].tanh()?)?)?;
        let next_h = (o * next_c.tanh()?)?;
        let valid: Vec<u8> = lengths.iter().map(|&length| u8::from(t < length)).collect();
        let valid =
            Tensor::from_vec(valid, (rows, 1), xs.device())?.broadcast_as((rows, hidden))?;
        c = valid.where_cond(&next_c, &c)?;
        h = valid.where_cond(&next_h, &h)?;
    }
    Ok(h)
}

/// The number of steps of each sequence, from a mask that is 1 at its steps and 0 at the padding
/// after them.
///
/// # Shapes
/// `mask` (N, T).
///
/// # Errors
/// If a row has no step, a step after padding, or another value than 0 and 1.
pub fn lengths(mask: &Tensor) -> Result<Vec<usize>> {
    let rows = mask.to_dtype(DType::F32)?.to_vec2::<f32>()?;
    let length = |(i, row): (usize, &Vec<f32>)| {
        let steps = row.iter().take_while(|&&m| m == 1.).count();
        if steps == 0 || row[steps..].iter().any(|&m| m != 0.) {
            bail!(
                "expected a mask of 1 at one or more steps and 0 after them, received {row:?} in \
                 row {i}"
            )
        }
        Ok(steps)
    };
    rows.iter().enumerate().map(length).collect()
}

struct Lstm {
    plan: Plan,
    keep: bool,
    kept: OnceLock<Vec<Panel>>,
}

impl ManyOp for Lstm {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn forward(&self, args: &[Tensor]) -> Result<(Vec<f32>, Shape)> {
        let (ys, panels) = with_values(args, |args| forward::forward(&self.plan, args, self.keep))?;
        if self.keep {
            // The forward pass runs once for each op.
            let _ = self.kept.set(panels);
        }
        Ok((ys, (self.plan.lengths.len(), self.plan.hidden).into()))
    }

    fn backward(&self, args: &[Tensor], _: &Tensor, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let of_weights = args[1..].iter().any(Tensor::track_op);
        let (wanted, again) = ([args[0].track_op(), of_weights], OnceLock::new());
        let tensors = [args, &[grad.contiguous()?]].concat();
        let grads = with_values(&tensors, |slices| {
            let (args, grad) = slices.split_at(args.len());
            let run = || forward::forward(&self.plan, args, true).1;
            let panels = self.kept.get().unwrap_or_else(|| again.get_or_init(run));
            backward::backward(&self.plan, args, panels, grad[0], wanted)
        })?;
        let tensors = grads.into_iter().zip(args).map(|(grad, arg)| match grad.is_empty() {
            true => Ok(None),
            false => Tensor::from_vec(grad, arg.shape(), arg.device()).map(Some),
        });
        tensors.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{check, largest_difference, numbers};
    use candle_core::{Device, Var};

    /// Sequences, and parameters of about the size that training has.
    fn example(rows: usize, steps: usize, channels: usize, hidden: usize) -> Result<[Var; 5]> {
        let small =
            |shape: &[usize], salt| Var::from_tensor(&(numbers(shape, salt)?.as_tensor() * 0.5)?);
        let gates = 4 * hidden;
        Ok([
            numbers(&[rows, steps, channels], 1)?,
            small(&[gates, channels], 2)?,
            small(&[gates, hidden], 3)?,
            small(&[gates], 4)?,
            small(&[gates], 5)?,
        ])
    }

    fn weights([_, input, hidden, input_bias, hidden_bias]: &[Var; 5]) -> LstmWeights {
        LstmWeights {
            input: input.as_tensor().clone(),
            hidden: hidden.as_tensor().clone(),
            input_bias: input_bias.as_tensor().clone(),
            hidden_bias: hidden_bias.as_tensor().clone(),
        }
    }

    #[test]
    fn value_and_gradients_equal_the_plain_twins_and_differences() -> Result<()> {
        for (steps, channels, hidden, lengths) in [
            (5, 3, 4, vec![5, 2, 4, 2, 1]),
            (3, 12, 64, vec![1, 3]),
            (2, 1, 17, vec![1]),
            // More than a panel, and no row as long as the tensor.
            (6, 2, 8, (0..70).map(|i| i % 5 + 1).collect()),
        ] {
            let vars = example(lengths.len(), steps, channels, hidden)?;
            for keep in [false, true] {
                check(
                    &vars,
                    || lstm(&vars[0], &lengths, &weights(&vars), keep),
                    || plain(&vars[0], &lengths, &weights(&vars)),
                    keep,
                )?;
            }
        }
        Ok(())
    }

    #[test]
    fn a_sequences_bits_depend_neither_on_the_others_nor_on_its_padding() -> Result<()> {
        let vars = example(40, 6, 2, 24)?;
        let lengths: Vec<usize> = (0..40).map(|i| i % 6 + 1).collect();
        let together = lstm(&vars[0], &lengths, &weights(&vars), true)?;
        for row in [0, 2, 17, 39] {
            let length = lengths[row];
            let xs = vars[0].narrow(0, row, 1)?.narrow(1, 0, length)?;
            let padding = Tensor::full(f32::NAN, (1, 3, 2), &Device::Cpu)?;
            for xs in [xs.clone(), Tensor::cat(&[&xs, &padding], 1)?] {
                let alone = lstm(&xs, &[length], &weights(&vars), false)?;
                let expected = together.narrow(0, row, 1)?.to_vec2::<f32>()?;
                assert_eq!(alone.to_vec2::<f32>()?, expected, "{row}");
            }
        }
        Ok(())
    }

    #[test]
    fn gradients_of_padding_are_zero_and_a_second_pass_gives_the_same() -> Result<()> {
        let vars = example(3, 4, 2, 8)?;
        let ys = lstm(&vars[0], &[2, 4, 1], &weights(&vars), true)?;
        let (first, second) = (ys.backward()?, ys.backward()?);
        let dx = first.get(&vars[0]).unwrap();
        for (row, length) in [(0, 2), (2, 1)] {
            let padding = dx.get(row)?.narrow(0, length, 4 - length)?.abs()?.sum_all()?;
            assert_eq!(padding.to_scalar::<f32>()?, 0.);
        }
        for var in &vars {
            let (first, second) = (first.get(var).unwrap(), second.get(var).unwrap());
            assert_eq!(largest_difference(first, second)?, 0.);
        }
        Ok(())
    }

    #[test]
    fn masks_give_lengths_and_bad_ones_are_named() -> Result<()> {
        let mask = |rows: [[f32; 3]; 2]| lengths(&Tensor::new(&rows, &Device::Cpu)?);
        assert_eq!(mask([[1., 0., 0.], [1., 1., 1.]])?, [1, 3]);
        for bad in [[0., 0., 0.], [1., 0., 1.], [1., 0.5, 0.], [f32::NAN, 0., 0.]] {
            let error = mask([[1.; 3], bad]).unwrap_err().to_string();
            assert!(error.contains("1 at one or more steps") && error.contains("row 1"), "{error}");
        }
        Ok(())
    }

    #[test]
    fn wrong_shapes_and_lengths_are_named() -> Result<()> {
        let vars = example(2, 3, 2, 4)?;
        let error = |lengths: &[usize]| {
            lstm(&vars[0], lengths, &weights(&vars), true).unwrap_err().to_string()
        };
        assert!(error(&[1]).contains("[2, 3, 2], 1 lengths, [16, 2], [16, 4], [16] and [16]"));
        assert!(error(&[1, 4]).contains("lengths from 1 to 3 steps, received 4"));
        assert!(error(&[0, 3]).contains("received 0"));
        Ok(())
    }
}
