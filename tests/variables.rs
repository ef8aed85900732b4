//! Which variables are trained: none, twice, of another map, shared.

use std::collections::HashMap;

use candle_core::{D, DType, Device, Module, Result, Tensor, Var};
use candle_nn::{Linear, ModuleT, Optimizer, VarBuilder, VarMap, linear, ops};
use candle_noise::data::Samples;
use candle_noise::nn::{
    Model, check_gradients, dense, replicated_vars, seeded_vars, seq_t, sorted_vars, trainable_vars,
};
use candle_noise::noise::{NoiseMap, WeightNoise};
use candle_noise::optim::{
    Adam, AdamOptions, ClipGradients, ClipOptions, GradientNoise, GradientNoiseOptions, MaxNorm,
    MaxNormOptions, Sgd, SgdOptions,
};
use candle_noise::train::{EarlyStopping, TrainOptions, Trainer};

use crate::resume::values;

const NONE: &str = "expected a trainable variable, received none";

pub fn fc(varmap: &VarMap) -> Result<Linear> {
    linear(2, 1, seeded_vars(varmap, 1, DType::F32, &Device::Cpu).pp("fc"))
}

pub fn samples() -> Result<Samples> {
    let xs = Tensor::new(&[[1f32, 2.], [3., -1.], [0.5, 0.]], &Device::Cpu)?;
    Samples::new(&xs, &Tensor::new(&[0f32, 1., 1.], &Device::Cpu)?)
}

pub fn message<T>(result: Result<T>) -> String {
    result.err().expect("an error").to_string()
}

pub fn sgd(vars: Vec<(String, Var)>, rate: f64) -> Result<Sgd> {
    Sgd::named(vars, SgdOptions::default().learning_rate(rate))
}

#[test]
fn a_map_without_variables_is_refused_everywhere() -> Result<()> {
    let (varmap, empty) = (VarMap::new(), VarMap::new());
    let model = fc(&varmap)?;
    let tensors = sorted_vars(&varmap).into_iter();
    let tensors: HashMap<_, _> =
        tensors.map(|(name, var)| (name, var.as_detached_tensor())).collect();
    let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let constants = linear(2, 1, vb.pp("fc"))?;
    let adam = || Adam::of(&varmap, AdamOptions::default());
    let trainer = |model: &Linear, map: &VarMap| {
        Trainer::new(Model::new(model.clone()), map, adam()?, samples()?, TrainOptions::new(1))
    };
    let found = [
        message(trainer(&constants, &empty)),
        message(trainer(&model, &empty)),
        message(Adam::of(&empty, AdamOptions::default())),
        message(Sgd::of(&empty, SgdOptions::default())),
        message(Adam::new(vec![Var::new(&[1u32], &Device::Cpu)?], AdamOptions::default())),
        message(ClipGradients::over(adam()?, &empty, ClipOptions::default())),
        message(GradientNoise::over(
            adam()?,
            &empty,
            GradientNoiseOptions::default(),
            NoiseMap::new(1).builder(),
        )),
        message(WeightNoise::new(&empty, 0.1, NoiseMap::new(1).builder())),
        message(check_gradients(&constants.weight().sum_all()?, &[])),
    ];
    for error in found {
        assert!(error.contains(NONE) && error.contains("VarBuilder::from_tensors"), "{error}");
    }
    // The right map, of which the model of constants has nothing.
    let error = message(trainer(&constants, &varmap)?.epoch());
    assert!(error.contains("received none for 2 of 2"), "{error}");
    let bound = MaxNorm::over(adam()?, vec![], MaxNormOptions::default());
    assert!(message(bound).contains("at least one variable, received none"));
    let frozen = candle_noise::optim::Group::default().learning_rate(0.);
    let frozen = Adam::grouped(trainable_vars(&varmap), AdamOptions::default(), |_, _| frozen);
    assert!(message(frozen).contains("a group with a learning rate, received none"));
    Ok(())
}

