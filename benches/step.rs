//! Training steps: forward, loss, backward, Adam.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{ModuleT, Optimizer, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::{Samples, circles};
use candle_noise::model::Mlp;
use candle_noise::nn::{SequentialT, replicated_vars, sorted_vars};
use candle_noise::noise::{NoiseSpec, Slots};
use candle_noise::objective::{BinaryCrossEntropy, CrossEntropy, Objective};
use candle_noise::ops::backward;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{History, TrainOptions, fit};
use criterion::{BenchmarkId, Criterion, Throughput};

use crate::device::{devices, group, iter};

fn build(mlp: &Mlp, replicas: usize, stddev: f64, device: &Device) -> Result<(SequentialT, Adam)> {
    let seeds: Vec<u64> = (0..replicas as u64).collect();
    let (varmap, noisemap) = (VarMap::new(), NoiseMap::replicated(&seeds));
    let vb = replicated_vars(&varmap, &seeds, DType::F32, device);
    let slots = Slots::new(&noisemap, &[NoiseSpec::gaussian("before-activation", stddev)?])?;
    let model = mlp.build(&vb, &slots)?;
    let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
    Ok((model, Adam::new(vars, AdamOptions::default())?))
}

/// The circles: 30 rows to train on and 70 to test on.
fn samples(device: &Device) -> Result<(Samples, Samples)> {
    let (train, test) = circles(100, Some(0.1), 0.8, 1)?.split_at(30)?;
    let of = |data: &candle_noise::data::Dataset| {
        let (xs, ys) = data.to_tensors(device)?;
        Samples::replicated(&xs.unsqueeze(0)?, &ys.unsqueeze(0)?)
    };
    Ok((of(&train)?, of(&test)?))
}

/// What is measured of the tutorial: without and with noise, so many replicas together, each with its
/// network.
fn cases(device: &Device) -> impl Iterator<Item = (BenchmarkId, usize, SequentialT, Adam)> {
    let replicas = if device.is_cpu() { [1, 8, 30] } else { [30, 300, 3000] };
    let noises = [("baseline", 0.), ("hidden noise", 0.1)];
    let cases = noises.into_iter().flat_map(move |noise| replicas.map(|r| (noise, r)));
    cases.map(|((name, stddev), replicas)| {
        let network =
            Mlp { inputs: 2, hidden: vec![500], outputs: 1, activation: Default::default() };
        let (model, adam) = build(&network, replicas, stddev, device).expect("a model");
        (BenchmarkId::new(name, replicas), replicas, model, adam)
    })
}

/// One step of the tutorial's network.
pub fn tutorial(c: &mut Criterion) {
    for device in devices() {
        let mut group = c.benchmark_group(group(&device, "step/tutorial"));
        let (train, _) = samples(&device).expect("the circles");
        for (id, replicas, model, mut adam) in cases(&device) {
            let ids: Vec<u32> = (0..replicas).flat_map(|_| 0..30).collect();
            let mut step = || -> Result<()> {
                let (xs, ys) = train.batch(&ids, replicas)?;
                let logits = model.forward_t(&xs, true)?;
                adam.step(&backward(&BinaryCrossEntropy.loss(&logits, &ys)?)?)
            };
            group.throughput(Throughput::Elements(replicas as u64));
            group.bench_function(id, |b| iter(b, &device, &mut step));
        }
    }
}

/// A hundred epochs of the tutorial, evaluated after each.
pub fn epoch(c: &mut Criterion) {
    const EPOCHS: usize = 100;
    for device in devices() {
        let mut group = c.benchmark_group(group(&device, "fit/100 epochs"));
        let (train, test) = samples(&device).expect("the circles");
        for (id, replicas, model, mut adam) in cases(&device) {
            let seeds: Vec<u64> = (0..replicas as u64).collect();
            let options = TrainOptions::new(EPOCHS).seeds(&seeds);
            group.throughput(Throughput::Elements((replicas * EPOCHS) as u64));
            group.bench_function(id, |b| {
                iter(b, &device, || {
                    fit(&model, &mut adam, &train, Some(&test), &options, History::default())
                });
            });
        }
    }
}

/// One step of 784-1024-1024-10 with noise before each rectifier, batch 128.
pub fn wide(c: &mut Criterion) {
    let mlp =
        Mlp { inputs: 784, hidden: vec![1024, 1024], outputs: 10, activation: Default::default() };
    for device in devices() {
        let (model, mut adam) = build(&mlp, 1, 0.1, &device).expect("a model");
        let xs = Tensor::rand(0f32, 1., (1, 128, 784), &device).expect("inputs");
        let classes: Vec<u32> = (0..128).map(|i| i % 10).collect();
        let ys = Tensor::from_vec(classes, (1, 128), &device).expect("targets");
        let mut step = || -> Result<()> {
            let loss = CrossEntropy { classes: 10 }.loss(&model.forward_t(&xs, true)?, &ys)?;
            adam.step(&backward(&loss)?)
        };
        c.benchmark_group(group(&device, "step/784-1024-1024-10"))
            .throughput(Throughput::Elements(1))
            .bench_function("batch 128", |b| iter(b, &device, &mut step));
    }
}
