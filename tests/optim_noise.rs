//! Noise on gradients and bounds on weights, around other optimizers.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{Optimizer, SGD, VarMap};
use candle_noise::NoiseMap;
use candle_noise::optim::{
    Adam, AdamOptions, GradientNoise, GradientNoiseOptions, MaxNorm, MaxNormOptions, SaveState,
    max_norm,
};
use candle_noise::rng::{Address, Stream};

/// A map with the variable `w`.
fn one_var(values: &Tensor) -> Result<(VarMap, Var)> {
    let (varmap, var) = (VarMap::new(), Var::from_tensor(values)?);
    varmap.data().lock().unwrap().insert("w".to_string(), var.clone());
    Ok((varmap, var))
}

fn noisy_sgd(
    (varmap, var): &(VarMap, Var),
    rate: f64,
    options: GradientNoiseOptions,
    map: &NoiseMap,
) -> Result<GradientNoise<SGD>> {
    GradientNoise::over(SGD::new(vec![var.clone()], rate)?, varmap, options, map.builder())
}

/// s_t of the paper's schedule for η = 0.01.
#[test]
fn the_spread_decays_as_in_the_paper() -> Result<()> {
    let zeros = Tensor::zeros(4, candle_core::DType::F64, &Device::Cpu)?;
    let vars = one_var(&zeros)?;
    let map = NoiseMap::new(1);
    let mut sgd = noisy_sgd(&vars, 1., GradientNoiseOptions::default(), &map)?;
    for (t, stddev) in [(0, 0.1), (100, 0.028_107), (1000, 0.014_958), (4000, 0.010_219)] {
        map.set_steps(&BTreeMap::from([("w".to_string(), vec![t])]))?;
        vars.1.set(&zeros)?;
        // At w = 0 the gradient 2 w is 0, so the step is the noise, with its sign turned.
        sgd.backward_step(&vars.1.sqr()?.sum_all()?)?;
        let mut normals = [0f32; 4];
        Address::new(1, "w", Stream::Noise, t).fill_normal(0, 4, &mut normals);
        for (moved, z) in vars.1.to_vec1::<f64>()?.iter().zip(normals) {
            assert!((moved / f64::from(-z) - stddev).abs() < 1e-6, "t = {t}: {moved}, z = {z}");
        }
        assert_eq!(map.steps()["w"], [t + 1]);
    }
    Ok(())
}

/// Law 53: over T steps the noise sums to ξ_T − ξ_0.
#[test]
fn anticorrelated_noise_telescopes() -> Result<()> {
    let zeros = Tensor::zeros(4, candle_core::DType::F64, &Device::Cpu)?;
    let vars = one_var(&zeros)?;
    let options = GradientNoiseOptions::default().eta(0.25).anticorrelated();
    let mut sgd = noisy_sgd(&vars, 1., options, &NoiseMap::new(1))?;
    let draws = |t: u32| {
        let mut normals = [0f32; 4];
        Address::new(1, "w", Stream::Noise, t).fill_normal(0, 4, &mut normals);
        normals.map(|z| 0.5 * f64::from(z))
    };
    for t in 1..=50 {
        // The gradient is 1: w is minus the number of steps and the sum of the noise.
        sgd.backward_step(&vars.1.sum_all()?)?;
        for ((w, last), first) in vars.1.to_vec1::<f64>()?.iter().zip(draws(t)).zip(draws(0)) {
            let expected = first - last - f64::from(t);
            assert!((w - expected).abs() < 1e-10, "step {t}: {w}, not {expected}");
        }
    }
    Ok(())
}

/// f = k w²/2 under SGD with noise of stddev s: variance η s² / (k (2 − η k)) = 0.0526316.
#[test]
fn the_stationary_variance_has_its_closed_form() -> Result<()> {
    let (count, pause) = (2000, 60);
    let vars = one_var(&Tensor::zeros(count, candle_core::DType::F64, &Device::Cpu)?)?;
    let options = GradientNoiseOptions::default().eta(1.).decay(0.);
    let mut sgd = noisy_sgd(&vars, 0.1, options, &NoiseMap::new(1))?;
    let mut squares = Vec::new();
    // 0.9^60 is 0.002: each look is nearly independent of the one before.
    for _ in 0..20 {
        for _ in 0..pause {
            sgd.backward_step(&(vars.1.sqr()? / 2.)?.sum_all()?)?;
        }
        squares.extend(vars.1.sqr()?.to_vec1::<f64>()?);
    }
    let n = squares.len() as f64;
    let (variance, expected) = (squares.iter().sum::<f64>() / n, 0.052_631_6);
    assert!((variance - expected).abs() < 5. * expected * (2. / n).sqrt(), "{variance}");
    Ok(())
}

#[test]
fn eta_zero_is_the_inner_optimizer_and_a_replica_equals_its_solo_run() -> Result<()> {
    let start = Tensor::new(&[[[1f32, -2.], [3., 0.5]], [[0., 1.], [-1., 2.]]], &Device::Cpu)?;
    let run = |start: &Tensor, map: Option<&NoiseMap>, eta: f64| -> Result<Vec<f32>> {
        let (varmap, var) = one_var(start)?;
        let mut adam = Adam::new(vec![var.clone()], AdamOptions::default())?;
        let options = GradientNoiseOptions::default().eta(eta);
        for _ in 0..3 {
            adam = match map {
                Some(map) => {
                    let mut noisy =
                        GradientNoise::over(adam, &varmap, options, map.builder().continued())?;
                    noisy.backward_step(&var.sqr()?.sum_all()?)?;
                    let mut next = Adam::new(vec![var.clone()], AdamOptions::default())?;
                    next.set_state(&noisy.inner().state()?)?;
                    next
                }
                None => {
                    adam.backward_step(&var.sqr()?.sum_all()?)?;
                    adam
                }
            };
        }
        var.flatten_all()?.to_vec1()
    };
    let map = NoiseMap::replicated(&[1, 2]);
    assert_eq!(run(&start, Some(&map), 0.)?, run(&start, None, 0.)?);
    let together = run(&start, Some(&map), 0.1)?;
    assert_ne!(together, run(&start, None, 0.)?);
    for (r, seed) in [1, 2].into_iter().enumerate() {
        let alone = run(&start.get(r)?, Some(&NoiseMap::new(seed)), 0.1)?;
        assert_eq!(together[4 * r..][..4], alone, "replica {r}");
    }
    Ok(())
}

