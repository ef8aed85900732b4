//! Noise in evaluation, two passes a step, pairs of rows and mixup.

use candle_core::{DType, Device, Module, Result, Tensor, Var};
use candle_nn::{BatchNorm, ModuleT, Optimizer, SGD, VarMap, batch_norm, linear};
use candle_noise::NoiseMap;
use candle_noise::data::Samples;
use candle_noise::nn::{Model, replicated_vars, seeded_vars, seq_t, sorted_vars, trainable_vars};
use candle_noise::noise::{GaussianNoise, Per, WeightNoise};
use candle_noise::objective::{BinaryCrossEntropy, MeanSquaredError};
use candle_noise::optim::{Sgd, SgdOptions};
use candle_noise::train::{Mixup, TrainOptions, Trainer, diagnose, sample};

use crate::noise_members::{bits, ramp};

/// A linear model behind noise on its inputs.
fn linear_model(stddev: f64, map: &NoiseMap) -> Result<(VarMap, Model)> {
    let varmap = VarMap::new();
    let noise = GaussianNoise::new(stddev, map.builder().pp("input"))?;
    let layer = linear(3, 2, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
    Ok((varmap, Model::new(seq_t().add(noise).add(layer))))
}

/// Over many draws the mean is the clean output, and the standard deviation is that of w · e.
#[test]
fn the_mean_and_the_spread_of_a_linear_model_are_those_of_its_weights() -> Result<()> {
    let map = NoiseMap::new(7);
    let (varmap, model) = linear_model(0.3, &map)?;
    let xs = ramp(&[4, 3]);
    let clean = model.forward_t(&xs, false)?;
    let draws = 4000;
    let sampled = sample(&model, &map, &xs, draws, Per::Row)?;
    assert_eq!(sampled.outputs().dims(), [draws, 1, 4, 2]);
    let weights = sorted_vars(&varmap).remove(1).1.to_vec2::<f32>()?;
    let (means, stds) = (sampled.mean()?.get(0)?, sampled.std()?.get(0)?);
    for (output, row) in weights.iter().enumerate() {
        let spread = 0.3 * row.iter().map(|w| w * w).sum::<f32>().sqrt();
        for n in 0..4 {
            let at = |t: &Tensor| t.get(n)?.get(output)?.to_scalar::<f32>();
            let error = (at(&means)? - at(&clean)?).abs();
            assert!(error < 5. * spread / (draws as f32).sqrt(), "{error}");
            assert!((at(&stds)? / spread - 1.).abs() < 5. / (2. * draws as f32).sqrt());
        }
    }
    assert!(map.steps().values().all(|steps| steps == &[0]), "no step is used");
    assert_eq!(bits(&model.forward_t(&xs, false)?), bits(&clean), "the noise is off again");
    Ok(())
}

/// A row has the noise that it has alone; a batch and a device share theirs.
#[test]
fn rows_batches_and_devices_have_their_own_draws() -> Result<()> {
    let map = NoiseMap::new(7);
    let noise = Model::new(GaussianNoise::new(1., map.builder().pp("input"))?);
    let xs = Tensor::zeros((2500, 2), DType::F32, &Device::Cpu)?;
    let outputs = |per| -> Result<Vec<Vec<f32>>> {
        sample(&noise, &map, &xs, 2, per)?.outputs().get(1)?.get(0)?.to_vec2()
    };
    let (rows, batches, device) = (outputs(Per::Row)?, outputs(Per::Batch)?, outputs(Per::Device)?);
    assert!(rows[0] != rows[1] && rows[0] != rows[1024], "each row its own, in other batches, too");
    assert!(batches[0] == batches[1023] && batches[0] != batches[1024]);
    assert!(device.iter().all(|row| *row == device[0]));
    let few = sample(&noise, &map, &xs.narrow(0, 0, 3)?, 2, Per::Row)?;
    assert_eq!(few.outputs().get(1)?.get(0)?.to_vec2::<f32>()?, rows[..3]);
    Ok(())
}

/// Quantiles and votes of 5 draws: `numpy.quantile([0, 1, 2, 3, 4], [.1, .9])` is [0.4, 3.6].
#[test]
fn votes_and_intervals_are_those_of_the_draws() -> Result<()> {
    /// Gives the number of its draw, counted by its calls, as the logit of class 1, moved down by 1.5.
    struct Counting(std::sync::atomic::AtomicU32);
    impl ModuleT for Counting {
        fn forward_t(&self, xs: &Tensor, _: bool) -> Result<Tensor> {
            let call = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Tensor::full(call as f32 - 1.5, (xs.dim(0)?, 1), xs.device())
        }
    }
    let xs = Tensor::zeros((2, 3), DType::F32, &Device::Cpu)?;
    let sampled = sample(&Counting(0.into()), &NoiseMap::new(1), &xs, 5, Per::Row)?;
    let [low, high] = sampled.interval(0.8)?;
    let first = |t: Tensor| t.flatten_all()?.to_vec1::<f32>();
    assert!((first(low)?[0] - (0.4 - 1.5)).abs() < 1e-6 && (first(high)?[1] - 2.1).abs() < 1e-6);
    assert_eq!(first(sampled.votes()?)?, [0.4, 0.6, 0.4, 0.6]);
    assert!(sampled.interval(1.).is_err());
    assert!(sample(&Counting(0.into()), &NoiseMap::new(1), &xs, 0, Per::Row).is_err());
    Ok(())
}

#[test]
fn running_statistics_do_not_move() -> Result<()> {
    let (varmap, map) = (VarMap::new(), NoiseMap::new(7));
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let norm: BatchNorm = batch_norm(3, 1e-5, vb)?;
    let noise = GaussianNoise::new(1., map.builder().pp("input"))?;
    let model = seq_t().add(noise).add(norm);
    let before: Vec<_> = sorted_vars(&varmap).iter().map(|(_, var)| bits(var)).collect();
    sample(&model, &map, &ramp(&[5, 3]), 3, Per::Row)?;
    let after: Vec<_> = sorted_vars(&varmap).iter().map(|(_, var)| bits(var)).collect();
    assert_eq!(before, after);
    Ok(())
}

/// Analog hardware: the weights of a device are perturbed once for all rows, and restored.
#[test]
fn weights_are_perturbed_for_a_device_and_restored() -> Result<()> {
    let (varmap, map) = (VarMap::new(), NoiseMap::new(7));
    let layer = linear(3, 1, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
    let noise = WeightNoise::new(&varmap, 0.5, map.builder().pp("weights"))?;
    let model = noise.model(layer);
    let xs = Tensor::ones((4, 3), DType::F32, &Device::Cpu)?;
    let clean = model.forward_t(&xs, false)?;
    let sampled = sample(&model, &map, &xs, 3, Per::Device)?;
    let draws = sampled.outputs().squeeze(1)?.squeeze(2)?.to_vec2::<f32>()?;
    assert!(
        draws.iter().all(|rows| rows.iter().all(|own| *own == rows[0])),
        "one model for all rows"
    );
    assert!(draws[0][0] != draws[1][0] && draws[1][0] != draws[2][0]);
    assert_eq!(bits(&model.forward_t(&xs, false)?), bits(&clean));
    let error = sample(&model, &map, &xs, 1, Per::Row).unwrap_err().to_string();
    assert!(error.contains("received one for each row"), "{error}");
    assert_eq!(bits(&model.forward_t(&xs, false)?), bits(&clean));
    Ok(())
}

/// Law 52: on a quadratic loss the mean of the gradients at w + e and w − e is that at w.
#[test]
fn two_point_noise_gives_the_clean_gradient_of_a_quadratic_loss() -> Result<()> {
    let step = |stddev: f64| -> Result<Vec<f32>> {
        let (varmap, map) = (VarMap::new(), NoiseMap::new(7));
        let layer = linear(3, 1, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
        let vars = trainable_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let noise = WeightNoise::new(&varmap, stddev, map.builder().pp("weights"))?;
        let samples = Samples::new(&ramp(&[8, 3]), &ramp(&[8]))?;
        let options = TrainOptions::new(1).batch_size(8).objective(MeanSquaredError { outputs: 1 });
        let optimizer = noise.optimizer(Sgd::new(vars, SgdOptions::default().learning_rate(0.1))?);
        let model = Model::new(noise.model(layer));
        let mut trainer = Trainer::new(model, &varmap, optimizer, samples, options)?
            .with_noise(&map)
            .with_two_point(&noise)?;
        trainer.epoch()?;
        sorted_vars(&varmap)[1].1.flatten_all()?.to_vec1()
    };
    let (clean, noisy) = (step(0.)?, step(0.3)?);
    for (clean, noisy) in clean.iter().zip(&noisy) {
        assert!((clean - noisy).abs() < 1e-6, "{noisy}, not {clean}");
    }
    Ok(())
}

/// Training on pairs: the gradient of a linear model and squared error is that of the clean rows plus the
/// penalty of law 13, without the first-order term, which the two signs cancel.
#[test]
fn pairs_cancel_the_first_order_of_the_noise() -> Result<()> {
    let bias = |paired: bool| -> Result<f32> {
        let map = NoiseMap::new(7);
        let varmap = VarMap::new();
        let noise = GaussianNoise::new(0.5, map.builder().pp("input"))?;
        let noise = if paired { noise.paired()? } else { noise };
        let layer = linear(3, 1, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
        let optimizer = Sgd::of(&varmap, SgdOptions::default().learning_rate(0.1))?;
        let samples = Samples::new(&ramp(&[8, 3]), &ramp(&[8]))?;
        let options = TrainOptions::new(1).batch_size(8).objective(MeanSquaredError { outputs: 1 });
        let options = if paired { options.paired() } else { options };
        let model = Model::new(seq_t().add(noise).add(layer));
        Trainer::new(model, &varmap, optimizer, samples, options)?.with_noise(&map).epoch()?;
        sorted_vars(&varmap)[0].1.to_vec1::<f32>().map(|own| own[0])
    };
    let clean = {
        let varmap = VarMap::new();
        let layer = linear(3, 1, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
        let vars = trainable_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let mut sgd = SGD::new(vars, 0.1)?;
        let loss = (layer.forward(&ramp(&[8, 3]))?.squeeze(1)? - ramp(&[8]))?.sqr()?.mean_all()?;
        sgd.backward_step(&loss)?;
        sorted_vars(&varmap)[0].1.to_vec1::<f32>()?[0]
    };
    assert!((bias(true)? - clean).abs() < 1e-6, "{} and {clean}", bias(true)?);
    assert!((bias(false)? - clean).abs() > 1e-4, "one sign alone moves the bias");
    Ok(())
}

/// Mixup trains, each replica as alone, and the same seed twice gives the same bits.
#[test]
fn mixup_is_repeatable_and_each_replica_its_own() -> Result<()> {
    let trained = |seeds: &[u64], mixup: Option<Mixup>| -> Result<Vec<Vec<f32>>> {
        let varmap = VarMap::new();
        let vb = replicated_vars(&varmap, seeds, DType::F32, &Device::Cpu);
        let layer = candle_noise::nn::dense(seeds.len(), 3, 1, vb)?;
        let optimizer = Sgd::of(&varmap, SgdOptions::default().learning_rate(0.1))?;
        let samples = Samples::replicated(&ramp(&[1, 8, 3]), &ramp(&[1, 8]))?;
        let mut options = TrainOptions::new(3).batch_size(4).seeds(seeds);
        options = options.objective(MeanSquaredError { outputs: 1 });
        options.mixup = mixup;
        let mut trainer = Trainer::new(Model::new(layer), &varmap, optimizer, samples, options)?;
        (0..3).try_for_each(|_| trainer.epoch())?;
        sorted_vars(&varmap)[1].1.flatten_from(1)?.to_vec2()
    };
    let mixup = Some(Mixup::new(0.4).bandwidth(1.));
    let both = trained(&[1, 2], mixup)?;
    assert_eq!(both, trained(&[1, 2], mixup)?);
    assert_eq!(both[1], trained(&[2], mixup)?[0]);
    assert_ne!(both, trained(&[1, 2], None)?);
    Ok(())
}

/// A linear model with squared error: the loss rises by s² |w|² (law 13), and so says the penalty; the noise is
/// measured, the labels' site is not reached, and one that is off does nothing.
#[test]
fn a_diagnosis_finds_what_each_site_does() -> Result<()> {
    let (varmap, map) = (VarMap::new(), NoiseMap::new(7));
    let nb = map.builder();
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let input = GaussianNoise::new(0.3, nb.pp("input"))?;
    let off = GaussianNoise::new(0., nb.pp("off"))?;
    let _labels = candle_noise::noise::LabelNoise::new(0.1, 2, nb.pp("labels"))?;
    let model = seq_t().add(input).add(off).add(linear(3, 1, vb)?);
    let (xs, ys) = (ramp(&[50, 3]), ramp(&[1, 50]));
    model.forward_t(&xs, true)?;
    let objective = MeanSquaredError { outputs: 1 };
    let found = diagnose(&model, &map, [&xs, &ys], &objective, 200)?;
    let weights = sorted_vars(&varmap).remove(1).1.flatten_all()?.to_vec1::<f32>()?;
    let expected = 0.09 * weights.iter().map(|w| f64::from(w * w)).sum::<f64>();
    let [input, labels, off] = &found.sites[..] else { panic!("{found:?}") };
    assert_eq!((input.path.as_str(), input.steps, input.strength), ("input", 1, 0.3));
    assert!((input.noise.unwrap() / 0.3 - 1.).abs() < 0.02, "{input:?}");
    assert!((input.penalty / expected - 1.).abs() < 0.05, "{input:?}, not {expected}");
    assert!((input.rise / expected - 1.).abs() < 0.3, "{input:?}, not {expected}");
    let values: Vec<f64> = xs.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?;
    let mean = values.iter().sum::<f64>() / 150.;
    let spread = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 150.).sqrt();
    assert!((input.input.unwrap() - spread).abs() < 1e-6);
    assert!((input.ratio().unwrap() - 0.3 / spread).abs() < 0.02 * 0.3 / spread);
    assert!(input.is_active() && !labels.is_active() && !off.is_active());
    assert_eq!((off.change, off.rise, labels.input), (0., 0., None));
    assert_eq!(map.steps()["input"], [1], "a diagnosis uses no step");
    Ok(())
}

/// Law 15 for the logit of a network with tanh: (s²/2) p (1 − p) |∇z|².
#[test]
fn the_penalty_is_that_of_bishop_for_small_noise() -> Result<()> {
    let (varmap, map) = (VarMap::new(), NoiseMap::new(7));
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let stddev = 0.01;
    let noise = GaussianNoise::new(stddev, map.builder().pp("input"))?;
    let (fc1, fc2) = (linear(2, 20, vb.pp("fc1"))?, linear(20, 1, vb.pp("fc2"))?);
    let model = seq_t().add(noise).add(fc1).add(|xs: &Tensor| xs.tanh()).add(fc2);
    let xs = Var::from_tensor(&ramp(&[30, 2]))?;
    let logits = model.forward_t(&xs, false)?;
    let slopes = logits.sum_all()?.backward()?.get(&xs).unwrap().sqr()?.sum(1)?.to_vec1::<f32>()?;
    let logits: Vec<f32> = logits.flatten_all()?.to_vec1()?;
    let each = logits.iter().zip(slopes).map(|(z, slope)| {
        let p = 1. / (1. + f64::from(-z).exp());
        stddev * stddev / 2. * p * (1. - p) * f64::from(slope)
    });
    let expected = each.sum::<f64>() / 30.;
    let labels = Tensor::zeros((1, 30), DType::F32, &Device::Cpu)?;
    let found = diagnose(&model, &map, [&xs, &labels], &BinaryCrossEntropy, 300)?;
    let own = &found.sites[0];
    assert!((own.penalty / expected - 1.).abs() < 0.05, "{own:?}, not {expected}");
    Ok(())
}
