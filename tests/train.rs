//! Training of plain and of replicated models, in one call and epoch by epoch.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Optimizer, SGD, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::Samples;
use candle_noise::model::Mlp;
use candle_noise::nn::{Model, SequentialT, replicated_vars, seeded_vars, sorted_vars};
use candle_noise::noise::{NoiseSpec, Slots};
use candle_noise::objective::{BinaryCrossEntropy, CrossEntropy};
use candle_noise::ops::no_grad;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{Curves, History, TrainOptions, Trainer, evaluate, fit};

fn samples(rows: usize) -> Result<(Tensor, Tensor)> {
    let xs: Vec<f32> = (0..2 * rows).map(|i| ((i * 37 + 11) % 29) as f32 / 14.5 - 1.).collect();
    let ys: Vec<f32> = (0..rows).map(|i| f32::from(xs[2 * i] > xs[2 * i + 1])).collect();
    Ok((Tensor::from_vec(xs, (rows, 2), &Device::Cpu)?, Tensor::from_vec(ys, rows, &Device::Cpu)?))
}

fn replicated(rows: usize) -> Result<Samples> {
    let (xs, ys) = samples(rows)?;
    Samples::replicated(&xs.unsqueeze(0)?, &ys.unsqueeze(0)?)
}

fn mlp(seeds: &[u64], stddev: f64) -> Result<(SequentialT, VarMap)> {
    let (varmap, map) = (VarMap::new(), NoiseMap::replicated(seeds));
    let vb = replicated_vars(&varmap, seeds, DType::F32, &Device::Cpu);
    let network = Mlp { inputs: 2, hidden: vec![16], outputs: 1, activation: Default::default() };
    let slots = Slots::new(&map, &[NoiseSpec::gaussian("before-activation", stddev)?])?;
    Ok((network.build(&vb, &slots)?, varmap))
}

fn adam(varmap: &VarMap, learning_rate: f64) -> Result<Adam> {
    let vars = sorted_vars(varmap).into_iter().map(|(_, var)| var).collect();
    Adam::new(vars, AdamOptions::default().learning_rate(learning_rate))
}

#[test]
fn a_separable_set_is_learned_and_the_history_is_whole() -> Result<()> {
    let (model, varmap) = mlp(&[1, 2], 0.1)?;
    let (train, test) = (replicated(50)?, replicated(29)?);
    let options = TrainOptions::new(100).batch_size(16).seeds(&[1, 2]);
    let history =
        fit(&model, &mut adam(&varmap, 0.01)?, &train, Some(&test), &options, History::default())?;
    assert_eq!(history.metric, "accuracy");
    for replica in &history.replicas {
        for curves in [&replica.noisy, &replica.clean, &replica.val] {
            assert_eq!((curves.loss.len(), curves.score.len()), (100, 100));
        }
        let clean = &replica.clean;
        assert!(clean.score[99] > 0.95 && clean.loss[99] < clean.loss[0]);
        assert_ne!(replica.noisy.loss, clean.loss);
    }
    assert_ne!(history.replicas[0], history.replicas[1]);
    let (scores, val) = (evaluate(&model, &test, &BinaryCrossEntropy)?, &history.replicas[1].val);
    assert_eq!(scores.loss[1], val.loss[99], "the last epoch is evaluated");
    assert_eq!(scores.score[1], val.score[99]);
    Ok(())
}

/// With a learning rate of 0 the batches of an epoch see one network, so their weighted mean must
/// be the loss of the whole set; an unweighted mean of 32 and 18 rows would not be.
#[test]
fn the_last_short_batch_counts_by_its_rows() -> Result<()> {
    let (model, varmap) = mlp(&[1], 0.)?;
    let train = replicated(50)?;
    let options = TrainOptions::new(1).seeds(&[1]);
    let history = fit(&model, &mut adam(&varmap, 0.)?, &train, None, &options, History::default())?;
    let replica = &history.replicas[0];
    assert!((replica.noisy.loss[0] - replica.clean.loss[0]).abs() < 1e-7, "{replica:?}");
    assert_eq!(replica.noisy.score[0], replica.clean.score[0], "hits are whole numbers");
    assert_eq!(replica.val, Curves::default(), "what was not measured is empty");
    assert_eq!(replica.test, Curves::default());
    Ok(())
}