#[test]
fn a_missing_gradient_changes_nothing_and_bad_options_are_refused() -> Result<()> {
    let vars = one_var(&Tensor::new(&[1f32], &Device::Cpu)?)?;
    let map = NoiseMap::new(1);
    let mut sgd = noisy_sgd(&vars, 1., GradientNoiseOptions::default(), &map)?;
    let other = Var::new(&[1f32], &Device::Cpu)?;
    let error = sgd.backward_step(&other.sum_all()?).unwrap_err().to_string();
    assert!(error.contains("none for 1 of 1:\n- w of shape [1]: "), "{error}");
    assert_eq!((vars.1.to_vec1::<f32>()?, map.steps()["w"].clone()), (vec![1.], vec![0]));
    drop(sgd);
    for (eta, decay, name) in [(-1., 0.5, "eta"), (f64::NAN, 0.5, "eta"), (1., f64::NAN, "decay")] {
        let options = GradientNoiseOptions::default().eta(eta).decay(decay);
        let error = noisy_sgd(&vars, 1., options, &map).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    // Candle's own constructor numbers the sites.
    let config = (0.1, GradientNoiseOptions::default(), map.builder().pp("grads"));
    let _sgd: GradientNoise<SGD> = Optimizer::new(vec![vars.1.clone(), other], config)?;
    assert_eq!(map.steps().into_keys().collect::<Vec<_>>(), ["grads.0", "grads.1"]);
    Ok(())
}

#[test]
fn only_vectors_beyond_the_norm_are_scaled() -> Result<()> {
    // Columns of norm 5, 0.5 and 0 in the first replica, of norm 1 (the bound), 10 and 2 in the second.
    let weights = [[[3f32, 0.3, 0.], [4., 0.4, 0.]], [[0.6, 10., 0.], [0.8, 0., -2.]]];
    let bounded = max_norm(&Tensor::new(&weights, &Device::Cpu)?, 1., &[1])?;
    let expected = [[[0.6f32, 0.3, 0.], [0.8, 0.4, 0.]], [[0.6, 1., 0.], [0.8, 0., -1.]]];
    for (found, expected) in
        bounded.flatten_all()?.to_vec1::<f32>()?.iter().zip(expected.as_flattened().as_flattened())
    {
        assert!((found - expected).abs() < 1e-6, "{bounded}");
    }
    let column =
        |t: &Tensor, r: usize, c: usize| t.get(r)?.narrow(1, c, 1)?.squeeze(1)?.to_vec1::<f32>();
    assert_eq!(column(&bounded, 0, 1)?, [0.3, 0.4], "bit for bit");
    let alone = max_norm(&Tensor::new(&[weights[1]], &Device::Cpu)?, 1., &[1])?;
    assert_eq!(alone.get(0)?.to_vec2::<f32>()?, bounded.get(1)?.to_vec2::<f32>()?);
    Ok(())
}

/// 49 · (1 / 49) is below 1 in f32.
#[test]
fn vectors_within_the_norm_keep_their_bits_for_every_norm() -> Result<()> {
    let weights = [[0.3f32, 0.7], [1e-3, -5.]];
    for max_value in [41., 47., 49., 55.] {
        let bounded = max_norm(&Tensor::new(&weights, &Device::Cpu)?, max_value, &[1])?;
        assert_eq!(bounded.to_vec2::<f32>()?, weights, "{max_value}");
    }
    Ok(())
}

#[test]
fn max_norm_follows_each_step_and_refuses_bad_options() -> Result<()> {
    let var = Var::new(&[[3f32, 4.], [0.1, 0.2]], &Device::Cpu)?;
    let options = MaxNormOptions::default().max_value(2.5).axes(&[1]);
    let mut sgd = MaxNorm::<SGD>::new(vec![var.clone()], (1., options))?;
    // The step leads to [6, 8], of norm 10, and [0.2, 0.4].
    let pull = Tensor::new(&[[3f32, 4.], [0.1, 0.2]], &Device::Cpu)?;
    sgd.backward_step(&(var.as_tensor() * &pull)?.sum_all()?.neg()?)?;
    assert_eq!(var.to_vec2::<f32>()?, [[1.5, 2.], [0.2, 0.4]]);
    assert_eq!((sgd.learning_rate(), sgd.inner().learning_rate()), (1., 1.));
    for (max_value, axes, expected) in [
        (0., &[1][..], "above 0, received 0"),
        (f64::NAN, &[1], "received NaN"),
        (f64::INFINITY, &[1], "received inf"),
        (1., &[], "at least one axis"),
        (1., &[0, 2], "shape [2, 2] has no axis 2"),
    ] {
        let options = MaxNormOptions::default().max_value(max_value).axes(axes);
        let error = MaxNorm::<SGD>::new(vec![var.clone()], (1., options)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}
