//! Options of training: losses, classes, batches, learning rates and calls in a row.

use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{DType, Device, Module, Result, Tensor, Var};
use candle_nn::{
    Activation, BatchNorm, Conv2d, Conv2dConfig, Linear, ModuleT, Optimizer, VarMap, batch_norm,
    conv2d, linear,
};
use candle_noise::data::Samples;
use candle_noise::metric::Accuracy;
use candle_noise::nn::{Model, SequentialT, seeded_vars, seq_t, sorted_vars, trainable_vars};
use candle_noise::objective::{
    BinaryCrossEntropy, CrossEntropy, LossFn, MeanSquaredError, Objective,
};
use candle_noise::ops::bce_with_logits;
use candle_noise::optim::{Adam, AdamOptions, Sgd, SgdOptions};
use candle_noise::train::{
    EarlyStopping, History, LrDecay, LrSchedule, TrainOptions, Trainer, evaluate, fit,
};

/// Points that a line separates.
fn samples(rows: usize) -> Result<Samples> {
    let xs: Vec<f32> = (0..2 * rows).map(|i| ((i * 37 + 11) % 29) as f32 / 14.5 - 1.).collect();
    let ys: Vec<f32> = xs.chunks(2).map(|x| f32::from(x[0] > x[1])).collect();
    Samples::new(
        &Tensor::from_vec(xs, (rows, 2), &Device::Cpu)?,
        &Tensor::from_vec(ys, rows, &Device::Cpu)?,
    )
}

/// A plain Candle network on the variables of a map, which are made if there are none.
fn model(varmap: &VarMap, seed: u64) -> Result<SequentialT> {
    let vb = seeded_vars(varmap, seed, DType::F32, &Device::Cpu);
    let first = seq_t().add(linear(2, 8, vb.pp("fc1"))?).add(Activation::Relu);
    Ok(first.add(linear(8, 1, vb.pp("fc2"))?))
}

fn network(seed: u64) -> Result<(SequentialT, VarMap)> {
    let varmap = VarMap::new();
    Ok((model(&varmap, seed)?, varmap))
}

fn adam(varmap: &VarMap) -> Result<Adam> {
    let vars = trainable_vars(varmap).into_iter().map(|(_, var)| var).collect();
    Adam::new(vars, AdamOptions::default().learning_rate(0.01))
}

fn trainer(rows: usize, options: TrainOptions) -> Result<Trainer> {
    let (model, varmap) = network(1)?;
    Trainer::new(Model::new(model), &varmap, adam(&varmap)?, samples(rows)?, options)?
        .with_validation(samples(7)?)
}

fn trained(mut trainer: Trainer) -> Result<Trainer> {
    while !trainer.has_ended() {
        trainer.epoch()?;
    }
    trainer.finish()?;
    Ok(trainer)
}

fn weights(varmap: &VarMap) -> Result<Vec<f32>> {
    let flat = |(_, var): (String, Var)| var.flatten_all()?.to_vec1::<f32>();
    Ok(sorted_vars(varmap).into_iter().map(flat).collect::<Result<Vec<_>>>()?.concat())
}

