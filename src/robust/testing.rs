//! Small rows for the tests of noise and corruptions.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::Activation;

use super::noise::Noise;
use super::{Attack, Change, Form, Measured, Rows, Victim};
use crate::bundle::Inputs;
use crate::data::Samples;
use crate::data::prepared::{
    Fitted, FittedColumn, FittedTarget, MISSING, Number, Preparation, TargetScale,
};
use crate::nn::Model;
use crate::objective::BinaryCrossEntropy;
use crate::ops::Axis;

/// A preparation of a number with missing values, whose median has the score 0.5, of a category that may be missing,
/// and of a number without missing values.
pub(super) fn mixed() -> Preparation {
    let number = |median, mean, scale, [min, max]: [f64; 2], missing| {
        Fitted::Number(Number { median, mean, scale, min, max, missing })
    };
    let categories = [MISSING, "a", "b"].map(str::to_string).to_vec();
    let columns = [
        ("age", number(11., 10., 2., [6., 16.], 1)),
        ("empty", Fitted::Empty),
        ("sex", Fitted::Category { categories }),
        ("size", number(0., 0., 3., [-3., 3.], 0)),
    ];
    let column = |(name, fitted): (&str, Fitted)| FittedColumn { name: name.into(), fitted };
    let scale = TargetScale::Numbers { mean: 0., scale: 1. };
    Preparation {
        columns: columns.into_iter().map(column).collect(),
        target: FittedTarget { name: "target".into(), scale },
    }
}

/// Rows of that table, (1, N, 6): all numbers differ, every third first number is missing, and the categories
/// alternate.
pub(super) fn table(rows: usize) -> Result<(Measured, Tensor)> {
    let row = |i: usize| {
        let (is_missing, is_a) = (i % 3 == 2, i.is_multiple_of(2));
        let number = |divisor: f32| (i + 1) as f32 / (rows + 1) as f32 / divisor;
        let first = if is_missing { 0.5 } else { 0.1 + number(4.) };
        let [missing, a, b] = [is_missing, is_a, !is_a].map(f32::from);
        [first, missing, 0., a, b, number(-1.)]
    };
    let values: Vec<f32> = (0..rows).flat_map(row).collect();
    let xs = Tensor::from_vec(values, (1, rows, 6), &Device::Cpu)?;
    let form = Form::of(&Inputs::Table { preparation: mixed() });
    Ok((form.measured(Some(&samples(&xs)?))?, xs))
}

/// An image of pixels from 0 to 1, (1, 1, 1, H, W), each the number of the pixel over that of all.
pub(super) fn image(height: usize, width: usize) -> Result<(Measured, Tensor)> {
    let count = height * width;
    let pixels: Vec<f32> = (0..count).map(|i| i as f32 / count as f32).collect();
    let xs = Tensor::from_vec(pixels, (1, 1, 1, height, width), &Device::Cpu)?;
    Ok((Form::Image { height, width }.measured(None)?, xs))
}

/// A sequence of three steps with one channel: 0, 2, 4, then padding.
pub(super) fn sequence() -> Result<(Measured, Tensor)> {
    let xs = Tensor::new(&[[[[0f32, 1.], [2., 1.], [4., 1.], [0., 0.]]]], &Device::Cpu)?;
    Ok((Form::Steps { channels: 1 }.measured(Some(&samples(&xs)?))?, xs))
}

/// Points of which nothing is measured.
pub(super) fn unmeasured_points() -> Result<(Measured, Tensor)> {
    let xs = Tensor::new(&[[[0.25f32, 0.5], [1., 2.]]], &Device::Cpu)?;
    Ok((Form::of(&Inputs::points(2)).measured(None)?, xs))
}

/// Returns rows changed by an amount under the seeds 7, 8, …, the first one having a number.
pub(super) fn changed(
    of: &Measured,
    change: impl Change + 'static,
    xs: &Tensor,
    first: u32,
    amount: f64,
) -> Result<Tensor> {
    applied(&Noise::new("noise", change, of), xs, first, amount)
}

/// Returns rows under an attack that does not ask the model.
pub(super) fn applied(
    attack: &dyn Attack,
    xs: &Tensor,
    first: u32,
    strength: f64,
) -> Result<Tensor> {
    let ys = Tensor::zeros(&xs.dims()[..2], DType::F32, &Device::Cpu)?;
    let rows = Rows { xs: xs.clone(), ys, first };
    attack.apply(&victim(xs.dim(0)?)?, &rows, strength, 0)
}

/// Returns all values in order.
pub(super) fn values(xs: &Tensor) -> Result<Vec<f32>> {
    xs.flatten_all()?.to_vec1()
}

fn samples(xs: &Tensor) -> Result<Samples> {
    Samples::replicated(xs, &Tensor::zeros(&xs.dims()[..2], DType::F32, xs.device())?)
}

/// A victim whose model nobody asks.
fn victim(replicas: usize) -> Result<Victim> {
    let seeds: Vec<u64> = (7..).take(replicas).collect();
    let model = Model::new(Activation::Relu);
    Victim::new(model, Arc::new(BinaryCrossEntropy), Axis::Replicas, &seeds)
}
