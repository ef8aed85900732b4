//! Layers, initial weights and the sequence.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Module, ModuleT, VarMap};
use candle_noise::loss::Loss;
use candle_noise::model::{Mlp, Placement};
use candle_noise::nn::{Relu, dense, replicated_vars, seeded_vars, seq_t, sorted_vars};
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
    let mlp = Mlp { inputs: 2, hidden: vec![3, 4], outputs: 1 };
    let vb = replicated_vars(&VarMap::new(), &[1], DType::F32, &Device::Cpu);
    let noise = [(Placement::Input, vec![0.1]), (Placement::AfterActivation, vec![0.2])];
    let model = mlp.build(&vb, &NoiseMap::replicated(&[1]).builder(), &noise)?;
    let names: Vec<&str> = model.names().collect();
    let expected =
        ["input", "fc1", "relu1", "hidden.0.after", "fc2", "relu2", "hidden.1.after", "fc3"];
    assert_eq!(names, expected);
    Ok(())
}

/// With the draw frozen, the gradient of the noisy loss equals its central differences (law 23).
#[test]
fn the_gradient_of_a_noisy_network_equals_finite_differences() -> Result<()> {
    for placement in [Placement::Input, Placement::BeforeActivation, Placement::AfterActivation] {
        let (varmap, map) = (VarMap::new(), NoiseMap::replicated(&[3, 4]));
        let vb = replicated_vars(&varmap, &[3, 4], DType::F64, &Device::Cpu);
        let mlp = Mlp { inputs: 2, hidden: vec![5], outputs: 1 };
        let model = mlp.build(&vb, &map.builder(), &[(placement, vec![0.3, 0.1])])?;
        let xs = Tensor::new(&[[[0.3, -0.8], [1.1, 0.4], [-0.2, 0.9]]], &Device::Cpu)?;
        let xs = xs.broadcast_as((2, 3, 2))?.contiguous()?;
        let ys = Tensor::new(&[[1f64, 0., 1.]], &Device::Cpu)?;
        let frozen = map.steps();
        let loss = || -> Result<Tensor> {
            map.set_steps(&frozen)?;
            Loss::BinaryCrossEntropy.forward(&model.forward_t(&xs, true)?, &ys)
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
                    "{placement} {name}[{i}]: {grad} {difference}"
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
        let mlp = Mlp { inputs: 2, hidden: vec![500], outputs: 1 };
        let model = mlp.build(&vb, &NoiseMap::replicated(&[3]).builder(), &[])?;
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
