//! Models with Candle's `BatchNorm`, whose running statistics are variables but no parameters.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Activation, Optimizer, VarMap, batch_norm, linear};
use candle_noise::data::Samples;
use candle_noise::nn::{Model, seeded_vars, seq_t, trainable_vars};
use candle_noise::noise::{NoiseMap, WeightNoise};
use candle_noise::optim::{
    Adam, AdamOptions, AnyOptimizer, GradientNoise, GradientNoiseOptions, Sgd, SgdOptions,
};
use candle_noise::train::{Checkpoint, EarlyStopping, History, TrainOptions, Trainer, fit};

use crate::resume::{read_back, values};

/// Where noise is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Noise {
    Nowhere,
    Weights,
    Gradients,
}

/// Inputs of two columns: 1, 2, 3, 6 with mean 3, and their tenfold.
fn samples() -> Result<Samples> {
    let xs = Tensor::new(&[[1f32, 10.], [2., 20.], [3., 30.], [6., 60.]], &Device::Cpu)?;
    Samples::new(&xs, &Tensor::new(&[0f32, 1., 0., 1.], &Device::Cpu)?)
}

/// The norm comes first, so that its statistics are those of the inputs, whatever the weights are.
fn model(varmap: &VarMap) -> Result<Model> {
    let vb = seeded_vars(varmap, 1, DType::F32, &Device::Cpu);
    Ok(Model::new(
        seq_t()
            .add(batch_norm(2, 1e-5, vb.pp("norm"))?)
            .add(linear(2, 8, vb.pp("fc1"))?)
            .add(batch_norm(8, 1e-5, vb.pp("inner"))?)
            .add(Activation::Relu)
            .add(linear(8, 1, vb.pp("fc2"))?),
    ))
}

fn adam(varmap: &VarMap) -> Result<Adam> {
    let vars = trainable_vars(varmap).into_iter().map(|(_, var)| var).collect();
    Adam::new(vars, AdamOptions::default().learning_rate(0.05))
}

fn trainer(noise: Noise, epochs: usize) -> Result<Trainer> {
    let (varmap, map) = (VarMap::new(), NoiseMap::new(1));
    let (mut model, nb) = (model(&varmap)?, map.builder().pp("noise"));
    let mut optimizer = AnyOptimizer::from(adam(&varmap)?);
    match noise {
        Noise::Nowhere => {}
        Noise::Weights => {
            let noise = WeightNoise::new(&varmap, 0.1, nb)?;
            model = Model::new(noise.model(model));
            optimizer = AnyOptimizer::from(noise.optimizer(optimizer));
        }
        Noise::Gradients => {
            let options = GradientNoiseOptions::default();
            optimizer = AnyOptimizer::from(GradientNoise::over(optimizer, &varmap, options, nb)?);
        }
    }
    let options = TrainOptions::new(epochs);
    Ok(Trainer::new(model, &varmap, optimizer, samples()?, options)?.with_noise(&map))
}

fn train(mut trainer: Trainer, from: Option<&Checkpoint>) -> Result<Trainer> {
    if let Some(checkpoint) = from {
        trainer.resume(checkpoint)?;
    }
    while !trainer.has_ended() {
        trainer.epoch()?;
    }
    trainer.finish()?;
    Ok(trainer)
}

fn var(trainer: &Trainer, name: &str) -> Result<Vec<f32>> {
    values(trainer.varmap().data().lock().unwrap()[name].as_tensor())
}

fn weights(trainer: &Trainer) -> Result<Vec<Vec<f32>>> {
    trainer.checkpoint()?.weights.values().map(values).collect()
}

