//! The forward pass, a panel of rows at a time.

use pulp::{Arch, Simd};

use super::kernels::{GROUP, add_noise, dots, sum_scaled};
use super::lines::{Line, pack, unpack};
use super::plan::{PANEL, Panel, Plan, draw_of};
use super::workspace::{Activations, Workspace, at};

/// Fills `ys` and, with `keep`, gives the activations of all rows.
pub fn forward(plan: &Plan, args: &[&[f32]], keep: bool, ys: &mut [f32]) -> Vec<Activations> {
    let rows = if keep { plan.replicas * plan.batch } else { PANEL };
    let mut activations = Activations::of(plan, rows);
    forward_all(plan, args, keep, &mut activations, ys);
    if keep { activations } else { Vec::new() }
}

#[pulp::with_simd(forward_all = Arch::new())]
#[inline(always)]
fn forward_all_simd<'a, S: Simd>(
    simd: S,
    plan: &'a Plan,
    args: &'a [&'a [f32]],
    keep: bool,
    activations: &'a mut [Activations],
    ys: &'a mut [f32],
) {
    let mut workspace = Workspace::new(plan);
    for replica in 0..plan.replicas {
        workspace.pack_params(plan, args, replica);
        for panel in plan.panels(replica) {
            let first = if keep { panel.start } else { 0 };
            forward_panel(simd, plan, args[0], panel, activations, first, &mut workspace);
            let width = plan.outputs();
            let row = Line::count(width);
            let last = &activations[activations.len() - 1].outputs[first * row..];
            let ys = &mut ys[panel.start * width..][..panel.rows * width];
            unpack(&last[..panel.rows * row], width, ys);
        }
    }
}

/// Puts a panel through all layers; its rows begin at `first` in `activations`.
#[inline(always)]
pub fn forward_panel<S: Simd>(
    simd: S,
    plan: &Plan,
    xs: &[f32],
    panel: Panel,
    activations: &mut [Activations],
    first: usize,
    workspace: &mut Workspace,
) {
    pack(plan.rows_of(xs, panel), plan.inputs, &mut workspace.inputs);
    for (l, layer) in plan.layers.iter().enumerate() {
        let (inputs, outputs) = (plan.inputs_of(l), layer.outputs);
        let (row_in, row) = (Line::count(inputs), Line::count(outputs));
        let (done, rest) = activations.split_at_mut(l);
        let xs = match done.last() {
            None => &workspace.inputs[..panel.rows * row_in],
            Some(below) => &below.outputs[first * row_in..][..panel.rows * row_in],
        };
        let ys = &mut rest[0].outputs[first * row..][..panel.rows * row];
        let before = draw_of(&layer.before, panel.replica);
        match layer.relu && before.is_none() {
            true => product::<S, true>(simd, xs, inputs, &workspace.params[l], outputs, ys),
            false => product::<S, false>(simd, xs, inputs, &workspace.params[l], outputs, ys),
        }
        let first_row = (panel.start - panel.replica * plan.batch) as u32;
        if let Some(draw) = before {
            let normals = &mut workspace.normals[..panel.rows * outputs];
            draw.address.fill_normal(first_row, outputs, normals);
            for (y, z) in ys.chunks_exact_mut(row).zip(normals.chunks_exact(outputs)) {
                match layer.relu {
                    true => add_noise::<S, true>(simd, draw.stddev as f32, z, y),
                    false => add_noise::<S, false>(simd, draw.stddev as f32, z, y),
                }
            }
        }
        if !rest[0].gates.is_empty() {
            rest[0].gates[first * row..][..ys.len()].copy_from_slice(ys);
        }
        if let Some(draw) = draw_of(&layer.after, panel.replica) {
            let normals = &mut workspace.normals[..panel.rows * outputs];
            draw.address.fill_normal(first_row, outputs, normals);
            for (y, z) in ys.chunks_exact_mut(row).zip(normals.chunks_exact(outputs)) {
                add_noise::<S, false>(simd, draw.stddev as f32, z, y);
            }
        }
    }
}

/// ys = xs · w + b for the rows of a panel, rectified with `RELU`.
#[inline(always)]
fn product<S: Simd, const RELU: bool>(
    simd: S,
    xs: &[Line],
    inputs: usize,
    params: &[Line],
    outputs: usize,
    ys: &mut [Line],
) {
    let row_in = Line::count(inputs);
    if outputs == 1 {
        let (weight, bias) = params.split_at(row_in);
        let bias = bias[0].0[0];
        dots(simd, xs, weight, |row, sum| {
            let y = bias + sum;
            ys[row].0[0] = if RELU && y <= 0. { 0. } else { y };
        });
        return;
    }
    let row = Line::count(outputs);
    let tiles = xs.len() / (GROUP * row_in);
    let (tiles_xs, xs) = xs.split_at(tiles * GROUP * row_in);
    let (tiles_ys, ys) = ys.split_at_mut(tiles * GROUP * row);
    for (x, y) in tiles_xs.chunks_exact(GROUP * row_in).zip(tiles_ys.chunks_exact_mut(GROUP * row))
    {
        product_tile::<S, RELU, GROUP>(simd, x, inputs, params, y);
    }
    for (x, y) in xs.chunks_exact(row_in).zip(ys.chunks_exact_mut(row)) {
        product_tile::<S, RELU, 1>(simd, x, inputs, params, y);
    }
}

/// R rows of a product with several outputs.
#[inline(always)]
fn product_tile<S: Simd, const RELU: bool, const R: usize>(
    simd: S,
    xs: &[Line],
    inputs: usize,
    params: &[Line],
    ys: &mut [Line],
) {
    // A chunk of inputs at a time; the bias is the first row of the parameters, with the scale 1.
    const CHUNK: usize = 64;
    let row = ys.len() / R;
    let row_in = Line::count(inputs);
    let mut scales = [[1.; CHUNK]; R];
    for first in (0..=inputs).step_by(CHUNK) {
        let count = CHUNK.min(inputs + 1 - first);
        for (r, scales) in scales.iter_mut().enumerate() {
            let x = &xs[r * row_in..][..row_in];
            for (i, scale) in scales[..count].iter_mut().enumerate().skip(usize::from(first == 0)) {
                *scale = at(x, first + i - 1);
            }
        }
        let mut parts = [&[][..]; R];
        for r in 0..R {
            parts[r] = &scales[r][..count];
        }
        let rows = &params[first * row..][..count * row];
        match (first == 0, first + count == inputs + 1) {
            (true, true) => sum_scaled::<S, true, RELU, R>(simd, parts, rows, ys),
            (true, false) => sum_scaled::<S, true, false, R>(simd, parts, rows, ys),
            (false, false) => sum_scaled::<S, false, false, R>(simd, parts, rows, ys),
            (false, true) => sum_scaled::<S, false, RELU, R>(simd, parts, rows, ys),
        }
    }
}
