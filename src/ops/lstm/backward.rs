//! The backward pass through time.

use super::cell::{CellGrad, deactivate};
use super::forward::Panel;
use super::plan::{GATES, Plan};
use crate::ops::product::{Begin, Runs, Sums, Terms, in_lines, product, row_step, spread, starts};
use crate::ops::room::Room;

/// The gradients of `args`: sequences, the weights of inputs and hidden state, and their biases; empty
/// for the sequences or the parameters if they are not `wanted`.
pub fn backward(
    plan: &Plan,
    args: &[&[f32]],
    panels: &[Panel],
    grad: &[f32],
    [wanted, of_weights]: [bool; 2],
) -> Vec<Vec<f32>> {
    let gates_step = plan.gates_step();
    let hidden_weights = spread(args[2], plan.hidden, row_step(plan.hidden));
    let input_weights = spread(args[1], plan.channels, row_step(plan.channels));
    let mut dx = vec![0.; if wanted { args[0].len() } else { 0 }];
    let mut sums = vec![0.; plan.inputs() * gates_step];
    for panel in panels {
        let gate_grads = through_time(plan, &hidden_weights, panel, grad);
        if of_weights {
            add_weight_grad(plan, panel, &gate_grads, &mut sums);
        }
        if wanted {
            input_grad(plan, &input_weights, panel, &gate_grads, &mut dx);
        }
    }
    if !of_weights {
        return vec![dx, Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    }
    // A row of gates for each input of a cell to a row of inputs for each gate.
    let columns = |first: usize, count: usize| {
        let mut rows = Vec::with_capacity(GATES * plan.hidden * count);
        for place in gate_places(plan) {
            rows.extend((first..first + count).map(|k| sums[k * gates_step + place]));
        }
        rows
    };
    let (dw, du) = (columns(0, plan.channels), columns(plan.channels, plan.hidden));
    let bias: Vec<f32> = columns(plan.inputs() - 1, 1);
    vec![dx, dw, du, bias.clone(), bias]
}

/// Adds the gradients of the parameters: a row of gates for each input of a cell.
fn add_weight_grad(plan: &Plan, panel: &Panel, gate_grads: &[f32], sums: &mut [f32]) {
    let step = plan.gates_step();
    let rows = starts(plan.inputs(), 1);
    let runs = Runs { starts: &[0], len: panel.cells(), stride: plan.input_step() };
    let input = Terms { factors: &panel.inputs, rows: &rows, runs, vectors: gate_grads, step };
    let places = starts(plan.inputs(), step);
    let width = GATES * plan.gate_step();
    product(input, Sums { places: &places, width, begin: Begin::There, relu: false }, sums);
}

/// Where the gates of a cell stand, in the order of the parameters' rows.
fn gate_places(plan: &Plan) -> Vec<usize> {
    let gate = |k| (0..plan.hidden).map(move |j| k * plan.gate_step() + j);
    (0..GATES).flat_map(gate).collect()
}

/// The gradients of all gates before their activations, cell by cell.
fn through_time(plan: &Plan, weights: &[f32], panel: &Panel, grad: &[f32]) -> Room {
    let (hidden, gates_step, width) = (plan.hidden, plan.gates_step(), in_lines(plan.hidden));
    let rows = panel.rows.len();
    let mut gate_grads = Room::new(panel.cells() * gates_step);
    let mut hidden_grads = Room::zeros(rows * width);
    let mut state_grads = Room::zeros(rows * hidden);
    let (at, places) = (starts(rows, gates_step), starts(rows, width));
    let gates = starts(GATES, plan.gate_step());
    let zeros = vec![0.; hidden];
    for (t, &running) in panel.running.iter().enumerate().rev() {
        let first = panel.first[t];
        for i in 0..running {
            let row = panel.rows[i];
            let hidden_grad = &mut hidden_grads[i * width..][..hidden];
            if plan.lengths[row] == t + 1 {
                hidden_grad.copy_from_slice(&grad[row * hidden..][..hidden]);
            }
            let before = match t {
                0 => &zeros[..],
                _ => &panel.states[(panel.first[t - 1] + i) * hidden..][..hidden],
            };
            deactivate(CellGrad {
                gates: &panel.gates[(first + i) * gates_step..][..gates_step],
                step: plan.gate_step(),
                squashed: &panel.squashed[(first + i) * hidden..][..hidden],
                before,
                hidden_grad,
                state_grad: &mut state_grads[i * hidden..][..hidden],
                grads: &mut gate_grads[(first + i) * gates_step..][..gates_step],
            });
        }
        if t > 0 {
            let input = Terms {
                factors: &gate_grads[first * gates_step..],
                rows: &at[..running],
                runs: Runs::dense(&gates, hidden),
                vectors: weights,
                step: row_step(hidden),
            };
            let places = &places[..running];
            let sums = Sums { places, width, begin: Begin::Zero, relu: false };
            product(input, sums, &mut hidden_grads);
        }
    }
    gate_grads
}

/// Adds the gradients of the panel's sequences.
fn input_grad(plan: &Plan, weights: &[f32], panel: &Panel, gate_grads: &[f32], dx: &mut [f32]) {
    let (channels, width) = (plan.channels, in_lines(plan.channels));
    let cells = panel.cells();
    let (rows, places) = (starts(cells, plan.gates_step()), starts(cells, width));
    let gates = starts(GATES, plan.gate_step());
    let input = Terms {
        factors: gate_grads,
        rows: &rows,
        runs: Runs::dense(&gates, plan.hidden),
        vectors: weights,
        step: row_step(channels),
    };
    let mut grads = Room::new(cells * width);
    product(input, Sums { places: &places, width, begin: Begin::Zero, relu: false }, &mut grads);
    for (t, &running) in panel.running.iter().enumerate() {
        for (i, row) in panel.rows[..running].iter().enumerate() {
            let grad = &grads[(panel.first[t] + i) * width..][..channels];
            dx[(row * plan.steps + t) * channels..][..channels].copy_from_slice(grad);
        }
    }
}