fn message<T>(result: Result<T>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn a_loss_of_ones_own_trains_as_an_objective_does() -> Result<()> {
    let own = LossFn::new("own", 1, bce_with_logits).metric(Accuracy);
    let options = TrainOptions::new(20).seeds(&[5]);
    let expected = trained(trainer(40, options.clone())?)?;
    let found = trained(trainer(40, options.objective(own))?)?;
    assert_eq!(found.history(), expected.history());
    assert_eq!(weights(found.varmap())?, weights(expected.varmap())?);
    Ok(())
}

/// Evaluations are those of the same weights without smoothing and weights.
#[test]
fn smoothing_and_weights_are_for_training_alone() -> Result<()> {
    let plain = trained(trainer(40, TrainOptions::new(1))?)?;
    for options in [
        TrainOptions::new(1).label_smoothing(0.2),
        TrainOptions::new(1).class_weights(&[1., 4.]),
        TrainOptions::new(1).label_smoothing(0.2).class_weights(&[1., 4.]),
    ] {
        let other = trained(trainer(40, options)?)?;
        let [own, plain] = [&other, &plain].map(|t| &t.history().replicas[0]);
        assert_ne!(own.noisy.loss, plain.noisy.loss, "the loss in training");
        assert_ne!(weights(other.varmap())?, weights(trainer(40, TrainOptions::new(1))?.varmap())?);
        let scores = evaluate(&model(other.varmap(), 1)?, &samples(7)?, &BinaryCrossEntropy)?;
        assert_eq!(scores.loss[0], own.val.loss[0]);
    }
    let refused = |options: TrainOptions| message(trainer(40, options));
    let one = TrainOptions::new(1);
    assert!(refused(one.clone().label_smoothing(1.5)).contains("in [0, 1], received 1.5"));
    let error = refused(one.clone().class_weights(&[1.]));
    assert!(error.contains("a weight for each of 2 classes, received 1"), "{error}");
    assert!(refused(one.clone().class_weights(&[1., -1.])).contains("received -1"));
    let squares = one.objective(MeanSquaredError { outputs: 1 });
    let error = refused(squares.label_smoothing(0.1));
    assert!(error.contains("an objective of classes, received mean squared error"), "{error}");
    let three = CrossEntropy { classes: 3 };
    let zs = Tensor::zeros((1, 2, 3), DType::F32, &Device::Cpu)?;
    let options = TrainOptions::new(1).class_weights(&[1., 1.]).classes;
    let ys = Tensor::zeros((1, 2), DType::U32, &Device::Cpu)?;
    assert!(message(three.training_loss(&zs, &ys, &options)).contains("each of 3 classes"));
    Ok(())
}

#[test]
fn the_last_short_batch_is_left_out_on_request() -> Result<()> {
    let steps = |options: TrainOptions| -> Result<u64> {
        let trainer = trained(trainer(40, options.batch_size(16))?)?;
        Ok(trainer.checkpoint()?.optimizer_steps)
    };
    assert_eq!(steps(TrainOptions::new(3))?, 9);
    assert_eq!(steps(TrainOptions::new(3).drop_last())?, 6);
    let error = message(trainer(40, TrainOptions::new(3).batch_size(41).drop_last()));
    assert!(error.contains("a batch_size of at most 40 rows, received 41"), "{error}");
    Ok(())
}

/// Of one row the variance is undefined, and the running variance would be NaN.
#[test]
fn a_batch_of_one_row_for_batch_norm_is_refused_or_dropped() -> Result<()> {
    let trainer = |options: TrainOptions| -> Result<Trainer> {
        let varmap = VarMap::new();
        let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
        let model = seq_t()
            .add(linear(2, 8, vb.pp("fc1"))?)
            .add(batch_norm(8, 1e-5, vb.pp("norm"))?)
            .add(linear(8, 1, vb.pp("fc2"))?);
        Trainer::new(Model::new(model), &varmap, adam(&varmap)?, samples(33)?, options)
    };
    let error = message(trainer(TrainOptions::new(2)));
    assert!(error.contains("a last batch of one row, as 33 rows leave it"), "{error}");
    assert!(error.contains("norm.running_var") && error.contains("drop_last"), "{error}");
    let error = message(trainer(TrainOptions::new(2).batch_size(1).drop_last()));
    assert!(
        error.contains("choose a batch_size above 1") && !error.contains("drop_last"),
        "{error}"
    );
    for options in [TrainOptions::new(2).drop_last(), TrainOptions::new(2).batch_size(30)] {
        let trainer = trained(trainer(options)?)?;
        assert!(weights(trainer.varmap())?.iter().all(|x| x.is_finite()));
    }
    Ok(())
}

/// Images of `side` × `side` pixels, after a convolution and a `BatchNorm`.
fn images(side: usize) -> Result<Trainer> {
    struct Network(Conv2d, BatchNorm, Linear);
    impl ModuleT for Network {
        fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
            let Self(conv, norm, fc) = self;
            let ys = norm.forward_t(&conv.forward(xs)?, train)?.relu()?;
            fc.forward(&ys.flatten_from(1)?)
        }
    }
    let varmap = VarMap::new();
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let model = Network(
        conv2d(1, 2, 1, Conv2dConfig::default(), vb.pp("conv"))?,
        batch_norm(2, 1e-5, vb.pp("norm"))?,
        linear(2 * side * side, 1, vb.pp("fc"))?,
    );
    let pixels = (0..3 * side * side).map(|i| (i as f32 * 0.7).sin()).collect();
    let xs = Tensor::from_vec::<_, f32>(pixels, (3, 1, side, side), &Device::Cpu)?;
    let samples = Samples::new(&xs, &Tensor::new(&[0f32, 1., 1.], &Device::Cpu)?)?;
    let options = TrainOptions::new(2).batch_size(2);
    Trainer::new(Model::new(model), &varmap, adam(&varmap)?, samples, options)
}

