//! Weight noise: what the passes see, what the optimizer changes, and how the loop takes it.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{ModuleT, Optimizer, SGD, VarMap, linear};
use candle_noise::NoiseMap;
use candle_noise::data::Samples;
use candle_noise::model::Mlp;
use candle_noise::nn::{SequentialT, replicated_vars, seeded_vars, sorted_vars};
use candle_noise::noise::{CleanOptimizer, NoisyModel, Slots, WeightNoise};
use candle_noise::ops::backward;
use candle_noise::optim::{Adam, AdamOptions, SaveState};
use candle_noise::train::{History, TrainOptions, fit};

fn weights(varmap: &VarMap) -> Result<Vec<(String, Vec<f32>)>> {
    let values = |var: &Tensor| var.flatten_all()?.to_vec1::<f32>();
    sorted_vars(varmap).into_iter().map(|(name, var)| Ok((name, values(&var)?))).collect()
}

fn mlp(seeds: &[u64]) -> Result<(SequentialT, VarMap)> {
    let varmap = VarMap::new();
    let vb = replicated_vars(&varmap, seeds, DType::F32, &Device::Cpu);
    let network = Mlp { inputs: 2, hidden: vec![16], outputs: 1, activation: Default::default() };
    Ok((network.build(&vb, &Slots::new(&NoiseMap::replicated(seeds), &[])?)?, varmap))
}

fn inputs(replicas: usize) -> Result<Tensor> {
    let values = (0..replicas * 10).map(|i| (0.7 * i as f32).sin()).collect();
    Tensor::from_vec(values, (replicas, 5, 2), &Device::Cpu)
}

fn samples() -> Result<Samples> {
    let targets = Tensor::new(&[[0f32, 1., 1., 0., 1.]], &Device::Cpu)?;
    Samples::replicated(&inputs(1)?, &targets)
}

fn sgd(varmap: &VarMap, learning_rate: f64) -> Result<SGD> {
    SGD::new(sorted_vars(varmap).into_iter().map(|(_, var)| var).collect(), learning_rate)
}

/// One linear unit and the squared error: E[L(w + e)] = L(w) + s² (‖x‖² + 1), the 1 for the bias.
#[test]
fn the_mean_loss_of_a_linear_unit_has_its_closed_form() -> Result<()> {
    let (stddev, n) = (0.3f64, 4000);
    let (varmap, map) = (VarMap::new(), NoiseMap::new(1));
    let model = linear(2, 1, seeded_vars(&varmap, 1, DType::F64, &Device::Cpu))?;
    let noise = WeightNoise::new(&varmap, stddev, map.builder())?;
    let model = noise.model(model);
    let xs = Tensor::new(&[[0.5f64, -2.]], &Device::Cpu)?;
    let loss = |train| {
        noise.restore()?;
        (model.forward_t(&xs, train)? - 1.)?.sqr()?.sum_all()?.to_scalar::<f64>()
    };
    let expected = loss(false)? + stddev * stddev * (0.25 + 4. + 1.);
    let losses = (0..n).map(|_| loss(true)).collect::<Result<Vec<_>>>()?;
    let mean = losses.iter().sum::<f64>() / n as f64;
    let variance = losses.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n as f64;
    assert!((mean - expected).abs() < 5. * (variance / n as f64).sqrt(), "{mean} {expected}");
    assert_eq!(map.steps()["weight"], [n]);
    Ok(())
}

/// With the draw frozen by setting the step back.
#[test]
fn gradients_equal_finite_differences_in_the_clean_weights() -> Result<()> {
    let (varmap, map) = (VarMap::new(), NoiseMap::new(1));
    let model = linear(2, 3, seeded_vars(&varmap, 1, DType::F64, &Device::Cpu))?;
    let noise = WeightNoise::new(&varmap, 0.5, map.builder())?;
    let model = noise.model(model);
    let (xs, start) = (inputs(1)?.get(0)?.to_dtype(DType::F64)?, map.steps());
    let loss = || {
        map.set_steps(&start)?;
        model.forward_t(&xs, true)?.sin()?.sum_all()
    };
    let grads = loss()?.backward()?;
    for (name, var) in sorted_vars(&varmap) {
        noise.restore()?;
        let (clean, grad) = (var.as_detached_tensor().copy()?, grads.get(&var).unwrap());
        let grad = grad.flatten_all()?.to_vec1::<f64>()?;
        for (i, grad) in grad.into_iter().enumerate() {
            let at = |step: f64| -> Result<f64> {
                let mut moved = clean.flatten_all()?.to_vec1::<f64>()?;
                moved[i] += step;
                noise.restore()?;
                var.set(&Tensor::from_vec(moved, clean.shape(), &Device::Cpu)?)?;
                loss()?.to_scalar()
            };
            let slope = (at(1e-5)? - at(-1e-5)?) / 2e-5;
            assert!((grad - slope).abs() < 1e-8, "{name} {i}: {grad} {slope}");
        }
        noise.restore()?;
        var.set(&clean)?;
    }
    Ok(())
}

