//! Room to work in: activations, parameters and gradients in lines.

use super::lines::{Line, pack, unpack};
use super::plan::{LayerPlan, PANEL, Plan};

/// What one layer gave for some rows, as the backward pass needs it.
pub struct Activations {
    /// The layer's outputs.
    pub outputs: Vec<Line>,
    /// The rectifier's outputs, where noise behind it makes them differ from the layer's.
    pub gates: Vec<Line>,
}

impl Activations {
    fn new(layer: &LayerPlan, rows: usize) -> Self {
        let len = rows * Line::count(layer.outputs);
        let gates = if layer.relu && layer.after.is_some() { len } else { 0 };
        Self { outputs: vec![Line::default(); len], gates: vec![Line::default(); gates] }
    }

    pub fn of(plan: &Plan, rows: usize) -> Vec<Self> {
        plan.layers.iter().map(|layer| Self::new(layer, rows)).collect()
    }
}

/// One replica's parameters, and room for one panel's inputs and noise.
pub struct Workspace {
    pub params: Vec<Vec<Line>>,
    pub inputs: Vec<Line>,
    pub normals: Vec<f32>,
}

/// The gradients of one replica's parameters, and of one panel's rows of a layer's outputs
/// (`above`) and inputs (`below`).
pub struct Gradients {
    pub params: Vec<Vec<Line>>,
    pub above: Vec<Line>,
    pub below: Vec<Line>,
}

/// Room for the parameters of each layer: its bias and then its weights, row by row of inputs;
/// those of a layer with one output are turned, a row of weights and then a line with the bias.
fn params(plan: &Plan) -> Vec<Vec<Line>> {
    let lines = |l: usize| match plan.layers[l].outputs {
        1 => Line::count(plan.inputs_of(l)) + 1,
        outputs => (plan.inputs_of(l) + 1) * Line::count(outputs),
    };
    (0..plan.layers.len()).map(|l| vec![Line::default(); lines(l)]).collect()
}

/// Room for a panel of rows.
fn panel(width: usize) -> Vec<Line> {
    vec![Line::default(); PANEL * Line::count(width)]
}

impl Workspace {
    pub fn new(plan: &Plan) -> Self {
        let noisy = |layer: &&LayerPlan| layer.before.is_some() || layer.after.is_some();
        let widest = plan.layers.iter().filter(noisy).map(|layer| layer.outputs).max();
        let normals = vec![0.; PANEL * widest.unwrap_or(0)];
        Self { params: params(plan), inputs: panel(plan.inputs), normals }
    }

    #[inline(always)]
    pub fn pack_params(&mut self, plan: &Plan, args: &[&[f32]], replica: usize) {
        for (l, layer) in plan.layers.iter().enumerate() {
            let (inputs, outputs) = (plan.inputs_of(l), layer.outputs);
            let weight = &args[2 * l + 1][replica * inputs * outputs..][..inputs * outputs];
            let bias = &args[2 * l + 2][replica * outputs..][..outputs];
            let params = &mut self.params[l];
            if outputs == 1 {
                let (row, last) = params.split_at_mut(Line::count(inputs));
                pack(weight, inputs, row);
                last[0].0[0] = bias[0];
            } else {
                let (first, rows) = params.split_at_mut(Line::count(outputs));
                pack(bias, outputs, first);
                pack(weight, outputs, rows);
            }
        }
    }
}

impl Gradients {
    pub fn new(plan: &Plan) -> Self {
        let widest = plan.layers.iter().map(|l| l.outputs).fold(plan.inputs, usize::max);
        Self { params: params(plan), above: panel(widest), below: panel(widest) }
    }

    #[inline(always)]
    pub fn unpack_params(&self, plan: &Plan, replica: usize, grads: &mut [Vec<f32>]) {
        for (l, layer) in plan.layers.iter().enumerate() {
            let (inputs, outputs) = (plan.inputs_of(l), layer.outputs);
            let weights = replica * inputs * outputs..(replica + 1) * inputs * outputs;
            let biases = replica * outputs..(replica + 1) * outputs;
            let packed = &self.params[l];
            if outputs == 1 {
                let (row, last) = packed.split_at(Line::count(inputs));
                unpack(row, inputs, &mut grads[2 * l + 1][weights]);
                grads[2 * l + 2][biases][0] = last[0].0[0];
            } else {
                let (first, rows) = packed.split_at(Line::count(outputs));
                unpack(first, outputs, &mut grads[2 * l + 2][biases]);
                unpack(rows, outputs, &mut grads[2 * l + 1][weights]);
            }
        }
    }

    /// Adds the panel's input gradient, which the last step of the backward pass left in `above`.
    #[inline(always)]
    pub fn add_to_inputs(&self, plan: &Plan, rows: usize, grad: &mut [f32]) {
        let row = Line::count(plan.inputs);
        for (grad, lines) in
            grad.chunks_exact_mut(plan.inputs).zip(self.above.chunks_exact(row)).take(rows)
        {
            for (i, grad) in grad.iter_mut().enumerate() {
                *grad += at(lines, i);
            }
        }
    }
}

/// Element `i` of a row.
#[inline(always)]
pub fn at(row: &[Line], i: usize) -> f32 {
    row[i / Line::LEN].0[i % Line::LEN]
}
