//! Each op, forward and backward, at the tutorial's extents and at large ones.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_noise::ops::{
    AdamUpdate, Axis, NoiseDraw, StackLayer, adam as adam_step, adam_corrections, add_noise,
    backward, bce_with_logits, dense as dense_layer, relu as rectify, stack as layers,
};
use candle_noise::rng::{Address, Stream};
use criterion::{BenchmarkId, Criterion, Throughput};

use crate::device::{devices, group, iter};

/// Numbers in [−1, 1] without pattern.
fn numbers(shape: &[usize]) -> Var {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| (0.7 * i as f32).sin()).collect();
    let tensor = Tensor::from_vec::<_, f32>(values, shape, &Device::Cpu);
    tensor.and_then(|tensor| Var::from_tensor(&tensor)).expect("a tensor")
}

fn draws(replicas: usize) -> Vec<NoiseDraw> {
    let draw = |r| NoiseDraw { address: Address::new(r, "b", Stream::Noise, 0), strength: 0.1 };
    (0..replicas as u64).map(draw).collect()
}

/// Measures a forward pass, and a forward and a backward pass.
fn both<F: Fn() -> Result<Tensor>>(c: &mut Criterion, group: &str, name: String, len: usize, f: F) {
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::Elements(len as u64));
    group.bench_function(BenchmarkId::new("forward", &name), |b| b.iter(&f));
    group.bench_function(BenchmarkId::new("forward+backward", &name), |b| {
        b.iter(|| backward(&f().expect("the forward pass")));
    });
}

/// Noise, and on a GPU beside it a copy of the same tensor, 1 GiB at the largest.
pub fn noise(c: &mut Criterion) {
    for device in devices() {
        let mut group = c.benchmark_group(group(&device, "noise"));
        let shapes = match device.is_cpu() {
            true => [(1, 30, 500), (8, 30, 500), (1, 4096, 4096)],
            false => [(30, 30, 500), (300, 30, 500), (1, 16_384, 16_384)],
        };
        for (replicas, rows, len) in shapes {
            let xs = Tensor::zeros((replicas, rows, len), DType::F32, &device).expect("a tensor");
            let draws = draws(replicas);
            let name = format!("{replicas}x{rows}x{len}");
            group.throughput(Throughput::Elements(xs.elem_count() as u64));
            group.bench_function(BenchmarkId::from_parameter(&name), |b| {
                iter(b, &device, || add_noise(&xs, &draws, Axis::Replicas));
            });
            if !device.is_cpu() {
                group.bench_function(BenchmarkId::new("copy", name), |b| {
                    iter(b, &device, || xs.copy());
                });
            }
        }
    }
}

pub fn dense(c: &mut Criterion) {
    for (r, b, i, o) in [(1, 30, 2, 500), (8, 30, 2, 500), (1, 30, 500, 1), (1, 128, 1024, 1024)] {
        let (xs, w, bias) = (numbers(&[r, b, i]), numbers(&[r, i, o]), numbers(&[r, 1, o]));
        let name = format!("{r}x{b}x{i}x{o}");
        both(c, "dense", name, r * b * i * o, || dense_layer(&xs, &w, &bias));
    }
}

/// The tutorial's network in one op.
pub fn stack(c: &mut Criterion) {
    for (replicas, noisy) in [(1, false), (1, true), (8, false), (8, true)] {
        let xs = numbers(&[replicas, 30, 2]).as_detached_tensor();
        let (w1, b1) = (numbers(&[replicas, 2, 500]), numbers(&[replicas, 1, 500]));
        let (w2, b2) = (numbers(&[replicas, 500, 1]), numbers(&[replicas, 1, 1]));
        let mut hidden = StackLayer::new(&w1, &b1);
        hidden.relu = true;
        hidden.before = noisy.then(|| draws(replicas));
        let run = [hidden, StackLayer::new(&w2, &b2)];
        let name = format!("{replicas}x30x2-500-1{}", if noisy { " noisy" } else { "" });
        both(c, "stack", name, replicas * 15_000, || layers(&xs, &run, true));
    }
}

pub fn relu(c: &mut Criterion) {
    for shape in [[1, 30, 500], [1, 128, 1024]] {
        let xs = numbers(&shape);
        both(c, "relu", format!("{shape:?}"), xs.elem_count(), || rectify(&xs));
    }
}

pub fn loss(c: &mut Criterion) {
    for replicas in [1, 30] {
        let logits = numbers(&[replicas, 30, 1]);
        let targets = numbers(&[1, 30]).gt(0.).expect("a mask");
        let name = format!("{replicas}x30");
        both(c, "loss", name, replicas * 30, || bce_with_logits(&logits, &targets));
    }
}

pub fn adam(c: &mut Criterion) {
    let mut group = c.benchmark_group("adam");
    for len in [500, 12_000, 1024 * 1024] {
        let (var, grad, moments) = (numbers(&[len]), numbers(&[len]), numbers(&[2, len]));
        let zeros = moments.zeros_like().expect("zeros");
        moments.set(&zeros).expect("the moments");
        let (beta1, beta2) = (0.9, 0.999);
        let corrections = adam_corrections(beta1, beta2, 1);
        let update = AdamUpdate {
            learning_rate: 1e-3,
            beta1,
            beta2,
            eps: 1e-7,
            weight_decay: 0.,
            corrections,
        };
        group.throughput(Throughput::Elements(len as u64));
        group.bench_function(BenchmarkId::from_parameter(len), |b| {
            b.iter(|| adam_step(&var, &moments, &grad, update));
        });
    }
}
