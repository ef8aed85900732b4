//! Laws of attacks, certificates and geometry, for models whose boundary is known.

pub mod attacks;
mod certificates;
mod geometry;
mod reference;
mod warnings;

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{VarMap, func};
use candle_noise::nn::{Model, Relu, dense, replicated_vars, seq_t};
use candle_noise::objective::BinaryCrossEntropy;
use candle_noise::ops::Axis;
use candle_noise::rng::{Address, Stream};
use candle_noise::robust::{Rows, Victim};

/// The weights of the linear classifier; its bias is ¼.
const WEIGHTS: [f32; 3] = [1., -2., 0.5];

fn linear_with(weights: [f32; 3]) -> Result<Victim> {
    let weights = Tensor::new(&weights, &Device::Cpu)?.unsqueeze(1)?;
    let model = func(move |xs| xs.matmul(&weights)? + 0.25);
    Victim::new(Model::new(model), Arc::new(BinaryCrossEntropy), Axis::Plain, &[7])
}

fn linear() -> Result<Victim> {
    linear_with(WEIGHTS)
}

/// Class 1 inside of the disc of radius 1.
fn disc() -> Result<Victim> {
    let model = func(|xs| 1. - xs.sqr()?.sum_keepdim(1)?);
    Victim::new(Model::new(model), Arc::new(BinaryCrossEntropy), Axis::Plain, &[7])
}

fn mlp() -> Result<(Victim, VarMap)> {
    mlp_on(&Device::Cpu)
}

/// Two replicas of an MLP of 2 inputs, 16 rectifiers and a logit, with their weights.
pub fn mlp_on(device: &Device) -> Result<(Victim, VarMap)> {
    let (varmap, seeds) = (VarMap::new(), [1, 2]);
    let vb = replicated_vars(&varmap, &seeds, DType::F32, device);
    let model =
        seq_t().add(dense(2, 2, 16, vb.pp("fc1"))?).add(Relu).add(dense(2, 16, 1, vb.pp("fc2"))?);
    let model = Model::new(model);
    Ok((Victim::new(model, Arc::new(BinaryCrossEntropy), Axis::Replicas, &seeds)?, varmap))
}

/// Normal rows of some width with classes by turns, the same for each replica.
pub fn normal_rows(replicas: usize, count: usize, width: usize) -> Result<Rows> {
    let mut values = vec![0f32; count * width];
    Address::new(3, "rows", Stream::Data, 0).fill_normal(0, width, &mut values);
    let xs = Tensor::from_vec(values, (1, count, width), &Device::Cpu)?;
    let ys: Vec<f32> = (0..count).map(|row| (row % 2) as f32).collect();
    let ys = Tensor::from_vec(ys, (1, count), &Device::Cpu)?.repeat((replicas, 1))?;
    Ok(Rows { xs: xs.repeat((replicas, 1, 1))?, ys, first: 0 })
}

/// Rows as they are, with the classes of a model.
fn as_predicted(on: &Victim, rows: Rows) -> Result<Rows> {
    let ys = on.outputs(&rows.xs, &rows)?.squeeze(2)?.gt(0f64)?.to_dtype(DType::F32)?;
    Ok(Rows { ys, ..rows })
}

fn points(xs: &Tensor) -> Result<Vec<Vec<f64>>> {
    xs.get(0)?.to_dtype(DType::F64)?.to_vec2()
}

fn labels(rows: &Rows) -> Result<Vec<u32>> {
    rows.ys.get(0)?.to_dtype(DType::U32)?.to_vec1()
}
