//! The fit loop on plain and on replicated models.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Optimizer, SGD, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::Samples;
use candle_noise::loss::Loss;
use candle_noise::model::{Mlp, Placement};
use candle_noise::nn::{SequentialT, replicated_vars, seeded_vars, sorted_vars};
use candle_noise::ops::no_grad;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{FitOptions, History, Observer, Stop, evaluate, fit};

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
    let network = Mlp { inputs: 2, hidden: vec![16], outputs: 1 };
    let noise = [(Placement::BeforeActivation, vec![stddev; seeds.len()])];
    Ok((network.build(&vb, &map.builder(), &noise)?, varmap))
}

fn adam(varmap: &VarMap, learning_rate: f64) -> Result<Adam> {
    let vars = sorted_vars(varmap).into_iter().map(|(_, var)| var).collect();
    Adam::new(vars, AdamOptions { learning_rate, ..Default::default() })
}

#[test]
fn a_separable_set_is_learned_and_the_history_is_whole() -> Result<()> {
    let (model, varmap) = mlp(&[1, 2], 0.1)?;
    let (train, test) = (replicated(50)?, replicated(29)?);
    let options =
        FitOptions { epochs: 100, batch_size: 16, seeds: vec![1, 2], ..Default::default() };
    let history = fit(&model, &mut adam(&varmap, 0.01)?, &train, Some(&test), &options, &mut ())?;
    for replica in &history.replicas {
        for curve in [
            &replica.loss,
            &replica.accuracy,
            &replica.clean_loss,
            &replica.clean_accuracy,
            &replica.val_loss,
            &replica.val_accuracy,
        ] {
            assert_eq!(curve.len(), 100);
        }
        assert!(
            replica.clean_accuracy[99] > 0.95 && replica.clean_loss[99] < replica.clean_loss[0]
        );
        assert_ne!(replica.loss, replica.clean_loss);
    }
    assert_ne!(history.replicas[0], history.replicas[1]);
    let scores = evaluate(&model, &test, Loss::BinaryCrossEntropy)?;
    assert_eq!(scores.loss[1], history.replicas[1].val_loss[99], "the last epoch is evaluated");
    Ok(())
}

/// With a learning rate of 0 the batches of an epoch see one network, so their weighted mean must
/// be the loss of the whole set; an unweighted mean of 32 and 18 rows would not be.
#[test]
fn the_last_short_batch_counts_by_its_rows() -> Result<()> {
    let (model, varmap) = mlp(&[1], 0.)?;
    let train = replicated(50)?;
    let options = FitOptions { seeds: vec![1], ..Default::default() };
    let history = fit(&model, &mut adam(&varmap, 0.)?, &train, None, &options, &mut ())?;
    let replica = &history.replicas[0];
    assert!((replica.loss[0] - replica.clean_loss[0]).abs() < 1e-7, "{replica:?}");
    assert!((replica.accuracy[0] - replica.clean_accuracy[0]).abs() < 1e-7);
    assert!(replica.val_loss.is_empty(), "what was not measured is empty");
    Ok(())
}

