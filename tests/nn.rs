//! Layers, initial weights and the sequence.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{Module, ModuleT, VarMap};
use candle_noise::model::Mlp;
use candle_noise::nn::{
    Relu, SequentialT, dense, replicated_vars, seeded_vars, seq_t, sorted_vars,
};
use candle_noise::noise::{NoiseSpec, Slots};
use candle_noise::objective::{BinaryCrossEntropy, Objective};
use candle_noise::{GaussianNoise, NoiseMap};

#[test]
fn initial_weights_are_glorot_uniform_and_biases_zero() -> Result<()> {
    let varmap = VarMap::new();
    let vb = replicated_vars(&varmap, &[1, 2], DType::F32, &Device::Cpu);
    let layer = dense(2, 30, 500, vb.pp("fc1"))?;
    let limit = (6f64 / 530.).sqrt();
    let weights = layer.weight().to_dtype(DType::F64)?;
    let largest = weights.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?;
    assert!(largest <= limit && largest > 0.999 * limit, "{largest} {limit}");
    // Variance of a uniform: limit² / 3; of its square: limit⁴ (1/5 − 1/9).
    let variance = weights.sqr()?.mean_all()?.to_scalar::<f64>()?;
    let error = 4. * limit.powi(2) * (4f64 / 45. / 30_000.).sqrt();
    assert!((variance - limit.powi(2) / 3.).abs() < error, "{variance}");
    assert_eq!(layer.bias().abs()?.sum_all()?.to_scalar::<f32>()?, 0.);
    Ok(())
}

#[test]
fn a_replicas_weights_are_those_of_its_solo_model_and_differ_from_the_others() -> Result<()> {
    let weight = |seeds: &[u64]| -> Result<Tensor> {
        let vb = replicated_vars(&VarMap::new(), seeds, DType::F32, &Device::Cpu);
        Ok(dense(seeds.len(), 3, 4, vb.pp("fc1"))?.weight().clone())
    };
    let together = weight(&[5, 6, 7])?;
    for (r, seed) in [5, 6, 7].into_iter().enumerate() {
        assert_eq!(together.get(r)?.to_vec2::<f32>()?, weight(&[seed])?.get(0)?.to_vec2::<f32>()?);
    }
    assert_ne!(together.get(0)?.to_vec2::<f32>()?, together.get(1)?.to_vec2::<f32>()?);
    let vb = replicated_vars(&VarMap::new(), &[1, 2], DType::F32, &Device::Cpu);
    let error = dense(3, 3, 4, vb.pp("fc1")).unwrap_err().to_string();
    assert!(error.contains("fc1.weight: expected a first axis of 2 replicas"), "{error}");
    Ok(())
}

#[test]
fn candles_own_layers_get_seeded_weights_that_do_not_depend_on_the_order() -> Result<()> {
    let build = |names: [&str; 2]| -> Result<VarMap> {
        let varmap = VarMap::new();
        let vb = seeded_vars(&varmap, 42, DType::F32, &Device::Cpu);
        for name in names {
            candle_nn::linear(8, 16, vb.pp(name))?;
        }
        Ok(varmap)
    };
    let (forth, back) = (sorted_vars(&build(["a", "b"])?), sorted_vars(&build(["b", "a"])?));
    let names: Vec<&str> = forth.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a.bias", "a.weight", "b.bias", "b.weight"]);
    for ((_, a), (_, b)) in forth.iter().zip(&back) {
        assert_eq!(a.flatten_all()?.to_vec1::<f32>()?, b.flatten_all()?.to_vec1::<f32>()?);
    }
    // candle_nn::linear: Kaiming-normal weights of variance 2 / I, uniform bias in ±1 / √I. The mean
    // of 128 squares has the standard error 2 / I · √(2 / 128).
    let variance = forth[1].1.sqr()?.mean_all()?.to_scalar::<f32>()?;
    assert!((variance - 0.25).abs() < 4. * 0.25 * (2f32 / 128.).sqrt(), "{variance}");
    let bias = forth[0].1.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
    assert!(bias <= (1f32 / 8.).sqrt() && bias > 0.2, "{bias}");
    Ok(())
}

