//! The gates of some cells, forward and backward, in vectors.

use pulp::Simd;

use crate::ops::logistic::{sigmoid, tanh};
use crate::simd::vectorized;

/// One cell's gates, before and after their activations, and its states. All have one length except
/// `gates`, whose blocks stand `step` apart.
pub struct Cell<'a> {
    pub gates: &'a mut [f32],
    pub step: usize,
    /// The cell state of the step before, and then of this one.
    pub state: &'a mut [f32],
    /// tanh of the state.
    pub squashed: &'a mut [f32],
    pub hidden: &'a mut [f32],
}

vectorized!(pub(super) fn activate<'a>(cell: Cell<'a>) = activate_simd);

/// c ← f c + i g and h = o tanh c; the gates become their activations.
#[inline(always)]
fn activate_simd<'a, S: Simd>(_: S, cell: Cell<'a>) {
    let len = cell.state.len();
    let (squashed, hidden) = (&mut cell.squashed[..len], &mut cell.hidden[..len]);
    let (i, rest) = cell.gates.split_at_mut(cell.step);
    let (f, rest) = rest.split_at_mut(cell.step);
    let (g, o) = rest.split_at_mut(cell.step);
    let (i, f, g, o) = (&mut i[..len], &mut f[..len], &mut g[..len], &mut o[..len]);
    for j in 0..len {
        i[j] = sigmoid(i[j]);
        f[j] = sigmoid(f[j]);
        g[j] = tanh(g[j]);
        o[j] = sigmoid(o[j]);
        cell.state[j] = f[j].mul_add(cell.state[j], i[j] * g[j]);
        squashed[j] = tanh(cell.state[j]);
        hidden[j] = o[j] * squashed[j];
    }
}

/// One cell's activations, and the gradients of its states and gates.
pub struct CellGrad<'a> {
    /// The activations of the gates, whose blocks stand `step` apart.
    pub gates: &'a [f32],
    pub step: usize,
    /// tanh of the state.
    pub squashed: &'a [f32],
    /// The cell state of the step before.
    pub before: &'a [f32],
    /// The gradient of the hidden state.
    pub hidden_grad: &'a [f32],
    /// The gradient of the cell state without that through the hidden state, and then that of the
    /// step before.
    pub state_grad: &'a mut [f32],
    /// The gradients of the gates before their activations.
    pub grads: &'a mut [f32],
}

vectorized!(pub(super) fn deactivate<'a>(cell: CellGrad<'a>) = deactivate_simd);

/// The backward pass of [`activate`].
#[inline(always)]
fn deactivate_simd<'a, S: Simd>(_: S, cell: CellGrad<'a>) {
    let (len, step) = (cell.state_grad.len(), cell.step);
    let gate = |k: usize| &cell.gates[k * step..][..len];
    let (i, f, g, o) = (gate(0), gate(1), gate(2), gate(3));
    let (di, rest) = cell.grads.split_at_mut(step);
    let (df, rest) = rest.split_at_mut(step);
    let (dg, d_o) = rest.split_at_mut(step);
    let (di, df, dg, d_o) = (&mut di[..len], &mut df[..len], &mut dg[..len], &mut d_o[..len]);
    let (squashed, before) = (&cell.squashed[..len], &cell.before[..len]);
    let hidden_grad = &cell.hidden_grad[..len];
    for j in 0..len {
        let dh = hidden_grad[j];
        let slope = (-squashed[j]).mul_add(squashed[j], 1.);
        let dc = (dh * o[j]).mul_add(slope, cell.state_grad[j]);
        d_o[j] = dh * squashed[j] * o[j] * (1. - o[j]);
        di[j] = dc * g[j] * i[j] * (1. - i[j]);
        df[j] = dc * before[j] * f[j] * (1. - f[j]);
        dg[j] = dc * i[j] * (-g[j]).mul_add(g[j], 1.);
        cell.state_grad[j] = dc * f[j];
    }
}