/// After n passes over one batch: mean (1 - 0.9^n) and 0.9^n + variance (1 - 0.9^n), with the
/// variance 14 / 3 of 1, 2, 3, 6.
#[test]
fn running_statistics_are_those_of_the_passes_whatever_the_noise() -> Result<()> {
    let epochs = 50;
    let past = 0.9f64.powi(epochs as i32);
    for noise in [Noise::Nowhere, Noise::Weights, Noise::Gradients] {
        let trainer = train(trainer(noise, epochs)?, None)?;
        let (mean, variance) =
            (var(&trainer, "norm.running_mean")?, var(&trainer, "norm.running_var")?);
        for (i, scale) in [1f64, 10.].into_iter().enumerate() {
            let expected = 3. * scale * (1. - past);
            assert!((f64::from(mean[i]) / expected - 1.).abs() < 1e-5, "{noise:?} {mean:?}");
            let expected = past + 14. / 3. * scale * scale * (1. - past);
            assert!(
                (f64::from(variance[i]) / expected - 1.).abs() < 1e-5,
                "{noise:?} {variance:?}"
            );
        }
        let clean = &trainer.history().replicas[0].clean.loss;
        assert!(clean[49] < clean[0], "{noise:?} {clean:?}");
    }
    Ok(())
}

#[test]
fn every_noise_changes_the_training_and_no_variable_but_parameters() -> Result<()> {
    let all = [Noise::Nowhere, Noise::Weights, Noise::Gradients];
    let trained = all.map(|noise| train(trainer(noise, 5).unwrap(), None).unwrap());
    let [plain, noisy, gradients] = trained.each_ref().map(|trainer| weights(trainer).unwrap());
    assert!(plain != noisy && plain != gradients && noisy != gradients);
    let map = NoiseMap::new(1);
    let noise = WeightNoise::new(trained[0].varmap(), 0.1, map.builder())?;
    let parameters = ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"];
    let norms = ["inner.bias", "inner.weight", "norm.bias", "norm.weight"];
    let sites: Vec<String> = map.steps().into_keys().collect();
    assert_eq!(sites, [parameters, norms].concat());
    drop(noise);
    Ok(())
}

/// Checkpoints and restored weights have the running statistics, too.
#[test]
fn statistics_are_resumed_and_restored_to_the_bit() -> Result<()> {
    for noise in [Noise::Nowhere, Noise::Weights, Noise::Gradients] {
        let whole = train(trainer(noise, 20)?, None)?;
        let half = train(trainer(noise, 9)?, None)?.checkpoint()?;
        assert!(half.weights.contains_key("norm.running_var"));
        assert!(!half.moments.contains_key("norm.running_var"));
        let resumed = train(trainer(noise, 20)?, Some(&read_back(&half)?))?;
        assert_eq!(weights(&resumed)?, weights(&whole)?, "{noise:?}");
    }
    let stopped = trainer(Noise::Weights, 20)?.with_validation(samples()?)?;
    let stopped = train(stopped.with_early_stopping(EarlyStopping::new(1).restore_best())?, None)?;
    let best = stopped.history().replicas[0].restored_epoch.unwrap();
    let then = train(trainer(Noise::Weights, best)?, None)?;
    for name in ["inner.running_mean", "inner.running_var", "fc2.weight"] {
        assert_eq!(var(&stopped, name)?, var(&then, name)?, "{name} after epoch {best}");
    }
    Ok(())
}

/// In `fit`, and by an optimizer that was given all variables.
#[test]
fn a_variable_without_a_gradient_is_explained() -> Result<()> {
    let fails = |varmap: &VarMap, optimizer: &mut AnyOptimizer| -> Result<String> {
        let result = fit(
            &model(varmap)?,
            optimizer,
            &samples()?,
            None,
            &TrainOptions::new(1),
            History::default(),
        );
        Ok(result.err().unwrap().to_string())
    };
    let varmap = VarMap::new();
    model(&varmap)?;
    let all = || candle_noise::nn::sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
    let mut adam_of_all = AnyOptimizer::from(Adam::new(all(), AdamOptions::default())?);
    let mut sgd_of_all = AnyOptimizer::from(Sgd::new(all(), SgdOptions::default())?);
    for optimizer in [&mut adam_of_all, &mut sgd_of_all] {
        let error = fails(&varmap, optimizer)?;
        assert!(
            error.contains("\n- variable 5 of shape [8], variable 6 of shape [8], "),
            "{error}"
        );
        assert!(error.contains("nn::trainable_vars leaves out running statistics"), "{error}");
    }
    let options = TrainOptions::new(3);
    let history: History = fit(
        &model(&varmap)?,
        &mut adam(&varmap)?,
        &samples()?,
        None,
        &options,
        History::default(),
    )?;
    assert_eq!(history.replicas[0].epochs(), 3);
    Ok(())
}