#[test]
fn a_sequence_passes_training_on_and_layers_come_and_go() -> Result<()> {
    let xs = Tensor::new(&[[-1f32, 2.]], &Device::Cpu)?;
    let mut model = seq_t().add(Relu).add_named("scale", |xs: &Tensor| xs * 10.)?;
    let values = |model: &dyn ModuleT, train| model.forward_t(&xs, train)?.to_vec2::<f32>();
    let clean = values(&model, true)?;
    assert_eq!(clean, [[0., 20.]]);

    model.insert_before("scale", "noise", GaussianNoise::seeded(0.1, 1)?)?;
    assert_eq!(model.names().collect::<Vec<_>>(), ["0", "noise", "scale"]);
    assert_ne!(values(&model, true)?, clean, "noise acts in training");
    assert_eq!(values(&model, false)?, clean, "and only there");

    model.remove("noise")?;
    assert_eq!(values(&model, true)?, clean);
    model.insert_after("scale", "noise", GaussianNoise::seeded(0.1, 1)?)?;
    assert_eq!(model.names().collect::<Vec<_>>(), ["0", "scale", "noise"]);

    let error = model.remove("nose").err().unwrap().to_string();
    assert!(
        error.contains("\"nose\"") && error.contains("[\"0\", \"scale\", \"noise\"]"),
        "{error}"
    );
    assert!(model.insert_after("0", "scale", Relu).is_err(), "names are unique");
    assert!(model.insert_after("0", "7", Relu).is_err(), "numbers are given by add");
    Ok(())
}

#[test]
fn the_mlp_names_its_layers() -> Result<()> {
    let mlp = Mlp { inputs: 2, hidden: vec![3, 4], outputs: 1, activation: Default::default() };
    let vb = replicated_vars(&VarMap::new(), &[1], DType::F32, &Device::Cpu);
    let noise = [NoiseSpec::gaussian("input", 0.1)?, NoiseSpec::gaussian("after-activation", 0.2)?];
    let map = NoiseMap::replicated(&[1]);
    let slots = Slots::new(&map, &noise)?;
    let model = mlp.build(&vb, &slots)?;
    let names: Vec<&str> = model.names().collect();
    let expected = [
        "input",
        "fc1",
        "hidden.0.before",
        "relu1",
        "hidden.0.after",
        "fc2",
        "hidden.1.before",
        "relu2",
        "hidden.1.after",
        "fc3",
    ];
    assert_eq!(names, expected);
    assert_eq!(slots.places(), ["input", "before-activation", "after-activation"]);
    let sites: Vec<String> = map.steps().into_keys().collect();
    assert_eq!(sites, ["hidden.0.after", "hidden.1.after", "input"]);
    Ok(())
}

/// With the draw frozen, the gradient of the noisy loss equals its central differences (law 23).
#[test]
fn the_gradient_of_a_noisy_network_equals_finite_differences() -> Result<()> {
    for place in ["input", "before-activation", "after-activation"] {
        let (varmap, map) = (VarMap::new(), NoiseMap::replicated(&[3, 4]));
        let vb = replicated_vars(&varmap, &[3, 4], DType::F64, &Device::Cpu);
        let mlp = Mlp { inputs: 2, hidden: vec![5], outputs: 1, activation: Default::default() };
        let noise = vec![(NoiseSpec::gaussian(place, 0.)?, vec![0.3, 0.1])];
        let model = mlp.build(&vb, &Slots::with_strengths(&map, noise)?)?;
        let xs = Tensor::new(&[[[0.3, -0.8], [1.1, 0.4], [-0.2, 0.9]]], &Device::Cpu)?;
        let xs = xs.broadcast_as((2, 3, 2))?.contiguous()?;
        let ys = Tensor::new(&[[1f64, 0., 1.]], &Device::Cpu)?;
        let frozen = map.steps();
        let loss = || -> Result<Tensor> {
            map.set_steps(&frozen)?;
            BinaryCrossEntropy.loss(&model.forward_t(&xs, true)?, &ys)
        };
        let grads = loss()?.backward()?;
        for (name, var) in sorted_vars(&varmap) {
            let grad = grads.get(&var).unwrap().flatten_all()?.to_vec1::<f64>()?;
            let values = var.flatten_all()?.to_vec1::<f64>()?;
            for (i, grad) in grad.iter().enumerate() {
                let at = |delta: f64| -> Result<f64> {
                    let mut moved = values.clone();
                    moved[i] += delta;
                    var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu)?)?;
                    loss()?.sum_all()?.to_scalar::<f64>()
                };
                let difference = (at(1e-6)? - at(-1e-6)?) / 2e-6;
                assert!(
                    (grad - difference).abs() < 1e-8,
                    "{place} {name}[{i}]: {grad} {difference}"
                );
            }
            var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?)?;
        }
    }
    Ok(())
}