/// An image has many numbers a channel; one of a single pixel shows what it does in the first epoch.
#[test]
fn a_batch_of_one_image_is_judged_by_its_statistics() -> Result<()> {
    let trainer = trained(images(3)?)?;
    assert_eq!(trainer.history().replicas[0].epochs(), 2);
    assert!(weights(trainer.varmap())?.iter().all(|x| x.is_finite()));
    let mut trainer = images(1)?;
    let error = message(trainer.epoch());
    assert!(error.contains("norm.running_var") && error.contains("as 3 rows leave it"), "{error}");
    assert!(message(trainer.checkpoint()).contains("spoilt running statistics"));
    Ok(())
}

/// Candle's rectifier hides a running variance that is NaN from the loss.
#[test]
fn running_statistics_that_a_rectifier_hides_end_the_run() -> Result<()> {
    let varmap = VarMap::new();
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let model = seq_t()
        .add(linear(2, 4, vb.pp("fc1"))?)
        .add(batch_norm(4, 1e-5, vb.pp("norm"))?)
        .add(Activation::Relu)
        .add(linear(4, 1, vb.pp("fc2"))?);
    let options = TrainOptions::new(9);
    let mut trainer =
        Trainer::new(Model::new(model), &varmap, adam(&varmap)?, samples(20)?, options)?;
    trainer.epoch()?;
    let var = sorted_vars(&varmap).into_iter().find(|(name, _)| name == "norm.running_var");
    var.unwrap().1.set(&Tensor::full(f32::NAN, 4, &Device::Cpu)?)?;
    trainer.epoch()?;
    let stop = trainer.history().replicas[0].stopped.clone().unwrap();
    assert_eq!((stop.epoch, &stop.which[..]), (2, "weights"));
    Ok(())
}

#[test]
fn fit_leaves_the_rate_as_it_was_and_curves_without_gaps() -> Result<()> {
    struct Fails(SequentialT, AtomicUsize);
    impl ModuleT for Fails {
        fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
            if train && self.1.fetch_add(1, Ordering::Relaxed) == 2 {
                candle_core::bail!("mine")
            }
            self.0.forward_t(xs, train)
        }
    }
    let (model, varmap) = network(1)?;
    let (mut adam, samples) = (adam(&varmap)?, samples(20)?);
    let halved = TrainOptions::new(5).lr_schedule("step:1:0.5".parse()?);
    let fails = Fails(model.clone(), AtomicUsize::new(0));
    let error = message(fit(&fails, &mut adam, &samples, None, &halved, History::default()));
    assert!(error.starts_with("mine"), "{error}");
    assert_eq!(adam.learning_rate(), 0.01);
    let options = TrainOptions::new(2);
    let without = fit(&model, &mut adam, &samples, None, &options, History::default())?;
    let error = message(fit(&model, &mut adam, &samples, Some(&samples), &options, without));
    assert!(error.contains("with validation samples"), "{error}");
    let with = fit(&model, &mut adam, &samples, Some(&samples), &options, History::default())?;
    let error = message(fit(&model, &mut adam, &samples, None, &options, with));
    assert!(error.contains("without validation samples"), "{error}");
    Ok(())
}

