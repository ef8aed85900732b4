//! Room to work in: parameters, a panel of activations, and gradients, in lines.
//!
//! Each thread keeps its room between calls, because clearing and freeing it would take longer
//! than a small network's work. What is read has been written in the same call.

use std::cell::Cell;

use super::lines::{Line, at, grow, pack, unpack};
use super::plan::{PANEL, Panel, Plan};

/// What the layers gave for some rows, as the backward pass needs it.
#[derive(Default)]
pub struct Activations {
    /// Each layer's outputs.
    pub outputs: Vec<Vec<Line>>,
    /// The rectifiers' outputs, where noise behind them makes them differ from the layers'.
    pub gates: Vec<Vec<Line>>,
}

/// One replica's parameters and their gradients, and what belongs to one panel.
#[derive(Default)]
pub struct Workspace {
    /// Each layer's weights, a row for each input, and then its bias as the row of an input that
    /// is always 1; it gives a 1 behind the outputs, which is that input of the next layer. A
    /// layer with one output is a single row of its weights and its bias.
    pub params: Vec<Vec<Line>>,
    /// The gradients of the parameters, of the same form.
    pub grads: Vec<Vec<Line>>,
    pub inputs: Vec<Line>,
    pub activations: Activations,
    pub normals: Vec<f32>,
    /// The gradient of the panel's outputs at one layer.
    pub above: Vec<Line>,
    /// The gradient of its inputs there.
    pub below: Vec<Line>,
}

thread_local! {
    static WORKSPACE: Cell<Workspace> = Cell::default();
}

impl Workspace {
    /// Lends this thread's room, large enough for the plan.
    pub fn with<T>(plan: &Plan, f: impl FnOnce(&mut Self) -> T) -> T {
        let mut workspace = WORKSPACE.take();
        workspace.make_room(plan);
        let result = f(&mut workspace);
        WORKSPACE.set(workspace);
        result
    }

    fn make_room(&mut self, plan: &Plan) {
        let layers = plan.layers.len();
        for list in [
            &mut self.params,
            &mut self.grads,
            &mut self.activations.outputs,
            &mut self.activations.gates,
        ] {
            list.resize_with(layers.max(list.len()), Vec::new);
        }
        let mut widest = PANEL * Line::count(plan.inputs);
        grow(&mut self.inputs, widest);
        for (l, layer) in plan.layers.iter().enumerate() {
            let panel = PANEL * Line::count(layer.outputs);
            widest = widest.max(panel);
            grow(&mut self.params[l], plan.param_lines(l));
            grow(&mut self.grads[l], plan.param_lines(l));
            grow(&mut self.activations.outputs[l], panel);
            grow(&mut self.activations.gates[l], if plan.has_gates(l) { panel } else { 0 });
            let normals = if layer.is_noisy() { PANEL * layer.outputs } else { 0 };
            self.normals.resize(normals.max(self.normals.len()), 0.);
        }
        grow(&mut self.above, widest);
        grow(&mut self.below, widest);
    }

    /// Takes one replica's parameters over from the arguments (xs, weight, bias, weight, …).
    pub fn pack_params(&mut self, plan: &Plan, args: &[&[f32]], replica: usize) {
        for (l, layer) in plan.layers.iter().enumerate() {
            let (inputs, outputs) = (plan.inputs_of(l), layer.outputs);
            let weight = &args[2 * l + 1][replica * inputs * outputs..][..inputs * outputs];
            let bias = &args[2 * l + 2][replica * outputs..][..outputs];
            let params = &mut self.params[l];
            if outputs == 1 {
                pack(weight, inputs, bias[0], params);
            } else {
                let (weights, last) = params.split_at_mut(inputs * Line::count(outputs));
                pack(weight, outputs, 0., weights);
                pack(bias, outputs, 1., last);
            }
        }
    }

    /// Clears the gradients of the parameters.
    pub fn clear_grads(&mut self, plan: &Plan) {
        for (l, grads) in self.grads.iter_mut().take(plan.layers.len()).enumerate() {
            grads[..plan.param_lines(l)].fill(Line::default());
        }
    }

    /// Hands the gradients of one replica's parameters over.
    pub fn unpack_grads(&self, plan: &Plan, replica: usize, grads: &mut [Vec<f32>]) {
        for (l, layer) in plan.layers.iter().enumerate() {
            let (inputs, outputs) = (plan.inputs_of(l), layer.outputs);
            let weights = replica * inputs * outputs..(replica + 1) * inputs * outputs;
            let biases = replica * outputs..(replica + 1) * outputs;
            let packed = &self.grads[l];
            if outputs == 1 {
                unpack(packed, inputs, &mut grads[2 * l + 1][weights]);
                grads[2 * l + 2][replica] = at(packed, inputs);
            } else {
                unpack(packed, outputs, &mut grads[2 * l + 1][weights]);
                let bias = &packed[inputs * Line::count(outputs)..];
                unpack(bias, outputs, &mut grads[2 * l + 2][biases]);
            }
        }
    }
}

impl Activations {
    /// Room for the rows of all replicas.
    pub fn for_all(plan: &Plan) -> Self {
        let rows = plan.replicas * plan.batch;
        let lines = |l: usize| rows * Line::count(plan.layers[l].outputs);
        let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<Vec<Line>> {
            let capacity = |l| if wanted(l) { lines(l) } else { 0 };
            (0..plan.layers.len()).map(|l| Vec::with_capacity(capacity(l))).collect()
        };
        Self { outputs: of(&|l| plan.keeps_outputs(l)), gates: of(&|l| plan.has_gates(l)) }
    }

    /// Appends a panel's rows.
    pub fn extend(&mut self, plan: &Plan, panel: Panel, rows: &Self) {
        for (l, layer) in plan.layers.iter().enumerate() {
            let lines = panel.rows * Line::count(layer.outputs);
            if plan.keeps_outputs(l) {
                self.outputs[l].extend_from_slice(&rows.outputs[l][..lines]);
            }
            if plan.has_gates(l) {
                self.gates[l].extend_from_slice(&rows.gates[l][..lines]);
            }
        }
    }
}