/// One step of plain gradient descent per batch: the order of the rows shows in the weights.
#[test]
fn rows_are_shuffled_anew_each_epoch_by_the_seed() -> Result<()> {
    let weights = |seed: u64| -> Result<Vec<f32>> {
        let (model, varmap) = mlp(&[1], 0.)?;
        let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let options = TrainOptions::new(2).batch_size(5).seeds(&[seed]);
        fit(
            &model,
            &mut SGD::new(vars, 0.5)?,
            &replicated(50)?,
            None,
            &options,
            History::default(),
        )?;
        sorted_vars(&varmap)[1].1.flatten_all()?.to_vec1()
    };
    assert_eq!(weights(1)?, weights(1)?);
    assert_ne!(weights(1)?, weights(2)?);
    Ok(())
}

#[test]
fn a_plain_candle_model_trains_without_a_replica_axis() -> Result<()> {
    let varmap = VarMap::new();
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let model = candle_noise::nn::seq_t()
        .add(candle_nn::linear(2, 16, vb.pp("fc1"))?)
        .add(candle_noise::GaussianNoise::seeded(0.1, 1)?)
        .add(candle_nn::Activation::Relu)
        .add(candle_nn::linear(16, 1, vb.pp("fc2"))?);
    let (xs, ys) = samples(50)?;
    let train = Samples::new(&xs, &ys)?;
    let options = TrainOptions::new(60);
    let mut adam = adam(&varmap, 0.02)?;
    let history = fit(&model, &mut adam, &train, Some(&train), &options, History::default())?;
    assert!(history.replicas[0].val.score[59] > 0.9);

    let two = TrainOptions::new(1).seeds(&[1, 2]);
    let error =
        fit(&model, &mut adam, &train, None, &two, History::default()).unwrap_err().to_string();
    assert!(error.contains("takes one seed, received 2"), "{error}");
    Ok(())
}

#[test]
fn several_classes_train_with_cross_entropy() -> Result<()> {
    let varmap = VarMap::new();
    let vb = replicated_vars(&varmap, &[4], DType::F32, &Device::Cpu);
    let network = Mlp { inputs: 2, hidden: vec![16], outputs: 3, activation: Default::default() };
    let model = network.build(&vb, &Slots::new(&NoiseMap::replicated(&[4]), &[])?)?;
    let (xs, _) = samples(60)?;
    let classes = ((xs.narrow(1, 0, 1)? + 1.)? * 1.49)?.floor()?.squeeze(1)?;
    let train = Samples::replicated(&xs.unsqueeze(0)?, &classes.unsqueeze(0)?)?;
    let options = TrainOptions::new(150).objective(CrossEntropy { classes: 3 }).seeds(&[4]);
    let history =
        fit(&model, &mut adam(&varmap, 0.02)?, &train, None, &options, History::default())?;
    let score = &history.replicas[0].clean.score;
    assert!(score[149] > 0.9, "{score:?}");
    Ok(())
}

/// One replica's weights are spoiled: it stops, and the other trains as if alone.
#[test]
fn a_loss_that_is_not_finite_stops_its_replica_alone() -> Result<()> {
    let seeds = [1, 2];
    let train = replicated(50)?;
    let options = TrainOptions::new(5).seeds(&seeds);
    let (model, varmap) = mlp(&seeds, 0.1)?;
    let (_, weight) = &sorted_vars(&varmap)[1];
    let spoiled =
        Tensor::cat(&[(weight.narrow(0, 0, 1)? * f64::NAN)?, weight.narrow(0, 1, 1)?], 0)?;
    weight.set(&spoiled)?;
    let history =
        fit(&model, &mut adam(&varmap, 0.01)?, &train, None, &options, History::default())?;
    let stop = history.replicas[0].stopped.clone().unwrap();
    assert_eq!((stop.replica, stop.seed, stop.epoch), (0, 1, 1));
    assert_eq!((stop.which.as_str(), stop.value.as_str()), ("loss", "NaN"));
    assert_eq!(history.replicas[0].epochs(), 0);
    assert_eq!(history.replicas[1].epochs(), 5);
    assert_eq!(history.stops().collect::<Vec<_>>(), [&stop]);

    let (model, varmap) = mlp(&[2], 0.1)?;
    let options = options.seeds(&[2]);
    let alone = fit(&model, &mut adam(&varmap, 0.01)?, &train, None, &options, History::default())?;
    assert_eq!(history.replicas[1], alone.replicas[0]);
    Ok(())
}

#[test]
fn training_ends_when_every_replica_has_stopped() -> Result<()> {
    let (model, varmap) = mlp(&[1], 0.1)?;
    let (adam, options) = (adam(&varmap, 1e30)?, TrainOptions::new(1000).seeds(&[1]));
    let mut trainer = Trainer::new(Model::new(model), &varmap, adam, replicated(50)?, options)?;
    while !trainer.has_ended() {
        trainer.epoch()?;
    }
    trainer.finish()?;
    assert_eq!(trainer.history().stops().count(), 1);
    assert!(trainer.epoch_number() < 10, "{}", trainer.epoch_number());
    Ok(())
}