/// Fields are public, and a number in them may be out of range.
#[test]
fn a_schedule_set_field_by_field_is_checked() -> Result<()> {
    for (decay, expected) in [
        (LrDecay::Step { every: 0, factor: 0.5 }, "at least 1 epoch, received 0"),
        (LrDecay::Cosine { floor: f64::NAN }, "received NaN"),
        (LrDecay::Plateau { patience: 1, factor: 2. }, "received 2"),
    ] {
        let mut schedule = LrSchedule::default();
        schedule.decay = decay;
        assert!(schedule.factor(3, 9, &[1., 1.]) >= 0. || expected.contains("NaN"));
        let error = message(trainer(9, TrainOptions::new(2).lr_schedule(schedule)));
        assert!(error.contains(expected), "{error}");
    }
    let minus: LrSchedule = "cosine:-0".parse()?;
    assert_eq!(minus.to_string(), "cosine:0");
    Ok(())
}

#[test]
fn early_stopping_is_set_before_the_first_epoch() -> Result<()> {
    let mut trainer = trainer(9, TrainOptions::new(2))?;
    trainer.epoch()?;
    let error = message(trainer.with_early_stopping(EarlyStopping::new(3)));
    assert!(error.contains("before the first epoch, received it after 1"), "{error}");
    Ok(())
}

#[test]
fn calls_of_one_epoch_are_one_call_of_many() -> Result<()> {
    let (train, validation) = (samples(40)?, samples(7)?);
    let run = |calls: usize, epochs: usize| -> Result<(History, Vec<f32>)> {
        let (model, varmap) = network(1)?;
        let (mut adam, options) = (adam(&varmap)?, TrainOptions::new(epochs).seeds(&[9]));
        let mut history = History::default();
        for _ in 0..calls {
            history = fit(&model, &mut adam, &train, Some(&validation), &options, history)?;
        }
        Ok((history, weights(&varmap)?))
    };
    let whole = run(1, 12)?;
    assert_eq!(whole.0.replicas[0].epochs(), 12);
    assert_eq!(run(12, 1)?, whole);
    assert_eq!(run(3, 4)?, whole);
    let (model, varmap) = network(1)?;
    let options = TrainOptions::new(1).objective(MeanSquaredError { outputs: 1 });
    let error = message(fit(&model, &mut adam(&varmap)?, &train, None, &options, whole.0));
    assert!(error.contains("curves of r_squared with replicas: 1, received those of"), "{error}");
    Ok(())
}

/// Candle's rectifier makes 0 of NaN, so the loss of a network with such weights is finite.
#[test]
fn weights_that_a_rectifier_hides_end_the_run() -> Result<()> {
    let (model, varmap) = network(1)?;
    let (xs, _) = samples(7)?.range(0, 7)?;
    let mut trainer = Trainer::new(
        Model::new(model.clone()),
        &varmap,
        adam(&varmap)?,
        samples(40)?,
        TrainOptions::new(10).seeds(&[3]),
    )?;
    trainer.epoch()?;
    let first = sorted_vars(&varmap).into_iter().find(|(name, _)| name == "fc1.weight").unwrap().1;
    first.set(&Tensor::full(f32::NAN, (8, 2), &Device::Cpu)?)?;
    let outputs = model.forward_t(&xs, false)?.flatten_all()?.to_vec1::<f32>()?;
    assert!(outputs.iter().all(|y| y.is_finite()), "the output does not show it: {outputs:?}");
    trainer.epoch()?;
    assert!(trainer.has_ended());
    let history = &trainer.history().replicas[0];
    let stop = history.stopped.as_ref().unwrap();
    assert_eq!((stop.epoch, stop.seed, &stop.which[..], &stop.value[..]), (2, 3, "weights", "NaN"));
    assert_eq!((history.epochs(), history.val.loss.len()), (1, 0));
    Ok(())
}