/// w ← w − η g(w + e): a twin of the model computes g at w + e without any noise machinery.
#[test]
fn the_gradient_is_that_of_the_noisy_weights_and_moves_the_clean_ones() -> Result<()> {
    let (seeds, rate) = ([3, 4], 0.5);
    let (model, varmap) = mlp(&seeds)?;
    let (twin, twin_vars) = mlp(&seeds)?;
    let start = weights(&varmap)?;
    let map = NoiseMap::replicated(&seeds);
    let noise = WeightNoise::with_strengths(&varmap, &[0.2, 0.], map.builder())?;
    let (model, mut sgd) = (noise.model(model), noise.optimizer(sgd(&varmap, rate)?));
    let xs = inputs(2)?;
    let ys = model.forward_t(&xs, true)?;
    for ((name, var), (_, twin)) in sorted_vars(&varmap).into_iter().zip(sorted_vars(&twin_vars)) {
        assert_ne!(
            var.get(0)?.flatten_all()?.to_vec1::<f32>()?,
            twin.get(0)?.flatten_all()?.to_vec1::<f32>()?,
            "{name}"
        );
        assert_eq!(
            var.get(1)?.flatten_all()?.to_vec1::<f32>()?,
            twin.get(1)?.flatten_all()?.to_vec1::<f32>()?,
            "{name}: no noise"
        );
        twin.set(&var.as_detached_tensor())?;
    }
    // An evaluation before the backward pass sees clean weights and disturbs nothing.
    assert_ne!(model.forward_t(&xs, false)?.to_vec3::<f32>()?, ys.to_vec3::<f32>()?);
    sgd.step(&backward(&ys.sqr()?.sum((1, 2))?)?)?;
    let grads = backward(&twin.forward_t(&xs, true)?.sqr()?.sum((1, 2))?)?;
    for (((name, clean), (_, twin)), (_, moved)) in
        start.into_iter().zip(sorted_vars(&twin_vars)).zip(weights(&varmap)?)
    {
        let grad = grads.get(&twin).unwrap().flatten_all()?.to_vec1::<f32>()?;
        for ((clean, grad), moved) in clean.into_iter().zip(grad).zip(moved) {
            assert_eq!(moved, clean - grad * rate as f32, "{name}");
        }
    }
    Ok(())
}

fn fitted(seeds: &[u64], stddev: Option<f64>, learning_rate: f64) -> Result<(History, VarMap)> {
    let (model, varmap) = mlp(seeds)?;
    let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
    let mut adam = Adam::new(vars, AdamOptions::default().learning_rate(learning_rate))?;
    let options = TrainOptions::new(6).batch_size(2).seeds(seeds);
    let train = samples()?;
    let history = match stddev {
        Some(stddev) => {
            let map = NoiseMap::replicated(seeds);
            let noise = WeightNoise::new(&varmap, stddev, map.builder().pp("weights"))?;
            let (model, mut adam) = (noise.model(model), noise.optimizer(adam));
            let history = fit(&model, &mut adam, &train, None, &options, History::default())?;
            let steps = if stddev == 0. { 0 } else { 18 };
            assert_eq!(map.steps()["weights.fc1.weight"], vec![steps; seeds.len()]);
            assert_eq!(adam.inner().state()?.steps, 18);
            history
        }
        None => fit(&model, &mut adam, &train, None, &options, History::default())?,
    };
    Ok((history, varmap))
}

