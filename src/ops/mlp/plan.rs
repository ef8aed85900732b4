//! The layout of a block's shared memory.

use candle_core::{Result, Tensor};

use super::{MlpLayer, MlpRun};
use crate::ops::noise::NoiseDraw;

/// Layers and sets of rows that the kernel knows of: its `MLP_LAYERS` and `MLP_SETS`.
pub(super) const LAYERS: usize = 8;
pub(super) const SETS: usize = 3;

/// From the sums that make one logit to those of the next: the kernel's `MLP_STRIDE`.
const STRIDE: usize = 33;

/// Floats of the double-precision sums of the sets, of which each has 16 for its loss and 16 for its hits.
const SUMS: usize = 2 * 2 * 16 * SETS;

/// The extents of a block's shared memory, and the places in it.
pub(super) struct Plan<'a> {
    run: &'a MlpRun,
    pub places: Vec<Place>,
    /// Weights and biases, each beginning at a multiple of 4.
    pub parameters: usize,
    /// Gradients of one layer that is neither the first nor the last: those two update their weights directly.
    pub grads: usize,
    /// Activations of a batch.
    pub values: usize,
    /// Partial sums of the logits of a batch.
    pub partial: usize,
    /// Rows that are evaluated together.
    pub piece: usize,
    /// Where their sums begin among the activations, which are not kept; 0 if they are.
    pub apart: usize,
    /// Flags of the rectifiers that noise follows: whether each is open.
    gates: usize,
    /// Losses and hits of a replica's run.
    pub scores: usize,
    /// The noise of each place, in the order of the kernel.
    pub noise: Vec<&'a [NoiseDraw]>,
    /// The number of the input's noise, from 1; 0 without.
    pub input: usize,
}

/// Where a layer's numbers begin, and the numbers of its noise.
pub(super) struct Place {
    pub weights: usize,
    pub bias: usize,
    pub xs: usize,
    pub ys: usize,
    pub gates: usize,
    pub before: usize,
    pub after: usize,
}

impl<'a> Plan<'a> {
    /// Returns `None` for a network or sets of rows beyond the kernel's.
    pub fn of(run: &'a MlpRun) -> Option<Self> {
        if run.layers.len() > LAYERS || run.sets.len() > SETS {
            return None;
        }
        let [parameters, grads, values, apart, gates, input] = [0; 6];
        let (places, noise, piece) = (Vec::new(), Vec::new(), run.batch);
        let partial = run.batch.checked_mul(STRIDE)?.max(SUMS).checked_next_multiple_of(4)?;
        let steps = run.used.div_ceil(run.batch);
        let scores = 2 * run.epochs.checked_mul(steps + run.sets.len())?;
        let mut plan = Self {
            run,
            places,
            parameters,
            grads,
            values,
            partial,
            piece,
            apart,
            gates,
            scores,
            noise,
            input,
        };
        plan.input = plan.site(run.input.as_deref());
        let features = run.layers.first()?.inputs;
        let mut xs = take(&mut plan.values, run.batch.checked_mul(features)?)?;
        for (number, layer) in run.layers.iter().enumerate() {
            let MlpLayer { inputs, outputs, relu, before, after } = layer;
            let ys = run.batch.checked_mul(*outputs)?;
            let (before, after) = (plan.site(before.as_deref()), plan.site(after.as_deref()));
            let gates = if *relu && after > 0 { ys } else { 0 };
            if (1..run.layers.len() - 1).contains(&number) {
                let own = inputs.checked_add(1)?.checked_mul(*outputs)?;
                plan.grads = plan.grads.max(own.checked_next_multiple_of(4)?);
            }
            let place = Place {
                weights: take(&mut plan.parameters, inputs.checked_mul(*outputs)?)?,
                bias: take(&mut plan.parameters, *outputs)?,
                xs,
                ys: take(&mut plan.values, ys)?,
                gates: take(&mut plan.gates, gates)?,
                before,
                after,
            };
            xs = place.ys;
            plan.places.push(place);
        }
        // The hidden layer of an evaluation leaves its room to the sums, so that more rows have some.
        let piece = plan.values.saturating_sub(4) / (features + STRIDE);
        if run.layers.len() == 2 && piece > run.batch {
            plan.piece = piece.min(plan.rows());
            plan.apart = (plan.piece * features).next_multiple_of(4);
        }
        Some(plan)
    }

    /// Adds the noise of a place; returns its number.
    fn site(&mut self, draws: Option<&'a [NoiseDraw]>) -> usize {
        let Some(draws) = draws else { return 0 };
        self.noise.push(draws);
        self.noise.len()
    }

    /// Returns the number of rows of all sets.
    pub fn rows(&self) -> usize {
        self.run.sets.iter().sum()
    }

    /// Returns the size of a block's shared memory: weights, gradients, activations, sums, two scores a row,
    /// the order of the training rows and what it is made of, the gates.
    pub fn bytes(&self) -> usize {
        let Self { run, parameters, grads, values, partial, gates, .. } = self;
        let floats = parameters + grads + values + partial + 2 * self.rows().max(run.batch);
        4 * (floats + 2 * run.sets.first().unwrap_or(&0)) + gates
    }

    /// Returns weights, first and second moments of all layers, (R, 3 · parameters).
    pub fn state(&self, layers: &[[(Tensor, Tensor); 2]]) -> Result<Tensor> {
        let part = |of: &dyn Fn(&(Tensor, Tensor)) -> Result<Tensor>| {
            let padded = |var: &(Tensor, Tensor)| {
                let flat = of(var)?.flatten_from(1)?;
                let len = flat.dim(1)?;
                flat.pad_with_zeros(1, 0, len.next_multiple_of(4) - len)
            };
            layers.iter().flatten().map(padded).collect::<Result<Vec<_>>>()
        };
        let parts = [
            part(&|(var, _)| Ok(var.clone()))?,
            part(&|(_, moments)| moments.get(0))?,
            part(&|(_, moments)| moments.get(1))?,
        ];
        Tensor::cat(&parts.concat(), 1)
    }

    /// Returns the layers of a [`state`](Self::state).
    pub fn layers(&self, state: &Tensor) -> Result<Vec<[(Tensor, Tensor); 2]>> {
        let replicas = state.dim(0)?;
        let var = |start: usize, shape: [usize; 2]| -> Result<(Tensor, Tensor)> {
            let part = |number: usize| {
                let own = state.narrow(1, number * self.parameters + start, shape[0] * shape[1])?;
                own.contiguous()?.reshape((replicas, shape[0], shape[1]))
            };
            Ok((part(0)?, Tensor::stack(&[part(1)?, part(2)?], 0)?))
        };
        let layer = |(layer, place): (&MlpLayer, &Place)| {
            let weights = var(place.weights, [layer.inputs, layer.outputs])?;
            Ok([weights, var(place.bias, [1, layer.outputs])?])
        };
        self.run.layers.iter().zip(&self.places).map(layer).collect()
    }
}

/// Takes room for a count of numbers, up to a multiple of 4; returns where it begins.
fn take(end: &mut usize, len: usize) -> Option<usize> {
    let start = *end;
    *end = start.checked_add(len.checked_next_multiple_of(4)?)?;
    Some(start)
}