/// One step of plain gradient descent per batch: the order of the rows shows in the weights.
#[test]
fn rows_are_shuffled_anew_each_epoch_by_the_seed() -> Result<()> {
    let weights = |seed: u64| -> Result<Vec<f32>> {
        let (model, varmap) = mlp(&[1], 0.)?;
        let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let options =
            FitOptions { epochs: 2, batch_size: 5, seeds: vec![seed], ..Default::default() };
        fit(&model, &mut SGD::new(vars, 0.5)?, &replicated(50)?, None, &options, &mut ())?;
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
    let options = FitOptions { epochs: 60, ..Default::default() };
    let mut adam = adam(&varmap, 0.02)?;
    let history = fit(&model, &mut adam, &train, Some(&train), &options, &mut ())?;
    assert!(history.replicas[0].val_accuracy[59] > 0.9);

    let two = FitOptions { seeds: vec![1, 2], ..Default::default() };
    let error = fit(&model, &mut adam, &train, None, &two, &mut ()).unwrap_err().to_string();
    assert!(error.contains("takes one seed, received 2"), "{error}");
    Ok(())
}

#[test]
fn several_classes_train_with_cross_entropy() -> Result<()> {
    let varmap = VarMap::new();
    let vb = replicated_vars(&varmap, &[4], DType::F32, &Device::Cpu);
    let network = Mlp { inputs: 2, hidden: vec![16], outputs: 3 };
    let model = network.build(&vb, &NoiseMap::replicated(&[4]).builder(), &[])?;
    let (xs, _) = samples(60)?;
    let classes = ((xs.narrow(1, 0, 1)? + 1.)? * 1.49)?.floor()?.squeeze(1)?;
    let train = Samples::replicated(&xs.unsqueeze(0)?, &classes.unsqueeze(0)?)?;
    let options =
        FitOptions { epochs: 150, loss: Loss::CrossEntropy, seeds: vec![4], ..Default::default() };
    let history = fit(&model, &mut adam(&varmap, 0.02)?, &train, None, &options, &mut ())?;
    assert!(
        history.replicas[0].clean_accuracy[149] > 0.9,
        "{:?}",
        history.replicas[0].clean_accuracy
    );
    Ok(())
}

#[derive(Default)]
struct Watch {
    epochs: Vec<usize>,
    stops: Vec<Stop>,
}

impl Observer for Watch {
    fn epoch_end(&mut self, epoch: usize, _: &History) {
        self.epochs.push(epoch);
    }

    fn replica_stopped(&mut self, stop: &Stop) {
        self.stops.push(stop.clone());
    }
}

/// One replica's weights are spoiled: it stops, and the other trains as if alone.
#[test]
fn a_loss_that_is_not_finite_stops_its_replica_alone() -> Result<()> {
    let seeds = [1, 2];
    let train = replicated(50)?;
    let options = FitOptions { epochs: 5, seeds: seeds.to_vec(), ..Default::default() };
    let (model, varmap) = mlp(&seeds, 0.1)?;
    let (_, weight) = &sorted_vars(&varmap)[1];
    let spoiled =
        Tensor::cat(&[(weight.narrow(0, 0, 1)? * f64::NAN)?, weight.narrow(0, 1, 1)?], 0)?;
    weight.set(&spoiled)?;
    let mut watch = Watch::default();
    let history = fit(&model, &mut adam(&varmap, 0.01)?, &train, None, &options, &mut watch)?;
    let stop = history.replicas[0].stopped.clone().unwrap();
    assert_eq!((stop.replica, stop.seed, stop.epoch), (0, 1, 1));
    assert_eq!((stop.which.as_str(), stop.value.as_str()), ("loss", "NaN"));
    assert!(history.replicas[0].loss.is_empty());
    assert_eq!((watch.epochs, watch.stops), (vec![1, 2, 3, 4, 5], vec![stop]));

    let (model, varmap) = mlp(&[2], 0.1)?;
    let options = FitOptions { seeds: vec![2], ..options };
    let alone = fit(&model, &mut adam(&varmap, 0.01)?, &train, None, &options, &mut ())?;
    assert_eq!(history.replicas[1], alone.replicas[0]);
    Ok(())
}

#[test]
fn training_ends_when_every_replica_has_stopped() -> Result<()> {
    let (model, varmap) = mlp(&[1], 0.1)?;
    let options = FitOptions { epochs: 1000, seeds: vec![1], ..Default::default() };
    let mut watch = Watch::default();
    fit(&model, &mut adam(&varmap, 1e30)?, &replicated(50)?, None, &options, &mut watch)?;
    assert_eq!(watch.stops.len(), 1);
    assert!(watch.epochs.len() < 10, "{:?}", watch.epochs);
    Ok(())
}

/// Above the small layers the products are Candle's blocked ones: the law of solo runs holds too.
#[test]
fn wide_replicas_equal_their_solo_runs() -> Result<()> {
    let train = |seeds: &[u64]| -> Result<(History, VarMap)> {
        let (varmap, map) = (VarMap::new(), NoiseMap::replicated(seeds));
        let vb = replicated_vars(&varmap, seeds, DType::F32, &Device::Cpu);
        let network = Mlp { inputs: 2, hidden: vec![200, 150], outputs: 1 };
        let noise = [(Placement::AfterActivation, vec![0.1; seeds.len()])];
        let model = network.build(&vb, &map.builder(), &noise)?;
        let options =
            FitOptions { epochs: 5, batch_size: 16, seeds: seeds.to_vec(), ..Default::default() };
        let history =
            fit(&model, &mut adam(&varmap, 0.01)?, &replicated(50)?, None, &options, &mut ())?;
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
        let options = FitOptions { epochs: 3, seeds: vec![1], ..Default::default() };
        fit(&model, &mut adam(&varmap, 0.01)?, &train, None, &options, &mut ())
    };
    assert_eq!(no_grad(history)?, history()?);
    Ok(())
}

#[test]
fn options_and_samples_that_do_not_fit_are_named() -> Result<()> {
    let (model, varmap) = mlp(&[1], 0.1)?;
    let train = replicated(50)?;
    let fails = |options: FitOptions| -> Result<String> {
        let result = fit(&model, &mut adam(&varmap, 0.01)?, &train, None, &options, &mut ());
        Ok(result.unwrap_err().to_string())
    };
    let options = FitOptions { seeds: vec![1], ..Default::default() };
    assert!(fails(FitOptions { epochs: 0, ..options.clone() })?.contains("epochs"));
    assert!(fails(FitOptions { batch_size: 0, ..options.clone() })?.contains("batch_size"));
    assert!(fails(FitOptions { seeds: vec![], ..options })?.contains("received 0"));
    let (pair, pair_vars) = mlp(&[1, 2], 0.1)?;
    let one = FitOptions { seeds: vec![1], ..Default::default() };
    let error =
        fit(&pair, &mut self::adam(&pair_vars, 0.1)?, &train, None, &one, &mut ()).unwrap_err();
    assert!(error.to_string().contains("the model has 2 replicas"), "{error}");
    assert!(train.batch(&[50], 1).is_err() && train.batch(&[1], 0).is_err());
    let (xs, ys) = samples(5)?;
    let error = Samples::new(&xs, &ys.narrow(0, 0, 4)?).unwrap_err().to_string();
    assert!(error.contains("[1, 5, 2] and [1, 4]"), "{error}");
    assert!(Samples::new(&xs.narrow(0, 0, 0)?, &ys.narrow(0, 0, 0)?).is_err());
    Ok(())
}