/// With plain gradient descent a step is the rate times the gradient, which a constant loss keeps.
#[test]
fn a_schedule_multiplies_the_rate_and_resumes() -> Result<()> {
    let trainer = |schedule: &str, epochs: usize| -> Result<Trainer> {
        let varmap = VarMap::new();
        let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
        let model = linear(2, 1, vb)?;
        let vars = trainable_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let sgd = Sgd::new(vars, SgdOptions::default().learning_rate(0.5))?;
        let loss = LossFn::new("sum", 1, |outputs, _| outputs.sum((1, 2)));
        let options =
            TrainOptions::new(epochs).objective(loss).lr_schedule(schedule.parse::<LrSchedule>()?);
        Trainer::new(Model::new(model), &varmap, sgd, samples(1)?, options)
    };
    let bias = |trainer: &Trainer| -> Result<f32> {
        let vars = sorted_vars(trainer.varmap());
        vars.iter().find(|(name, _)| name == "bias").unwrap().1.get(0)?.to_scalar::<f32>()
    };
    // The gradient of the bias is 1.
    let mut own = trainer("warmup:1,step:2:0.1", 5)?;
    let mut before = bias(&own)?;
    for factor in [0.5, 1., 1., 0.1, 0.1] {
        own.epoch()?;
        let now = bias(&own)?;
        assert!((before - now - 0.5 * factor).abs() < 1e-6, "{before} {now} {factor}");
        before = now;
    }
    let mut half = trainer("cosine", 6)?;
    for _ in 0..3 {
        half.epoch()?;
    }
    let mut resumed = trainer("cosine", 6)?;
    resumed.resume(&half.checkpoint()?)?;
    let resumed = trained(resumed)?;
    assert_eq!(bias(&resumed)?, bias(&trained(trainer("cosine", 6)?)?)?);
    Ok(())
}

#[test]
fn a_schedule_by_the_validation_loss_needs_it_and_one_replica() -> Result<()> {
    let schedule: LrSchedule = "plateau:1:0.5".parse()?;
    let (model, varmap) = network(1)?;
    let options = TrainOptions::new(5).lr_schedule(schedule);
    let mut trainer =
        Trainer::new(Model::new(model), &varmap, adam(&varmap)?, samples(9)?, options.clone())?;
    assert!(message(trainer.epoch()).contains("plateau:1:0.5 follows the validation loss"));
    let error = message(fit(
        &network(1)?.0,
        &mut adam(&varmap)?,
        &samples(9)?,
        None,
        &options.clone().seeds(&[1, 2]),
        History::default(),
    ));
    assert!(error.contains("takes one replica, received 2"), "{error}");
    // The loss of an untrained network does not fall, so each epoch after the first is a plateau.
    let vars = trainable_vars(&varmap).into_iter().map(|(_, var)| var).collect();
    let still = Adam::new(vars, AdamOptions::default().learning_rate(1e-30))?;
    let model = self::model(&varmap, 1)?;
    let mut trainer = Trainer::new(Model::new(model), &varmap, still, samples(9)?, options)?
        .with_validation(samples(7)?)?;
    let mut rates = Vec::new();
    while !trainer.has_ended() {
        trainer.epoch()?;
        rates.push(trainer.learning_rate() / 1e-30);
    }
    assert_eq!(rates, [1., 1., 0.5, 0.25, 0.125]);
    Ok(())
}