#[test]
fn a_variable_given_twice_is_refused_by_its_names() -> Result<()> {
    let varmap = VarMap::new();
    let model = fc(&varmap)?;
    let mut vars = trainable_vars(&varmap);
    vars.push(("again".to_string(), vars[0].1.clone()));
    let own = || sgd(trainable_vars(&varmap), 0.1);
    let nb = || NoiseMap::new(1).builder();
    let found = [
        message(sgd(vars.clone(), 0.1)),
        message(Adam::named(vars.clone(), AdamOptions::default())),
        message(ClipGradients::over_vars(own()?, vars.clone(), ClipOptions::default())),
        message(GradientNoise::over_vars(
            own()?,
            vars.clone(),
            GradientNoiseOptions::default(),
            nb(),
        )),
        message(check_gradients(&model.weight().sum_all()?, &vars)),
    ];
    for error in found {
        assert!(error.contains("once, received one as fc.bias and as again"), "{error}");
    }
    Ok(())
}

/// A step of size 0.1 along a gradient of 1.
#[test]
fn a_variable_with_two_names_is_stepped_once_and_resumed() -> Result<()> {
    let tied = || -> Result<(Linear, VarMap)> {
        let varmap = VarMap::new();
        let model = fc(&varmap)?;
        let mut data = varmap.data().lock().unwrap();
        let weight = data["fc.weight"].clone();
        data.insert("tied.weight".to_string(), weight);
        drop(data);
        Ok((model, varmap))
    };
    let (model, varmap) = tied()?;
    let names: Vec<_> = trainable_vars(&varmap).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["fc.bias", "fc.weight"]);
    let before = model.weight().flatten_all()?.to_vec1::<f32>()?;
    let loss = (model.weight().sum_all()? + model.bias().unwrap().sum_all()?)?;
    Sgd::of(&varmap, SgdOptions::default().learning_rate(0.1))?.backward_step(&loss)?;
    for (new, old) in model.weight().flatten_all()?.to_vec1::<f32>()?.iter().zip(before) {
        assert!((old - new - 0.1).abs() < 1e-6, "{old} {new}");
    }
    let trainer = |epochs: usize| -> Result<Trainer> {
        let (model, varmap) = tied()?;
        let adam = Adam::of(&varmap, AdamOptions::default())?;
        let noise = WeightNoise::new(&varmap, 0.1, NoiseMap::new(1).builder())?;
        let (model, adam) = (Model::new(noise.model(model)), noise.optimizer(adam));
        Trainer::new(model, &varmap, adam, samples()?, TrainOptions::new(epochs))
    };
    let mut first = trainer(2)?;
    first.epoch()?;
    let checkpoint = first.checkpoint()?;
    assert_eq!(checkpoint.moments.keys().collect::<Vec<_>>(), ["fc.bias", "fc.weight"]);
    assert_eq!(checkpoint.weights.len(), 3);
    trainer(2)?.resume(&checkpoint)
}

#[test]
fn a_variable_of_another_map_is_found_in_the_first_step() -> Result<()> {
    let (body, head) = (VarMap::new(), VarMap::new());
    let model = seq_t()
        .add(linear(2, 4, seeded_vars(&body, 1, DType::F32, &Device::Cpu).pp("body"))?)
        .add(linear(4, 1, seeded_vars(&head, 1, DType::F32, &Device::Cpu).pp("head"))?);
    let vars = [trainable_vars(&body), trainable_vars(&head)].concat();
    let adam = Adam::named(vars, AdamOptions::default())?;
    let mut trainer =
        Trainer::new(Model::new(model), &body, adam, samples()?, TrainOptions::new(2))?;
    let error = message(trainer.epoch());
    assert!(error.contains("received others of the shapes [1], [1, 4]"), "{error}");
    Ok(())
}

