//! The decision boundary: mean predicted probability over a grid of the plane.

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use candle_nn::ModuleT;
use rayon::prelude::*;

use super::{Field, Schedule};
use crate::bundle::replicas::{constants, finite, noise_map};
use crate::data::Dataset;
use crate::noise::Slots;
use crate::task::{Axis, Hyper, Task};

/// The probability that trained replicas give to class 1 around the data, averaged over those whose
/// weights are finite; `None` when there is none. `weights` are named and have the replica axis first. The
/// grid has `side` points each way, at least 2, and a margin of a tenth on each side.
///
/// # Errors
/// If the data have not two features, the network has not one logit, the weights do not fit it or the
/// threads cannot be started.
pub fn boundary(
    task: &dyn Task,
    hyper: &Hyper,
    weights: &[(String, Tensor)],
    data: &Dataset,
    side: usize,
    schedule: Schedule,
) -> Result<Option<Field>> {
    ensure!(
        data.width() == 2 && side >= 2,
        "a boundary needs two features and a grid of two points a side, received {} and {side}",
        data.width()
    );
    let range = |feature: usize| {
        let values = data.rows().map(|(row, _)| row[feature]);
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let margin = 0.1 * (high - low).max(1e-3);
        [low - margin, high + margin]
    };
    let (x, y) = (range(0), range(1));
    let at = |[low, high]: [f64; 2], i: usize| low + (high - low) * i as f64 / (side - 1) as f64;
    let points = (0..side).flat_map(|j| (0..side).map(move |i| (i, j)));
    let points: Vec<f32> = points.flat_map(|(i, j)| [at(x, i) as f32, at(y, j) as f32]).collect();
    let points = Tensor::from_vec(points, (1, side * side, 2), &Device::Cpu)?;

    let finished = finite(weights)?;
    if finished.is_empty() {
        return Ok(None);
    }
    let predict = |&replica: &u32| predict(task, hyper, weights, replica, &points);
    let sum = || {
        finished.par_iter().map(predict).try_reduce(
            || vec![0u64; side * side],
            |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                Ok(a)
            },
        )
    };
    let sums = schedule.pool()?.install(sum)?;
    let scale = ONE * finished.len() as f64;
    let probabilities = sums.into_iter().map(|sum| sum as f64 / scale).collect();
    Ok(Some(Field { x, y, columns: side, rows: side, probabilities }))
}

/// The probability 1 in the fixed-point numbers in which replicas are summed: whole numbers have
/// the same sum in every order.
const ONE: f64 = (1u64 << 40) as f64;

fn predict(
    task: &dyn Task,
    hyper: &Hyper,
    weights: &[(String, Tensor)],
    replica: u32,
    points: &Tensor,
) -> Result<Vec<u64>> {
    let (vb, map) =
        (constants(weights, &[replica], task.axis(), &Device::Cpu)?, noise_map(&[0], task.axis()));
    let model = task.build(hyper, vb, &Slots::new(&map, &[])?)?;
    let mut probabilities = Vec::with_capacity(points.dim(1)?);
    const PIECE: usize = 500;
    for start in (0..points.dim(1)?).step_by(PIECE) {
        let piece = points.narrow(1, start, PIECE.min(points.dim(1)? - start))?;
        let piece = if task.axis() == Axis::Replicas { piece } else { piece.squeeze(0)? };
        let logits = model.forward_t(&piece, false)?.flatten_all()?.to_vec1::<f32>()?;
        let sigmoid = |z: f32| 1. / (1. + (-f64::from(z)).exp());
        probabilities.extend(logits.into_iter().map(|z| (sigmoid(z) * ONE) as u64));
    }
    Ok(probabilities)
}
