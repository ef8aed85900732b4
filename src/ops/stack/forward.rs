//! The forward pass, a panel of rows at a time.

use super::kernels::{Factors, Put, add_noise, dots, product};
use super::lines::{Line, pack, unpack};
use super::plan::{PANEL, Panel, Plan, draw_of};
use super::workspace::{Kept, Workspace};
use crate::ops::noise::NoiseDraw;

/// Fills `ys` and, with `keep`, gives the activations of all rows.
pub fn forward(plan: &Plan, args: &[&[f32]], keep: bool, ys: &mut [f32]) -> Option<Kept> {
    let mut kept = keep.then(|| Kept::new(plan));
    Workspace::with(plan, |workspace| {
        for replica in 0..plan.replicas {
            workspace.pack_params(plan, args, replica);
            for panel in plan.panels(replica) {
                forward_panel(plan, args[0], panel, workspace, kept.as_mut());
                let (activations, start) = match &kept {
                    Some(kept) => (&kept.0, panel.start),
                    None => (&workspace.activations, 0),
                };
                let width = plan.outputs();
                let ys = &mut ys[panel.start * width..][..panel.rows * width];
                let lines = &activations.outputs[plan.layers.len() - 1];
                unpack(&lines[start * Line::count(width)..], width, ys);
            }
        }
    });
    kept
}

/// Puts a panel through all layers. Its activations go to their place among those of all rows,
/// where these are kept, and into the workspace where they are not.
pub fn forward_panel(
    plan: &Plan,
    xs: &[f32],
    panel: Panel,
    workspace: &mut Workspace,
    kept: Option<&mut Kept>,
) {
    let Workspace { params, inputs, activations, normals, .. } = workspace;
    let (activations, start) = match kept {
        Some(kept) => (&mut kept.0, panel.start),
        None => (activations, 0),
    };
    let range = |width: usize| {
        let len = Line::count(width);
        start * len..(start + panel.rows) * len
    };
    pack(plan.rows_of(xs, panel), plan.inputs, 1., inputs);
    for (l, layer) in plan.layers.iter().enumerate() {
        let (width_in, width) = (plan.inputs_of(l), layer.outputs);
        let (below, here) = activations.outputs.split_at_mut(l);
        let xs = match below.last() {
            Some(below) => &below[range(width_in)],
            None => &inputs[..panel.rows * Line::count(width_in)],
        };
        let ys = &mut here[0][range(width)];
        let params = &params[l][..plan.param_lines(l)];
        let before = draw_of(&layer.before, panel.replica);
        dense(xs, width_in, params, width, layer.relu && before.is_none(), ys);
        let mut noise = |draw: Option<NoiseDraw>, rectify: bool, ys: &mut [Line]| {
            let Some(draw) = draw else { return };
            let normals = &mut normals[..panel.rows * width];
            let first_row = (panel.start - panel.replica * plan.batch) as u32;
            draw.address.fill_normal(first_row, width, normals);
            add_noise(draw.strength as f32, normals, width, rectify, ys);
        };
        noise(before, layer.relu, ys);
        if plan.has_gates(l) {
            activations.gates[l][range(width)].copy_from_slice(ys);
        }
        noise(draw_of(&layer.after, panel.replica), false, ys);
    }
}

/// ys = xs · w + b for the rows of a panel, rectified with `relu`, each followed by a 1.
fn dense(xs: &[Line], inputs: usize, params: &[Line], outputs: usize, relu: bool, ys: &mut [Line]) {
    if outputs > 1 {
        let factors = Factors { values: xs, row_step: row_step(inputs), term_step: 1 };
        let put = if relu { Put::Rectify } else { Put::Set };
        return product(factors, params, inputs + 1, put, ys);
    }
    let mut sums = [0.; PANEL];
    dots(xs, params, &mut sums[..ys.len()]);
    for (y, sum) in ys.iter_mut().zip(sums) {
        *y = Line::default();
        // Not `max`, which would hide NaN.
        y.0[0] = if relu && sum <= 0. { 0. } else { sum };
        y.0[1] = 1.;
    }
}

/// Floats from one row of lines to the next.
pub fn row_step(width: usize) -> usize {
    Line::count(width) * Line::LEN
}
