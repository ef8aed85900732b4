//! The backward pass, a panel of rows at a time.

use super::forward::{forward_panel, row_step};
use super::kernels::{Factors, Put, dots, product};
use super::lines::{Line, at, pack};
use super::plan::{Panel, Plan, Wanted};
use super::workspace::{Kept, Workspace};

/// The gradients of `args`: inputs, weight, bias, weight, …; empty where it is not wanted.
///
/// Without `kept` the activations are computed again.
pub fn backward(
    plan: &Plan,
    args: &[&[f32]],
    grad: &[f32],
    kept: Option<&Kept>,
    wanted: Wanted,
) -> Vec<Vec<f32>> {
    let is_wanted = |i: usize| if i == 0 { wanted.inputs } else { wanted.params };
    let len = |(i, arg): (usize, &&[f32])| if is_wanted(i) { arg.len() } else { 0 };
    let mut grads: Vec<Vec<f32>> = args.iter().enumerate().map(len).map(|n| vec![0.; n]).collect();
    Workspace::with(plan, |workspace| {
        for replica in 0..plan.replicas {
            workspace.pack_params(plan, args, replica);
            workspace.clear_grads(plan);
            for panel in plan.panels(replica) {
                match kept {
                    None if plan.needs_activations() => {
                        forward_panel(plan, args[0], panel, workspace, None);
                    }
                    _ => pack(plan.rows_of(args[0], panel), plan.inputs, 1., &mut workspace.inputs),
                }
                let width = plan.outputs();
                let grad = &grad[panel.start * width..][..panel.rows * width];
                pack(grad, width, 0., &mut workspace.above);
                backward_panel(plan, panel, kept, workspace, wanted);
                if wanted.inputs {
                    let start = plan.first_row(panel) * plan.inputs;
                    let grad = &mut grads[0][start..][..panel.rows * plan.inputs];
                    add_rows(&workspace.above, plan.inputs, grad);
                }
            }
            if wanted.params {
                workspace.unpack_grads(plan, replica, &mut grads);
            }
        }
    });
    grads
}

/// Takes the gradient in `above` down through all layers, adding those of the parameters. At the
/// end `above` holds the gradient of the inputs if it is wanted.
fn backward_panel(
    plan: &Plan,
    panel: Panel,
    kept: Option<&Kept>,
    workspace: &mut Workspace,
    wanted: Wanted,
) {
    let Workspace { params, grads, inputs, activations, above, below, .. } = workspace;
    // The panel's rows: of all rows where they were kept.
    let (activations, start) = kept.map_or((&*activations, 0), |kept| (&kept.0, panel.start));
    let range = |l: usize| {
        let len = Line::count(plan.layers[l].outputs);
        start * len..(start + panel.rows) * len
    };
    let gates = |l: usize| {
        let gates = if plan.has_gates(l) { &activations.gates } else { &activations.outputs };
        plan.layers[l].relu.then(|| &gates[l][range(l)])
    };
    if let Some(gates) = gates(plan.layers.len() - 1) {
        for (grad, gate) in above.iter_mut().zip(gates) {
            *grad = gated(grad, gate);
        }
    }
    for (l, layer) in plan.layers.iter().enumerate().rev() {
        let (width_in, width) = (plan.inputs_of(l), layer.outputs);
        let grad = &above[..panel.rows * Line::count(width)];
        let (xs, gates) = match l {
            0 => (&inputs[..panel.rows * Line::count(width_in)], None),
            _ => (&activations.outputs[l - 1][range(l - 1)], gates(l - 1)),
        };
        if wanted.params {
            param_grad(xs, width_in, grad, width, panel.rows, &mut grads[l][..plan.param_lines(l)]);
        }
        if l > 0 || wanted.inputs {
            let dx = &mut below[..panel.rows * Line::count(width_in)];
            input_grad(grad, width, &params[l][..plan.param_lines(l)], width_in, gates, dx);
            std::mem::swap(above, below);
        }
    }
}

/// sums += xsᵀ · grad, where xs ends with the 1 of the bias.
fn param_grad(
    xs: &[Line],
    inputs: usize,
    grad: &[Line],
    outputs: usize,
    rows: usize,
    sums: &mut [Line],
) {
    if outputs == 1 {
        let factors = Factors { values: grad, row_step: 0, term_step: Line::LEN };
        product(factors, xs, rows, Put::Add, sums);
    } else {
        let factors = Factors { values: xs, row_step: 1, term_step: row_step(inputs) };
        product(factors, grad, rows, Put::Add, sums);
    }
}

/// dx = grad · wᵀ where the gates are above 0, and 0 elsewhere.
fn input_grad(
    grad: &[Line],
    outputs: usize,
    params: &[Line],
    inputs: usize,
    gates: Option<&[Line]>,
    dx: &mut [Line],
) {
    if outputs == 1 {
        let factors = Factors { values: grad, row_step: Line::LEN, term_step: 0 };
        return product(factors, params, 1, gates.map_or(Put::Set, Put::Gate), dx);
    }
    let (row, row_in) = (Line::count(outputs), Line::count(inputs));
    let weights = &params[..inputs * row];
    for (r, (grad, dx)) in grad.chunks_exact(row).zip(dx.chunks_exact_mut(row_in)).enumerate() {
        // What follows the inputs has no gradient.
        dx[row_in - 1] = Line::default();
        for (i, weights) in weights.chunks(Line::LEN * row).enumerate() {
            let mut sums = Line::default();
            dots(weights, grad, &mut sums.0[..weights.len() / row]);
            dx[i] = gates.map_or(sums, |gates| gated(&sums, &gates[r * row_in + i]));
        }
    }
}

/// The gradient below a rectifier: passed on where its output is above 0.
fn gated(grad: &Line, gate: &Line) -> Line {
    let mut passed = Line::default();
    for i in 0..Line::LEN {
        passed.0[i] = if gate.0[i] > 0. { grad.0[i] } else { 0. };
    }
    passed
}

/// Adds rows of lines to rows of `width`.
fn add_rows(lines: &[Line], width: usize, rows: &mut [f32]) {
    for (row, lines) in rows.chunks_exact_mut(width).zip(lines.chunks_exact(Line::count(width))) {
        for (i, sum) in row.iter_mut().enumerate() {
            *sum += at(lines, i);
        }
    }
}
