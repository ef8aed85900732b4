//! The backward pass, a panel of rows at a time.

use pulp::{Arch, Simd};

use super::forward::forward_panel;
use super::kernels::{GROUP, dots, pass_gate, sum_scaled};
use super::lines::{Line, pack};
use super::plan::{PANEL, Plan};
use super::workspace::{Activations, Gradients, Workspace, at};

/// The gradients of `args`: inputs, weight, bias, weight, …; empty for the inputs unless `wanted`.
pub fn backward(
    plan: &Plan,
    args: &[&[f32]],
    grad: &[f32],
    kept: &[Activations],
    wanted: bool,
) -> Vec<Vec<f32>> {
    let len = |(i, arg): (usize, &&[f32])| if i > 0 || wanted { arg.len() } else { 0 };
    let mut grads: Vec<Vec<f32>> = args.iter().enumerate().map(len).map(|n| vec![0.; n]).collect();
    backward_all(plan, args, grad, kept, &mut grads);
    grads
}

#[pulp::with_simd(backward_all = Arch::new())]
#[inline(always)]
fn backward_all_simd<'a, S: Simd>(
    simd: S,
    plan: &'a Plan,
    args: &'a [&'a [f32]],
    grad: &'a [f32],
    kept: &'a [Activations],
    grads: &'a mut [Vec<f32>],
) {
    let mut workspace = Workspace::new(plan);
    let mut gradients = Gradients::new(plan);
    let mut again = if kept.is_empty() { Activations::of(plan, PANEL) } else { Vec::new() };
    let wanted = !grads[0].is_empty();
    for replica in 0..plan.replicas {
        workspace.pack_params(plan, args, replica);
        gradients.params.iter_mut().flatten().for_each(|line| *line = Line::default());
        for panel in plan.panels(replica) {
            let (activations, first) = if kept.is_empty() && plan.needs_activations() {
                forward_panel(simd, plan, args[0], panel, &mut again, 0, &mut workspace);
                (&again[..], 0)
            } else {
                pack(plan.rows_of(args[0], panel), plan.inputs, &mut workspace.inputs);
                (kept, panel.start)
            };
            let width = plan.outputs();
            let grad = &grad[panel.start * width..][..panel.rows * width];
            pack(grad, width, &mut gradients.above);
            let rows = Rows { activations, first, count: panel.rows };
            backward_panel(simd, plan, rows, &workspace, &mut gradients, wanted);
            if wanted {
                let start = plan.first_row(panel) * plan.inputs;
                gradients.add_to_inputs(plan, panel.rows, &mut grads[0][start..]);
            }
        }
        gradients.unpack_params(plan, replica, grads);
    }
}

/// Some rows of all layers' activations.
struct Rows<'a> {
    activations: &'a [Activations],
    first: usize,
    count: usize,
}

/// Takes the gradient in `above` down through all layers, adding those of the parameters. At the
/// end `above` holds the gradient of the inputs if `wanted`.
#[inline(always)]
fn backward_panel<S: Simd>(
    simd: S,
    plan: &Plan,
    rows: Rows<'_>,
    workspace: &Workspace,
    gradients: &mut Gradients,
    wanted: bool,
) {
    let Rows { activations, first, count } = rows;
    for l in (0..plan.layers.len()).rev() {
        let (layer, inputs) = (&plan.layers[l], plan.inputs_of(l));
        let (row_in, row) = (Line::count(inputs), Line::count(layer.outputs));
        let grad = &mut gradients.above[..count * row];
        if layer.relu {
            let Activations { outputs, gates } = &activations[l];
            let gates = if gates.is_empty() { outputs } else { gates };
            pass_gate(simd, &gates[first * row..], grad);
        }
        let xs = match l {
            0 => &workspace.inputs[..count * row_in],
            _ => &activations[l - 1].outputs[first * row_in..][..count * row_in],
        };
        add_param_grad(simd, xs, inputs, grad, layer.outputs, &mut gradients.params[l]);
        if l > 0 || wanted {
            let dx = &mut gradients.below[..count * row_in];
            input_grad(simd, grad, layer.outputs, &workspace.params[l], inputs, dx);
            std::mem::swap(&mut gradients.above, &mut gradients.below);
        }
    }
}

/// dw += xsᵀ · grad and db += the rows of grad summed.
#[inline(always)]
fn add_param_grad<S: Simd>(
    simd: S,
    xs: &[Line],
    inputs: usize,
    grad: &[Line],
    outputs: usize,
    sums: &mut [Line],
) {
    let (row_in, row) = (Line::count(inputs), Line::count(outputs));
    for (xs, grad) in xs.chunks(GROUP * row_in).zip(grad.chunks(GROUP * row)) {
        let rows = grad.len() / row;
        let mut scales = [1.; GROUP];
        if outputs == 1 {
            let (dw, db) = sums.split_at_mut(row_in);
            for (scale, grad) in scales.iter_mut().zip(grad) {
                *scale = grad.0[0];
                db[0].0[0] += grad.0[0];
            }
            sum_scaled::<S, false, false, 1>(simd, [&scales[..rows]], xs, dw);
            continue;
        }
        let (db, dw) = sums.split_at_mut(row);
        sum_scaled::<S, false, false, 1>(simd, [&scales[..rows]], grad, db);
        for (i, dw) in dw.chunks_exact_mut(row).enumerate() {
            for (scale, x) in scales.iter_mut().zip(xs.chunks_exact(row_in)) {
                *scale = at(x, i);
            }
            sum_scaled::<S, false, false, 1>(simd, [&scales[..rows]], grad, dw);
        }
    }
}

/// dx = grad · wᵀ.
#[inline(always)]
fn input_grad<S: Simd>(
    simd: S,
    grad: &[Line],
    outputs: usize,
    params: &[Line],
    inputs: usize,
    dx: &mut [Line],
) {
    let (row_in, row) = (Line::count(inputs), Line::count(outputs));
    for (grad, dx) in grad.chunks_exact(row).zip(dx.chunks_exact_mut(row_in)) {
        if outputs == 1 {
            sum_scaled::<S, true, false, 1>(simd, [&[grad[0].0[0]]], &params[..row_in], dx);
        } else {
            // Not all of the last line is written.
            dx[row_in - 1] = Line::default();
            dots(simd, &params[row..], grad, |i, sum| dx[i / Line::LEN].0[i % Line::LEN] = sum);
        }
    }
}