/// At a learning rate of 0 the weights stay, whatever the noise.
#[test]
fn two_noises_on_one_map_are_nested_in_the_order_that_restores() -> Result<()> {
    let train = |alike: bool| -> Result<(Vec<f32>, Vec<f32>, Result<()>)> {
        let (varmap, map) = (VarMap::new(), NoiseMap::new(1));
        let model = fc(&varmap)?;
        let weight = trainable_vars(&varmap).remove(1).1;
        let before = values(&weight)?;
        let first = WeightNoise::new(&varmap, 0.1, map.builder().pp("a"))?;
        let second = WeightNoise::new(&varmap, 0.1, map.builder().pp("b"))?;
        let sgd = sgd(trainable_vars(&varmap), 0.)?;
        let samples = samples()?;
        let model = Model::new(first.model(second.model(model)));
        let mut trainer = if alike {
            let sgd = first.optimizer(second.optimizer(sgd));
            Trainer::new(model, &varmap, sgd, samples, TrainOptions::new(5))?
        } else {
            let sgd = second.optimizer(first.optimizer(sgd));
            Trainer::new(model, &varmap, sgd, samples, TrainOptions::new(5))?
        };
        let mut result = Ok(());
        while result.is_ok() && !trainer.has_ended() {
            result = trainer.epoch();
        }
        Ok((before, values(&weight)?, result))
    };
    let (before, after, result) = train(false)?;
    result?;
    assert_eq!(after, before);
    let (before, after, result) = train(true)?;
    let error = message(result);
    assert!(error.contains("two WeightNoise on one VarMap"), "{error}");
    assert_eq!(after, before, "nothing leaks in");
    Ok(())
}

/// A scale of all replicas beside their dense layers.
struct Scaled(candle_noise::nn::Dense, Tensor);

impl ModuleT for Scaled {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        self.0.forward_t(xs, train)?.broadcast_mul(&self.1.mean_all()?)
    }
}

#[test]
fn a_variable_shared_by_replicas_is_judged_for_all_and_not_kept() -> Result<()> {
    let trainer = |dtype: DType| -> Result<Trainer> {
        let varmap = VarMap::new();
        let fc = dense(2, 2, 1, replicated_vars(&varmap, &[1, 2], dtype, &Device::Cpu).pp("fc"))?;
        let vb = seeded_vars(&varmap, 1, dtype, &Device::Cpu);
        let scale = vb.get_with_hints(3, "scale", candle_nn::init::ONE)?;
        let adam = Adam::of(&varmap, AdamOptions::default())?;
        let (xs, ys) = samples()?.range(0, 3)?;
        let samples = Samples::replicated(&xs.to_dtype(dtype)?.unsqueeze(0)?, &ys)?;
        let options = TrainOptions::new(2).seeds(&[1, 2]);
        Trainer::new(Model::new(Scaled(fc, scale)), &varmap, adam, samples.clone(), options)?
            .with_validation(samples)
    };
    for dtype in [DType::F32, DType::F64] {
        let mut trainer = trainer(dtype)?;
        trainer.epoch()?;
        assert!(trainer.history().stops().next().is_none());
    }
    let error = message(trainer(DType::F32)?.with_early_stopping(EarlyStopping::new(1)));
    assert!(error.contains("axis of 2 replicas, received shape [3] of scale"), "{error}");
    Ok(())
}

/// One head of attention on a fused projection, (B, T, 4) -> (B, T, 4).
fn attention(qkv: &Linear, softmax: fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let xs: Vec<f32> = (0..24).map(|i| (i as f32 * 0.7).sin()).collect();
    let ys = qkv.forward(&Tensor::from_vec(xs, (2, 3, 4), &Device::Cpu)?)?;
    let part = |i: usize| ys.narrow(2, 4 * i, 4)?.contiguous();
    let scores = softmax(&part(0)?.matmul(&part(1)?.t()?.contiguous()?)?)?;
    scores.matmul(&part(2)?)?.sqr()?.sum_all()
}

#[test]
fn the_queries_and_keys_of_a_fused_projection_are_told_by_their_zeros() -> Result<()> {
    let varmap = VarMap::new();
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let qkv = linear(4, 12, vb.pp("h.0.attn.c_attn"))?;
    let vars = trainable_vars(&varmap);
    check_gradients(&attention(&qkv, |xs| ops::softmax(xs, D::Minus1))?, &vars)?;
    let error = message(check_gradients(&attention(&qkv, ops::softmax_last_dim)?, &vars));
    assert!(error.contains("h.0.attn.c_attn.bias of shape [12]"), "{error}");
    assert!(error.contains("first two thirds") && error.contains("softmax_last_dim"), "{error}");
    // Another name says nothing about the parts.
    let others: Vec<_> =
        vars.iter().map(|(_, var)| ("fc.weight".to_string(), var.clone())).collect();
    check_gradients(&attention(&qkv, ops::softmax_last_dim)?, &others)
}
