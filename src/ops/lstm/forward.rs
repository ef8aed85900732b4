//! The forward pass, a panel of sequences at a time through all steps.

use super::cell::{Cell, activate};
use super::plan::{GATES, Plan};
use crate::ops::product::{Begin, Runs, Sums, Terms, product, starts};
use crate::ops::room::Room;

/// The cells of some sequences, a cell a step of each, step by step.
pub struct Panel {
    /// The sequences, the longest first.
    pub rows: Vec<usize>,
    /// For each step, the number of sequences that run.
    pub running: Vec<usize>,
    /// For each step, its first cell; 0 for all where each step takes the room of the one before.
    pub first: Vec<usize>,
    /// The inputs: channels, the hidden state before, 1.
    pub inputs: Room,
    /// The activations of the gates.
    pub gates: Room,
    /// The states of the cells, and tanh of them.
    pub states: Room,
    pub squashed: Room,
}

impl Panel {
    fn new(plan: &Plan, rows: &[usize], keep: bool) -> Self {
        let longest = rows.first().map_or(0, |&row| plan.lengths[row]);
        let running = |t| rows.partition_point(|&row| plan.lengths[row] > t);
        let running: Vec<usize> = (0..longest).map(running).collect();
        let before = |t: usize| if keep { running[..t].iter().sum() } else { 0 };
        let first: Vec<usize> = (0..longest).map(before).collect();
        let cells = if keep { running.iter().sum() } else { rows.len() };
        Self {
            rows: rows.to_vec(),
            running,
            first,
            inputs: Room::new(cells * plan.input_step()),
            gates: Room::new(cells * plan.gates_step()),
            states: Room::new(cells * plan.hidden),
            squashed: Room::new(cells * plan.hidden),
        }
    }

    /// All cells of the panel.
    pub fn cells(&self) -> usize {
        self.running.iter().sum()
    }
}

/// The hidden state of each sequence after its last step and, with `keep`, all cells.
pub fn forward(plan: &Plan, args: &[&[f32]], keep: bool) -> (Vec<f32>, Vec<Panel>) {
    let weights = plan.pack(args);
    let mut ys = vec![0.; plan.lengths.len() * plan.hidden];
    let mut panels = Vec::new();
    for rows in plan.panels() {
        let mut panel = Panel::new(plan, rows, keep);
        run(plan, args[0], &weights, &mut panel, &mut ys);
        if keep {
            panels.push(panel);
        }
    }
    (ys, panels)
}

fn run(plan: &Plan, xs: &[f32], weights: &[f32], panel: &mut Panel, ys: &mut [f32]) {
    let (channels, hidden) = (plan.channels, plan.hidden);
    let (input_step, gates_step) = (plan.input_step(), plan.gates_step());
    let (inputs_at, gates_at) =
        (starts(panel.rows.len(), input_step), starts(panel.rows.len(), gates_step));
    let mut last = vec![0.; hidden];
    for (t, &running) in panel.running.iter().enumerate() {
        let first = panel.first[t];
        for (row, inputs) in panel.rows[..running]
            .iter()
            .zip(panel.inputs[first * input_step..].chunks_mut(input_step))
        {
            let x = &xs[(row * plan.steps + t) * channels..][..channels];
            inputs[..channels].copy_from_slice(x);
            if t == 0 {
                inputs[channels..][..hidden].fill(0.);
            }
            inputs[channels + hidden] = 1.;
        }
        let input = Terms {
            factors: &panel.inputs[first * input_step..],
            rows: &inputs_at[..running],
            runs: Runs::dense(&[0], plan.inputs()),
            vectors: weights,
            step: gates_step,
        };
        let places = &gates_at[..running];
        let sums =
            Sums { places, width: GATES * plan.gate_step(), begin: Begin::Zero, relu: false };
        product(input, sums, &mut panel.gates[first * gates_step..]);
        let before = t.checked_sub(1).map(|t| panel.first[t]);
        let next = panel.first.get(t + 1).copied();
        let going_on = panel.running.get(t + 1).copied().unwrap_or(0);
        for i in 0..running {
            let state = (first + i) * hidden;
            match before {
                None => panel.states[state..][..hidden].fill(0.),
                Some(before) => {
                    let from = (before + i) * hidden;
                    panel.states.copy_within(from..from + hidden, state);
                }
            }
            let inputs = &mut panel.inputs;
            let h = match next {
                Some(next) if i < going_on => {
                    &mut inputs[(next + i) * input_step + channels..][..hidden]
                }
                _ => &mut last[..],
            };
            activate(Cell {
                gates: &mut panel.gates[(first + i) * gates_step..][..GATES * plan.gate_step()],
                step: plan.gate_step(),
                state: &mut panel.states[state..][..hidden],
                squashed: &mut panel.squashed[state..][..hidden],
                hidden: h,
            });
            if i >= going_on {
                ys[panel.rows[i] * hidden..][..hidden].copy_from_slice(&last);
            }
        }
    }
}
