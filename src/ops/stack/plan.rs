//! What a stack is to do: its extents and the noise of each layer.

use candle_core::{Result, Tensor, bail};

use super::StackLayer;
use super::lines::Line;
use crate::ops::noise::{NoiseDraw, check_spread};

/// Rows that go through all layers together: their activations stay in the first-level cache.
pub const PANEL: usize = 8;

/// The extents of a stack: `shared` when one batch serves all replicas.
pub struct Plan {
    pub replicas: usize,
    pub shared: bool,
    pub batch: usize,
    pub inputs: usize,
    pub layers: Vec<LayerPlan>,
}

pub struct LayerPlan {
    pub outputs: usize,
    pub before: Option<Vec<NoiseDraw>>,
    pub relu: bool,
    pub after: Option<Vec<NoiseDraw>>,
}

impl LayerPlan {
    pub fn is_noisy(&self) -> bool {
        self.before.is_some() || self.after.is_some()
    }
}

impl Plan {
    pub fn new(xs: &Tensor, layers: &[StackLayer]) -> Result<Self> {
        let (rows, batch, inputs) = xs.dims3()?;
        let replicas = layers.first().map_or(Ok(0), |layer| layer.weight.dim(0))?;
        let mut width = inputs;
        let mut plans = Vec::new();
        for StackLayer { weight, bias, before, relu, after } in layers {
            let outputs = match (weight.dims(), bias.dims()) {
                (&[r, i, o], &[br, 1, bo]) if (r, i, br, bo) == (replicas, width, r, o) => o,
                (weight, bias) => bail!(
                    "a dense layer of {replicas} replicas and {width} inputs expects weight \
                     (R, I, O) and bias (R, 1, O), received {weight:?} and {bias:?}"
                ),
            };
            for draws in [before, after].into_iter().flatten() {
                if draws.len() != replicas {
                    bail!("expected noise for {replicas} replicas, received {}", draws.len())
                }
                check_spread(draws, xs.dtype())?;
            }
            let (before, after) = (before.clone(), after.clone());
            plans.push(LayerPlan { outputs, before, relu: *relu, after });
            width = outputs;
        }
        if plans.iter().any(|layer| layer.outputs == 0) || inputs == 0 {
            bail!("a dense layer needs inputs and outputs, received none")
        }
        if replicas == 0 || (rows != replicas && rows != 1) {
            bail!(
                "a dense layer of {replicas} replicas expects xs (R or 1, B, I), received {:?}",
                xs.dims()
            )
        }
        Ok(Self { replicas, shared: rows < replicas, batch, inputs, layers: plans })
    }

    pub fn inputs_of(&self, layer: usize) -> usize {
        if layer == 0 { self.inputs } else { self.layers[layer - 1].outputs }
    }

    /// Lines of a layer's parameters.
    pub fn param_lines(&self, layer: usize) -> usize {
        let inputs = self.inputs_of(layer);
        match self.layers[layer].outputs {
            1 => Line::count(inputs),
            outputs => (inputs + 1) * Line::count(outputs),
        }
    }

    /// Whether noise after the rectifier hides which values it let pass.
    pub fn has_gates(&self, layer: usize) -> bool {
        let layer = &self.layers[layer];
        layer.relu && layer.after.is_some()
    }

    /// Whether the backward pass reads activations: one plain layer needs its inputs only.
    pub fn needs_activations(&self) -> bool {
        self.layers.len() > 1 || self.layers[0].relu
    }

    pub fn outputs(&self) -> usize {
        self.inputs_of(self.layers.len())
    }

    pub fn panels(&self, replica: usize) -> impl Iterator<Item = Panel> {
        let batch = self.batch;
        (0..batch).step_by(PANEL).map(move |row| Panel {
            replica,
            start: replica * batch + row,
            rows: PANEL.min(batch - row),
        })
    }

    /// The panel's first row in the inputs, which the replicas may share.
    pub fn first_row(&self, panel: Panel) -> usize {
        if self.shared { panel.start - panel.replica * self.batch } else { panel.start }
    }

    pub fn rows_of<'a>(&self, xs: &'a [f32], panel: Panel) -> &'a [f32] {
        &xs[self.first_row(panel) * self.inputs..][..panel.rows * self.inputs]
    }
}

/// The gradients that are wanted: those of constants are not.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub inputs: bool,
    pub params: bool,
}

impl Wanted {
    /// Returns what is wanted of (xs, weight, bias, weight, …).
    pub fn of(args: &[Tensor]) -> Self {
        Self { inputs: args[0].track_op(), params: args[1..].iter().any(Tensor::track_op) }
    }
}

/// Some rows of one replica; `start` counts the rows of all replicas.
#[derive(Clone, Copy)]
pub struct Panel {
    pub replica: usize,
    pub start: usize,
    pub rows: usize,
}

/// A replica's draw, where it has noise.
pub fn draw_of(draws: &Option<Vec<NoiseDraw>>, replica: usize) -> Option<NoiseDraw> {
    draws.as_ref().map(|draws| draws[replica]).filter(|draw| draw.strength != 0.)
}
