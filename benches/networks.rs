//! The convolutional and the recurrent network: a step of 32 rows beside the same network of Candle's
//! own layers, and whole runs, trained as `peers/torch_cnn.py` and `peers/torch_lstm.py` train.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Conv2dConfig, LSTMConfig, Module, ModuleT, Optimizer, RNN, VarBuilder, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::{DIGIT_SHAPE, Samples, digits, japanese_vowels};
use candle_noise::model::{Cnn, Lstm};
use candle_noise::nn::{seeded_vars, sorted_vars};
use candle_noise::noise::Slots;
use candle_noise::objective::{CrossEntropy, Objective};
use candle_noise::ops::backward;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{History, TrainOptions, evaluate, fit, shuffled};
use criterion::{BenchmarkId, Criterion};

type Model = Box<dyn ModuleT>;

fn ours_cnn(vb: VarBuilder) -> Result<Model> {
    Ok(Box::new(Cnn::default().build(&vb, &Slots::new(&NoiseMap::new(0), &[])?)?))
}

fn ours_lstm(vb: VarBuilder) -> Result<Model> {
    Ok(Box::new(Lstm::default().build(&vb, &Slots::new(&NoiseMap::new(0), &[])?)?))
}

fn candles_cnn(vb: VarBuilder) -> Result<Model> {
    let conv1 = candle_nn::conv2d(1, 32, 3, Conv2dConfig::default(), vb.pp("conv1"))?;
    let conv2 = candle_nn::conv2d(32, 32, 3, Conv2dConfig::default(), vb.pp("conv2"))?;
    let dense = candle_nn::linear(128, 10, vb.pp("fc"))?;
    Ok(Box::new(candle_nn::func_t(move |xs, _| {
        let xs = conv2.forward(&conv1.forward(xs)?.relu()?)?.relu()?;
        dense.forward(&xs.max_pool2d(2)?.flatten_from(1)?)
    })))
}

fn candles_lstm(vb: VarBuilder) -> Result<Model> {
    let lstm = candle_nn::lstm(12, 64, LSTMConfig::default(), vb.pp("lstm"))?;
    let dense = candle_nn::linear(64, 9, vb.pp("fc"))?;
    Ok(Box::new(candle_nn::func_t(move |xs, _| {
        let lengths = xs.narrow(2, 12, 1)?.squeeze(2)?.sum(1)?; // (N,)
        let longest = lengths.max(0)?.to_scalar::<f32>()? as usize;
        let states = lstm.seq(&xs.narrow(2, 0, 12)?.narrow(1, 0, longest)?.contiguous()?)?;
        let states: Vec<Tensor> = states.iter().map(|state| state.h().clone()).collect();
        let states = Tensor::stack(&states, 1)?; // (N, T, H)
        let last = (lengths - 1.)?.to_dtype(DType::U32)?.reshape((xs.dim(0)?, 1, 1))?;
        let last = last.broadcast_as((xs.dim(0)?, 1, 64))?.contiguous()?;
        dense.forward(&states.gather(&last, 1)?.squeeze(1)?)
    })))
}

fn build(network: fn(VarBuilder) -> Result<Model>) -> Result<(Model, Adam)> {
    let varmap = VarMap::new();
    let model = network(seeded_vars(&varmap, 0, DType::F32, &Device::Cpu))?;
    let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
    Ok((model, Adam::new(vars, AdamOptions::default())?))
}

const DIGITS: CrossEntropy = CrossEntropy { classes: 10 };
const VOWELS: CrossEntropy = CrossEntropy { classes: 9 };

fn step(
    model: &Model,
    adam: &mut Adam,
    samples: &Samples,
    ids: &[u32],
    objective: CrossEntropy,
) -> Result<()> {
    let (xs, ys) = samples.batch(ids, 1)?;
    let logits = model.forward_t(&xs, true)?.unsqueeze(0)?;
    adam.step(&backward(&objective.loss(&logits, &ys)?)?)
}

/// 100 digits to train on and 1,000 to test on.
fn images() -> Result<(Samples, Samples)> {
    let data = digits()?;
    let samples = |rows| data.range(rows)?.to_samples(&DIGIT_SHAPE, &Device::Cpu);
    Ok((samples(0..100)?, samples(797..1797)?))
}

fn vowels() -> Result<(Samples, Samples)> {
    let (train, test) = japanese_vowels()?;
    Ok((train.to_samples(None, &Device::Cpu)?, test.to_samples(None, &Device::Cpu)?))
}

/// One step of 32 rows.
pub fn steps(c: &mut Criterion) {
    let (images, vowels) = (images().expect("the digits").0, vowels().expect("the vowels").0);
    type Network = fn(VarBuilder) -> Result<Model>;
    let cases: [(&str, &str, Network, &Samples, CrossEntropy); 4] = [
        ("cnn", "candle-noise", ours_cnn, &images, DIGITS),
        ("cnn", "candle", candles_cnn, &images, DIGITS),
        ("lstm", "candle-noise", ours_lstm, &vowels, VOWELS),
        ("lstm", "candle", candles_lstm, &vowels, VOWELS),
    ];
    for (name, whose, network, samples, objective) in cases {
        let (model, mut adam) = build(network).expect("a model");
        let ids = &shuffled(0, 0, samples.rows())[..32];
        c.benchmark_group("step").bench_function(BenchmarkId::new(name, whose), |b| {
            b.iter(|| step(&model, &mut adam, samples, ids, objective).expect("a step"));
        });
    }
}

/// A whole run, evaluated at its end or after every epoch.
pub fn runs(c: &mut Criterion) {
    let (images, vowels) = (images().expect("the digits"), vowels().expect("the vowels"));
    type Network = fn(VarBuilder) -> Result<Model>;
    type Case<'a> = (&'a str, Network, &'a (Samples, Samples), usize, CrossEntropy);
    let cases: [Case; 2] =
        [("cnn", ours_cnn, &images, 100, DIGITS), ("lstm", ours_lstm, &vowels, 60, VOWELS)];
    for (name, network, (train, test), epochs, objective) in cases {
        let mut group = c.benchmark_group("run");
        group.sample_size(10);
        group.bench_function(BenchmarkId::new(name, "evaluated once"), |b| {
            b.iter(|| -> Result<()> {
                let (model, mut adam) = build(network)?;
                for epoch in 1..=epochs {
                    for ids in shuffled(0, epoch as u32, train.rows()).chunks(32) {
                        step(&model, &mut adam, train, ids, objective)?;
                    }
                }
                evaluate(&*model, test, &objective)?;
                Ok(())
            });
        });
        let options = TrainOptions::new(epochs).objective(objective);
        group.bench_function(BenchmarkId::new(name, "evaluated every epoch"), |b| {
            b.iter(|| -> Result<()> {
                let (model, mut adam) = build(network)?;
                fit(&*model, &mut adam, train, Some(test), &options, History::default())?;
                Ok(())
            });
        });
    }
}