#[test]
fn the_loop_trains_with_noise_and_evaluates_without() -> Result<()> {
    let (plain, plain_vars) = fitted(&[1, 2], None, 0.01)?;
    let (zero, zero_vars) = fitted(&[1, 2], Some(0.), 0.01)?;
    assert_eq!(weights(&zero_vars)?, weights(&plain_vars)?);
    assert_eq!(zero.replicas[0].clean.loss, plain.replicas[0].clean.loss);
    let (_, noisy_vars) = fitted(&[1, 2], Some(0.1), 0.01)?;
    assert_ne!(weights(&noisy_vars)?, weights(&plain_vars)?);
    // Without steps the weights come out as they went in, and evaluation saw them.
    let ((still, still_vars), (_, start)) = (fitted(&[1], Some(0.1), 0.)?, mlp(&[1])?);
    assert_eq!(weights(&still_vars)?, weights(&start)?);
    let replica = &still.replicas[0];
    assert!(replica.clean.loss.iter().all(|loss| *loss == replica.clean.loss[0]));
    assert!(replica.noisy.loss.iter().all(|loss| *loss != replica.clean.loss[0]));
    Ok(())
}

#[test]
fn a_replica_trains_as_it_would_alone() -> Result<()> {
    let (_, together) = fitted(&[7, 8], Some(0.1), 0.01)?;
    for (r, seed) in [7, 8].into_iter().enumerate() {
        let (_, alone) = fitted(&[seed], Some(0.1), 0.01)?;
        for ((name, var), (_, own)) in sorted_vars(&together).into_iter().zip(sorted_vars(&alone)) {
            let values = |var: &Tensor| var.flatten_all()?.to_vec1::<f32>();
            assert_eq!(values(&var.get(r)?)?, values(&own.get(0)?)?, "{name} of replica {r}");
        }
    }
    Ok(())
}

#[test]
fn clean_weights_come_back_when_a_loop_ends_between_a_pass_and_its_step() -> Result<()> {
    let (model, varmap) = mlp(&[1])?;
    let start = weights(&varmap)?;
    let noise = WeightNoise::new(&varmap, 0.1, NoiseMap::replicated(&[1]).builder())?;
    let model = noise.model(model);
    model.forward_t(&inputs(1)?, true)?;
    assert_ne!(weights(&varmap)?, start);
    drop((noise, model));
    assert_eq!(weights(&varmap)?, start);
    Ok(())
}

#[test]
fn a_saved_map_continues_the_draws() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noise.safetensors");
    let build = || -> Result<_> {
        let ((model, varmap), map) = (mlp(&[1])?, NoiseMap::replicated(&[1]));
        let noise = WeightNoise::new(&varmap, 0.1, map.builder())?;
        // Candle's own constructor, as generic code calls it.
        let config = (0.1, noise.clone());
        let optimizer: CleanOptimizer<SGD> = Optimizer::new(vec![], config)?;
        assert_eq!(optimizer.learning_rate(), 0.1);
        Ok((noise.model(model), noise, map))
    };
    let pass = |model: &NoisyModel<SequentialT>| -> Result<Vec<f32>> {
        model.forward_t(&inputs(1)?, true)?.flatten_all()?.to_vec1()
    };
    let (model, noise, map) = build()?;
    let first = pass(&model)?;
    map.save(&file)?;
    let (resumed, _, resumed_map) = build()?;
    resumed_map.load(&file)?;
    noise.restore()?;
    let next = pass(&model)?;
    assert_eq!(pass(&resumed)?, next);
    assert_ne!(first, next);
    Ok(())
}

#[test]
fn bad_stddevs_and_taken_paths_are_refused() -> Result<()> {
    let (_, varmap) = mlp(&[1])?;
    let map = NoiseMap::replicated(&[1]);
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let error = WeightNoise::new(&varmap, bad, map.builder()).unwrap_err().to_string();
        assert!(error.contains(&format!("at least 0, received {bad}")), "{error}");
    }
    let _noise = WeightNoise::new(&varmap, 0.1, map.builder())?;
    let error = WeightNoise::new(&varmap, 0.1, map.builder()).unwrap_err().to_string();
    assert!(error.contains("path \"fc1.bias\""), "{error}");
    Ok(())
}
