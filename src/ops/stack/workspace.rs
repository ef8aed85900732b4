//! Room to work in: parameters, a panel of activations, and gradients, in lines.
//!
//! Each thread keeps its room between calls, because clearing and freeing it would take longer
//! than a small network's work. What is read has been written in the same call.

use std::cell::Cell;

use super::lines::{Line, at, grow, pack, unpack};
use super::plan::{PANEL, Plan};

/// What the layers gave for some rows, as the backward pass needs it.
#[derive(Default)]
pub struct Activations {
    /// Each layer's outputs.
    pub outputs: Vec<Vec<Line>>,
    /// The rectifiers' outputs, if noise after them makes them differ from the layers'.
    pub gates: Vec<Vec<Line>>,
}

/// The activations of all rows between a forward and a backward pass. Their room goes back to the
/// thread that drops them.
pub struct Kept(pub Activations);

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
    static KEPT: Cell<Activations> = Cell::default();
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
        for list in [&mut self.params, &mut self.grads] {
            list.resize_with(layers.max(list.len()), Vec::new);
        }
        self.activations.make_room(plan, PANEL);
        let mut widest = PANEL * Line::count(plan.inputs);
        grow(&mut self.inputs, widest);
        for (l, layer) in plan.layers.iter().enumerate() {
            let panel = PANEL * Line::count(layer.outputs);
            widest = widest.max(panel);
            grow(&mut self.params[l], plan.param_lines(l));
            grow(&mut self.grads[l], plan.param_lines(l));
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
    fn make_room(&mut self, plan: &Plan, rows: usize) {
        for list in [&mut self.outputs, &mut self.gates] {
            list.resize_with(plan.layers.len().max(list.len()), Vec::new);
        }
        for (l, layer) in plan.layers.iter().enumerate() {
            let lines = rows * Line::count(layer.outputs);
            grow(&mut self.outputs[l], lines);
            grow(&mut self.gates[l], if plan.has_gates(l) { lines } else { 0 });
        }
    }
}

impl Kept {
    /// Room for the rows of all replicas.
    pub fn new(plan: &Plan) -> Self {
        let mut activations = KEPT.take();
        activations.make_room(plan, plan.replicas * plan.batch);
        Self(activations)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // A thread that ends has no room to keep.
        let _ = KEPT.try_with(|kept| kept.set(std::mem::take(&mut self.0)));
    }
}