#[test]
fn single_precision_agrees_with_double() -> Result<()> {
    let xs = Tensor::new(&[[[0.3f32, -0.8], [1.1, 0.4]]], &Device::Cpu)?;
    let run = |dtype: DType| -> Result<Vec<f64>> {
        let vb = replicated_vars(&VarMap::new(), &[3], dtype, &Device::Cpu);
        let mlp = Mlp { inputs: 2, hidden: vec![500], outputs: 1, activation: Default::default() };
        let model = mlp.build(&vb, &Slots::new(&NoiseMap::replicated(&[3]), &[])?)?;
        let ys = model.forward_t(&xs.to_dtype(dtype)?, false)?;
        ys.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
    };
    for (single, double) in run(DType::F32)?.iter().zip(run(DType::F64)?) {
        assert!((single - double).abs() < 1e-6, "{single} {double}");
    }
    Ok(())
}

#[test]
fn a_dense_layer_is_its_formula() -> Result<()> {
    let vb = replicated_vars(&VarMap::new(), &[9], DType::F32, &Device::Cpu);
    let layer = dense(1, 3, 2, vb)?;
    let xs = Tensor::new(&[[[1f32, 0., 0.], [0., 0., 2.]]], &Device::Cpu)?;
    let ys = layer.forward(&xs)?.get(0)?.to_vec2::<f32>()?;
    let w = layer.weight().get(0)?.to_vec2::<f32>()?;
    assert_eq!(ys, [[w[0][0], w[0][1]], [2. * w[2][0], 2. * w[2][1]]]);
    Ok(())
}

/// A layer that the sequence does not recognize.
struct Opaque<M>(M);

impl<M: ModuleT> ModuleT for Opaque<M> {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        self.0.forward_t(xs, train)
    }
}

/// The same network on one set of weights: in one op, the same with its noise in slots and empty slots
/// beside them, and layer by layer.
fn triplets(replicas: usize, widths: &[usize], varmap: &VarMap) -> Result<[SequentialT; 3]> {
    let seeds: Vec<u64> = (0..replicas as u64).collect();
    let vb = replicated_vars(varmap, &seeds, DType::F32, &Device::Cpu);
    let maps = [(); 3].map(|()| NoiseMap::replicated(&seeds));
    // Replica 0 has no noise.
    let stddevs: Vec<f64> = (0..replicas).map(|r| 0.2 * r as f64).collect();
    let noise =
        |i: usize, path: &str| GaussianNoise::with_strengths(&stddevs, maps[i].builder().pp(path));
    let placed = vec![(NoiseSpec::gaussian("hidden", 0.)?, stddevs.clone())];
    let slots = Slots::with_strengths(&maps[2], placed)?;
    let (noisy, empty) = (|path: &str| slots.at_path("hidden", path), || slots.at("nowhere"));
    let (mut fused, mut slotted, mut single) = (seq_t(), seq_t(), seq_t());
    for (l, pair) in widths.windows(2).enumerate() {
        let layer = dense(replicas, pair[0], pair[1], vb.pp(format!("fc{l}")))?;
        (fused, slotted) = (fused.add(layer.clone()), slotted.add(layer.clone()).add(empty()?));
        single = single.add(Opaque(layer));
        if l + 2 < widths.len() {
            let (before, after) = (format!("before{l}"), format!("after{l}"));
            fused = fused.add(noise(0, &before)?).add(Relu).add(noise(0, &after)?);
            slotted = slotted.add(noisy(&before)?).add(empty()?).add(Relu);
            slotted = slotted.add(empty()?).add(noisy(&after)?).add(empty()?);
            single = single.add(Opaque(noise(1, &before)?)).add(Opaque(Relu));
            single = single.add(Opaque(noise(1, &after)?));
        }
    }
    Ok([fused, slotted, single])
}