/// Above the small layers the products are Candle's blocked ones: the law of solo runs holds too.
#[test]
fn wide_replicas_equal_their_solo_runs() -> Result<()> {
    let train = |seeds: &[u64]| -> Result<(History, VarMap)> {
        let (varmap, map) = (VarMap::new(), NoiseMap::replicated(seeds));
        let vb = replicated_vars(&varmap, seeds, DType::F32, &Device::Cpu);
        let network =
            Mlp { inputs: 2, hidden: vec![200, 150], outputs: 1, activation: Default::default() };
        let slots = Slots::new(&map, &[NoiseSpec::gaussian("after-activation", 0.1)?])?;
        let model = network.build(&vb, &slots)?;
        let options = TrainOptions::new(5).batch_size(16).seeds(seeds);
        let history = fit(
            &model,
            &mut adam(&varmap, 0.01)?,
            &replicated(50)?,
            None,
            &options,
            History::default(),
        )?;
        Ok((history, varmap))
    };
    let (together, weights) = train(&[3, 4, 5])?;
    for (r, seed) in [3, 4, 5].into_iter().enumerate() {
        let (alone, own) = train(&[seed])?;
        assert_eq!(together.replicas[r], alone.replicas[0]);
        for ((name, all), (_, own)) in sorted_vars(&weights).iter().zip(sorted_vars(&own)) {
            let all = all.get(r)?.flatten_all()?.to_vec1::<f32>()?;
            assert_eq!(all, own.flatten_all()?.to_vec1::<f32>()?, "{name} of replica {r}");
        }
    }
    Ok(())
}

#[test]
fn replicas_may_have_rows_of_their_own() -> Result<()> {
    let xs = Tensor::new(&[[[0f32], [1.], [2.]], [[10.], [11.], [12.]]], &Device::Cpu)?;
    let samples = Samples::replicated(&xs, &(xs.squeeze(2)? * 2.)?)?;
    let (xs, ys) = samples.batch(&[2, 0, 1, 1], 2)?;
    assert_eq!(xs.to_vec3::<f32>()?, [[[2.], [0.]], [[11.], [11.]]]);
    assert_eq!(ys.to_vec2::<f32>()?, [[4., 0.], [22., 22.]]);
    Ok(())
}

/// A thread of a pool that waits in the evaluation of a wide network takes over other work of the
/// pool: it may be the training of another network.
#[test]
fn training_records_where_an_evaluation_waits_for_it() -> Result<()> {
    let train = replicated(50)?;
    let history = || -> Result<History> {
        let (model, varmap) = mlp(&[1], 0.1)?;
        let options = TrainOptions::new(3).seeds(&[1]);
        fit(&model, &mut adam(&varmap, 0.01)?, &train, None, &options, History::default())
    };
    assert_eq!(no_grad(history)?, history()?);
    Ok(())
}

#[test]
fn options_and_samples_that_do_not_fit_are_named() -> Result<()> {
    let (model, varmap) = mlp(&[1], 0.1)?;
    let train = replicated(50)?;
    let fails = |options: TrainOptions| -> Result<String> {
        let result =
            fit(&model, &mut adam(&varmap, 0.01)?, &train, None, &options, History::default());
        Ok(result.unwrap_err().to_string())
    };
    let one = TrainOptions::new(1).seeds(&[1]);
    assert!(fails(TrainOptions::new(0).seeds(&[1]))?.contains("epochs"));
    assert!(fails(one.clone().batch_size(0))?.contains("batch_size"));
    assert!(fails(one.clone().seeds(&[]))?.contains("received 0"));
    let (pair, pair_vars) = mlp(&[1, 2], 0.1)?;
    let error = fit(&pair, &mut adam(&pair_vars, 0.1)?, &train, None, &one, History::default())
        .unwrap_err();
    assert!(error.to_string().contains("received outputs of shape [2, "), "{error}");
    assert!(train.batch(&[50], 1).is_err() && train.batch(&[1], 0).is_err());
    let (xs, ys) = samples(5)?;
    let error = Samples::new(&xs, &ys.narrow(0, 0, 4)?).unwrap_err().to_string();
    assert!(error.contains("[5, 2] and [4]"), "{error}");
    assert!(Samples::new(&xs.narrow(0, 0, 0)?, &ys.narrow(0, 0, 0)?).is_err());
    Ok(())
}
