//! Common code of tasks on points in the plane.

use candle_core::{Device, Result, bail};
use candle_nn::VarBuilder;

use super::{Draw, Hyper, Parts, Rows, View};
use crate::data::{Dataset, Samples};
use crate::model::Mlp;
use crate::nn::Model;
use crate::noise::Slots;

/// Returns the parts of points that are drawn in random order.
pub(super) fn parts(data: &Dataset, draw: &Draw, device: &Device) -> Result<Parts> {
    Parts::new(&draw.in_order(Rows::new(data.len()))?, |rows| {
        let (xs, ys) = data.select(rows)?.to_tensors(device)?;
        Samples::replicated(&xs.unsqueeze(0)?, &ys.unsqueeze(0)?)
    })
}

/// Builds the tutorial's network.
pub(super) fn build(hyper: &Hyper, vb: &VarBuilder, slots: &Slots) -> Result<Model> {
    let network = Mlp { inputs: 2, hidden: vec![hyper.hidden], outputs: 1 };
    Ok(Model::new(network.build(vb, slots)?))
}

/// Returns the points of a draw as a view.
pub(super) fn view(data: Dataset) -> Result<View> {
    Ok(View::Points(data))
}

/// Checks the settings of drawn points.
pub(super) fn check(samples: usize, noise: f64) -> Result<()> {
    /// Far below the largest f32.
    const MOST: f64 = 1e30;
    if samples < 2 {
        bail!("samples must be at least 2, received {samples}")
    }
    if !(0.0..=MOST).contains(&noise) {
        bail!("data noise must lie in 0 to {MOST:e}, received {noise:e}")
    }
    Ok(())
}