#[test]
fn a_run_of_layers_in_one_op_has_the_bits_of_the_layers_one_by_one() -> Result<()> {
    let bits = |t: &Tensor| -> Result<Vec<u32>> {
        let values = t.flatten_all()?.to_vec1::<f32>()?;
        // Rectifiers may differ in the sign of zero.
        Ok(values.into_iter().map(|x| (x + 0.).to_bits()).collect())
    };
    let small = [&[2, 500, 1][..], &[3, 17, 64, 1], &[70, 9, 200, 40], &[1, 1, 8], &[5, 1]];
    let wide = [&[200, 150, 3][..], &[2, 150, 160, 140, 1], &[600, 20, 5]];
    for widths in small.into_iter().chain(wide) {
        for (replicas, rows, batch) in [(3, 3, 13), (3, 1, 8), (1, 1, 1)] {
            let varmap = VarMap::new();
            let [fused, slotted, single] = triplets(replicas, widths, &varmap)?;
            let count = rows * batch * widths[0];
            let xs: Vec<f32> = (0..count).map(|i| ((i * 29) % 31) as f32 / 15.5 - 1.).collect();
            let xs = Var::from_vec(xs, (rows, batch, widths[0]), &Device::Cpu)?;
            for train in [true, false, true] {
                let outputs = single.forward_t(&xs, train)?;
                let grads = outputs.sqr()?.backward()?;
                for run in [&fused, &slotted] {
                    let ys = run.forward_t(&xs, train)?;
                    let case = format!("{widths:?}, {replicas} replicas, {train}");
                    assert_eq!(bits(&ys)?, bits(&outputs)?, "{case}");
                    let own = ys.sqr()?.backward()?;
                    let inputs = ("inputs".to_string(), xs.clone());
                    for (name, var) in sorted_vars(&varmap).into_iter().chain([inputs]) {
                        let (a, b) = (own.get(&var).unwrap(), grads.get(&var).unwrap());
                        assert_eq!(a.shape(), var.shape());
                        assert_eq!(bits(a)?, bits(b)?, "{case}: {name}");
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn nan_passes_a_fused_rectifier() -> Result<()> {
    let varmap = VarMap::new();
    let [fused, ..] = triplets(1, &[2, 16, 1], &varmap)?;
    let xs = Tensor::new(&[[[f32::NAN, 1.], [1., 1.]]], &Device::Cpu)?;
    let ys = fused.forward_t(&xs, false)?.flatten_all()?.to_vec1::<f32>()?;
    assert!(ys[0].is_nan() && ys[1].is_finite(), "{ys:?}");
    Ok(())
}

/// Rows fill whole cache lines; what stands behind a row's end in a buffer used before must not
/// reach the next replica, where zero times NaN would be NaN.
#[test]
fn a_replica_of_nan_leaves_the_others_gradients_alone() -> Result<()> {
    let widths = [3, 20, 10];
    let varmap = VarMap::new();
    let [fused, ..] = triplets(2, &widths, &varmap)?;
    let xs = Tensor::ones((1, 9, 3), DType::F32, &Device::Cpu)?;
    let gradients = || -> Result<Vec<Vec<f32>>> {
        let grads = fused.forward_t(&xs, false)?.sqr()?.backward()?;
        let of =
            |(_, var): (String, Var)| grads.get(&var).unwrap().get(1)?.flatten_all()?.to_vec1();
        sorted_vars(&varmap).into_iter().map(of).collect()
    };
    let finite = gradients()?;
    let (_, weight) = &sorted_vars(&varmap)[3];
    let spoiled = [(weight.narrow(0, 0, 1)? * f64::NAN)?, weight.narrow(0, 1, 1)?];
    weight.set(&Tensor::cat(&spoiled, 0)?)?;
    assert_eq!(gradients()?, finite);
    Ok(())
}
