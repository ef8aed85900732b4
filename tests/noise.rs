//! `GaussianNoise` and its map: the laws of additive noise.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::ModuleT;
use candle_noise::nn::{dense, replicated_vars, seq_t};
use candle_noise::objective::{BinaryCrossEntropy, Objective};
use candle_noise::rng::{Address, Stream};
use candle_noise::{GaussianNoise, NoiseMap};

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap()
}

fn bits(xs: &Tensor) -> Vec<u32> {
    let xs = xs.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    xs.into_iter().map(f32::to_bits).collect()
}

fn layer(seed: u64, path: &str, stddev: f64) -> GaussianNoise {
    GaussianNoise::new(stddev, NoiseMap::new(seed).builder().pp(path)).unwrap()
}

#[test]
fn evaluation_and_stddev_zero_are_the_identity_and_use_no_step() -> Result<()> {
    let xs = Tensor::new(&[[-0f32, 1.5], [f32::MIN_POSITIVE, -3.]], &Device::Cpu)?;
    let map = NoiseMap::new(1);
    let noise = GaussianNoise::new(0.5, map.builder().pp("a"))?;
    assert_eq!(bits(&noise.forward_t(&xs, false)?), bits(&xs));
    map.set_strengths("a", &[0.])?;
    assert_eq!(bits(&noise.forward_t(&xs, true)?), bits(&xs));
    map.set_strengths("a", &[0.5])?;
    map.disable();
    assert_eq!(bits(&noise.forward_t(&xs, true)?), bits(&xs));
    assert_eq!(map.steps(), BTreeMap::from([("a".to_string(), vec![0])]));
    map.enable();
    assert_ne!(bits(&noise.forward_t(&xs, true)?), bits(&xs));
    assert_eq!(map.steps()["a"], [1]);
    Ok(())
}

#[test]
fn mean_and_spread_are_within_four_standard_errors() -> Result<()> {
    let (stddev, n) = (0.3f64, 400f64 * 500.);
    let ys = (layer(3, "a", stddev).forward_t(&(zeros(&[400, 500]) + 7.)?, true)? - 7.)?;
    let ys = ys.to_dtype(DType::F64)?;
    let mean = ys.mean_all()?.to_scalar::<f64>()?;
    let variance = ys.sqr()?.mean_all()?.to_scalar::<f64>()?;
    assert!(mean.abs() < 4. * stddev / n.sqrt(), "mean {mean}");
    let error = variance - stddev * stddev;
    assert!(error.abs() < 4. * stddev * stddev * (2. / n).sqrt(), "variance {variance}");
    Ok(())
}

#[test]
fn noise_twice_adds_variances() -> Result<()> {
    let model = seq_t().add(layer(3, "a", 0.3)).add(layer(3, "b", 0.4));
    let ys = model.forward_t(&zeros(&[400, 500]), true)?.to_dtype(DType::F64)?;
    let variance = ys.sqr()?.mean_all()?.to_scalar::<f64>()?;
    let error = variance - 0.25;
    assert!(error.abs() < 4. * 0.25 * (2f64 / 200_000.).sqrt(), "variance {variance}");
    Ok(())
}

#[test]
fn the_gradient_is_the_identity() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        let xs = Var::from_tensor(&zeros(&[3, 4]).to_dtype(dtype)?)?;
        let pull = Tensor::arange(0f64, 12., &Device::Cpu)?.reshape((3, 4))?.to_dtype(dtype)?;
        let ys = layer(5, "a", 2.).forward_t(&xs, true)?;
        let grads = (ys * &pull)?.backward()?;
        let grad = grads.get(&xs).unwrap().to_dtype(DType::F64)?.to_vec2::<f64>()?;
        assert_eq!(grad, pull.to_dtype(DType::F64)?.to_vec2::<f64>()?);
    }
    Ok(())
}

#[test]
fn equal_coordinates_give_equal_bits_and_others_differ() -> Result<()> {
    let xs = zeros(&[2, 8]);
    let draw = |seed, path: &str| layer(seed, path, 1.).forward_t(&xs, true).map(|ys| bits(&ys));
    assert_eq!(draw(1, "a")?, draw(1, "a")?);
    assert_ne!(draw(1, "a")?, draw(2, "a")?);
    assert_ne!(draw(1, "a")?, draw(1, "b")?);
    assert_ne!(draw(1, "a")?, draw(1 + (1 << 32), "a")?, "the upper half of the seed counts");
    let noise = layer(1, "a", 1.);
    assert_ne!(bits(&noise.forward_t(&xs, true)?), bits(&noise.forward_t(&xs, true)?));
    Ok(())
}

#[test]
fn a_bad_stddev_is_refused() {
    for stddev in [-0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = GaussianNoise::seeded(stddev, 1).unwrap_err().to_string();
        assert!(error.contains(&format!("at least 0, received {stddev}")), "{error}");
    }
    assert!(GaussianNoise::seeded(-0.0, 1).is_ok() && GaussianNoise::seeded(1e30, 1).is_ok());
    let beyond = layer(1, "a", 1e300);
    assert!(beyond.forward_t(&zeros(&[2, 2]).to_dtype(DType::F64).unwrap(), true).is_ok());
    let error = beyond.forward_t(&zeros(&[2, 2]), true).unwrap_err().to_string();
    assert!(error.contains("beyond F32"), "{error}");
}

#[test]
fn draws_are_those_of_the_address() -> Result<()> {
    let mut normals = [0f32; 6];
    Address::new(42, "hidden.0", Stream::Noise, 0).fill_normal(0, 3, &mut normals);
    let ys = layer(42, "hidden.0", 0.5).forward_t(&(zeros(&[2, 3]) + 1.)?, true)?;
    let expected: Vec<u32> = normals.iter().map(|z| 0.5f32.mul_add(*z, 1.).to_bits()).collect();
    assert_eq!(bits(&ys), expected);
    Ok(())
}

#[test]
fn a_rows_noise_depends_neither_on_the_split_nor_on_the_rows_length() -> Result<()> {
    let whole = layer(1, "a", 1.).forward_t(&zeros(&[5, 7]), true)?;
    let head = layer(1, "a", 1.).forward_t(&zeros(&[2, 7]), true)?;
    assert_eq!(bits(&whole.narrow(0, 0, 2)?), bits(&head));
    let padded = layer(1, "a", 1.).forward_t(&zeros(&[5, 9]), true)?;
    assert_eq!(bits(&padded.narrow(1, 0, 7)?), bits(&whole));
    Ok(())
}

#[test]
fn any_rank_and_layout() -> Result<()> {
    for shape in [&[][..], &[5], &[2, 3], &[2, 3, 4], &[2, 3, 4, 5], &[0, 3], &[3, 0]] {
        let ys = layer(1, "a", 1.).forward_t(&zeros(shape), true)?;
        assert_eq!(ys.dims(), shape);
    }
    let xs = Tensor::arange(0f32, 12., &Device::Cpu)?.reshape((3, 4))?;
    let noisy = |xs: &Tensor| layer(1, "a", 1.).forward_t(xs, true);
    assert_eq!(bits(&noisy(&xs.t()?)?), bits(&noisy(&xs.t()?.contiguous()?)?));
    let middle = xs.narrow(0, 1, 1)?;
    assert_eq!(bits(&noisy(&middle)?), bits(&noisy(&middle.copy()?)?));
    let shared = xs.narrow(0, 0, 1)?.broadcast_as((3, 4))?;
    assert_eq!(bits(&noisy(&shared)?), bits(&noisy(&shared.contiguous()?)?));
    Ok(())
}

#[test]
fn other_dtypes_have_the_same_noise_rounded_once() -> Result<()> {
    let xs = Tensor::new(&[[0.5f32, -1., 3., 0.125, 100.]], &Device::Cpu)?;
    let single = layer(1, "a", 0.1).forward_t(&xs, true)?;
    for dtype in [DType::F16, DType::BF16] {
        let half = layer(1, "a", 0.1).forward_t(&xs.to_dtype(dtype)?, true)?;
        assert_eq!(half.dtype(), dtype);
        // These inputs are exact in half precision: one rounding of the f32 sum.
        let expected = single.to_dtype(dtype)?.to_dtype(DType::F32)?;
        assert_eq!(bits(&half.to_dtype(DType::F32)?), bits(&expected));
    }
    let mut normals = [0f32; 5];
    Address::new(1, "a", Stream::Noise, 0).fill_normal(0, 5, &mut normals);
    let double = layer(1, "a", 0.1).forward_t(&xs.to_dtype(DType::F64)?, true)?;
    let expected: Vec<f64> = normals
        .iter()
        .zip(xs.flatten_all()?.to_vec1::<f32>()?)
        .map(|(z, x)| 0.1f64.mul_add(f64::from(*z), f64::from(x)))
        .collect();
    assert_eq!(double.flatten_all()?.to_vec1::<f64>()?, expected);
    let error = layer(1, "a", 1.).forward_t(&xs.to_dtype(DType::U32)?, true).unwrap_err();
    assert!(error.to_string().contains("U32"), "{error}");
    Ok(())
}

#[test]
fn replicas_differ_and_each_equals_its_solo_run() -> Result<()> {
    let seeds = [7, 8, 1 << 40];
    let map = NoiseMap::replicated(&seeds);
    let noise = GaussianNoise::with_strengths(&[0.1, 0., 0.3], map.builder().pp("a"))?;
    let xs = Tensor::arange(0f32, 60., &Device::Cpu)?.reshape((3, 4, 5))?;
    for _ in 0..3 {
        noise.forward_t(&xs, true)?;
    }
    assert_eq!(map.steps()["a"], [3, 0, 3], "a replica without noise uses no step");
    let together = noise.forward_t(&xs, true)?;
    for (r, (seed, stddev)) in seeds.into_iter().zip([0.1, 0., 0.3]).enumerate() {
        let solo = GaussianNoise::new(stddev, NoiseMap::replicated(&[seed]).builder().pp("a"))?;
        let plain = layer(seed, "a", stddev);
        let own = xs.narrow(0, r, 1)?;
        for _ in 0..3 {
            solo.forward_t(&own, true)?;
            plain.forward_t(&own.squeeze(0)?, true)?;
        }
        let alone = bits(&solo.forward_t(&own, true)?);
        assert_eq!(bits(&together.narrow(0, r, 1)?), alone, "replica {r}");
        assert_eq!(bits(&plain.forward_t(&own.squeeze(0)?, true)?), alone, "without the axis");
    }
    let first = bits(&(together.narrow(0, 0, 1)? - xs.narrow(0, 0, 1)?)?);
    assert_ne!(first, bits(&(together.narrow(0, 2, 1)? - xs.narrow(0, 2, 1)?)?));
    let error = noise.forward_t(&zeros(&[2, 4, 5]), true).unwrap_err().to_string();
    assert!(error.contains("3 replicas, received shape [2, 4, 5]"), "{error}");
    Ok(())
}

#[test]
fn a_new_site_moves_no_other_sites_draws() -> Result<()> {
    let xs = zeros(&[2, 3]);
    let alone = layer(1, "hidden.0", 1.).forward_t(&xs, true)?;
    let map = NoiseMap::new(1);
    let input = GaussianNoise::new(1., map.builder().pp("input"))?;
    let hidden = GaussianNoise::new(1., map.builder().pp("hidden").pp(0))?;
    input.forward_t(&xs, true)?;
    assert_eq!(bits(&hidden.forward_t(&xs, true)?), bits(&alone));
    Ok(())
}

#[test]
fn two_sites_with_one_path_are_refused_while_both_live() -> Result<()> {
    let map = NoiseMap::new(1);
    let first = GaussianNoise::new(1., map.builder().pp("a"))?;
    let error = GaussianNoise::new(1., map.builder().pp("a")).unwrap_err().to_string();
    assert!(error.contains("path \"a\""), "{error}");
    assert!(GaussianNoise::new(1., map.builder()).is_err(), "no path");
    drop(first);
    GaussianNoise::new(1., map.builder().pp("a"))?;
    Ok(())
}

#[test]
fn an_unknown_path_is_an_error_that_lists_the_others() -> Result<()> {
    let map = NoiseMap::new(1);
    let _noise = GaussianNoise::new(1., map.builder().pp("hidden"))?;
    let error = map.set_strengths("hiden", &[0.1]).unwrap_err().to_string();
    assert!(error.contains("\"hiden\"") && error.contains("[\"hidden\"]"), "{error}");
    map.set_strengths("hidden", &[0.1])?;
    assert_eq!(map.strengths()["hidden"], [0.1]);
    assert!(
        map.set_strengths("hidden", &[0.1, 0.2]).is_err()
            && map.set_strengths("hidden", &[-1.]).is_err()
    );
    Ok(())
}

#[test]
fn saved_steps_continue_the_draws() -> Result<()> {
    let xs = zeros(&[2, 3]);
    let build = || -> Result<_> {
        let map = NoiseMap::new(1);
        let layers = ["a", "b"].map(|path| GaussianNoise::new(1., map.builder().pp(path)));
        let [a, b] = layers;
        Ok((map, a?, b?))
    };
    let (map, a, b) = build()?;
    a.forward_t(&xs, true)?;
    a.forward_t(&xs, true)?;
    b.forward_t(&xs, true)?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noise.safetensors");
    map.save(&file)?;

    let (resumed, a2, b2) = build()?;
    resumed.load(&file)?;
    assert_eq!(resumed.steps(), map.steps());
    assert_eq!(bits(&a2.forward_t(&xs, true)?), bits(&a.forward_t(&xs, true)?));
    assert_eq!(bits(&b2.forward_t(&xs, true)?), bits(&b.forward_t(&xs, true)?));
    let (_, fresh, _) = build()?;
    assert_ne!(bits(&fresh.forward_t(&xs, true)?), bits(&a.forward_t(&xs, true)?));

    let error = NoiseMap::new(2).load(&file).unwrap_err().to_string();
    assert!(error.contains("seeds [2]"), "{error}");
    let other = NoiseMap::new(1);
    let _c = GaussianNoise::new(1., other.builder().pp("c"))?;
    let error = other.load(&file).unwrap_err().to_string();
    assert!(error.contains("[\"c\"]") && error.contains("[\"a\", \"b\"]"), "{error}");
    Ok(())
}

/// dL/dw₂ = (p − y)(h + e) for one sample: with the clean h the difference would be (p − y) e.
#[test]
fn the_weights_after_the_noise_see_the_noisy_activation() -> Result<()> {
    let (varmap, map) = (candle_nn::VarMap::new(), NoiseMap::replicated(&[3]));
    let vb = replicated_vars(&varmap, &[3], DType::F32, &Device::Cpu);
    let noise = GaussianNoise::new(0.5, map.builder().pp("hidden"))?;
    let fc2 = dense(1, 4, 1, vb.pp("fc2"))?;
    let h = Tensor::new(&[[[0.3f32, -1., 2., 0.7]]], &Device::Cpu)?;
    let noisy = noise.forward_t(&h, true)?;
    let logits = candle_nn::Module::forward(&fc2, &noisy)?;
    let target = Tensor::new(&[[1f32]], &Device::Cpu)?;
    let loss = BinaryCrossEntropy.loss(&logits, &target)?;
    let grads = loss.backward()?;
    let grad = grads.get(fc2.weight()).unwrap().flatten_all()?.to_vec1::<f32>()?;
    let z = logits.flatten_all()?.to_vec1::<f32>()?[0];
    let slope = 1. / (1. + (-z).exp()) - 1.;
    let noisy = noisy.flatten_all()?.to_vec1::<f32>()?;
    for (g, h) in grad.iter().zip(&noisy) {
        assert!((g - slope * h).abs() < 1e-6, "{g} is not {slope} · {h}");
    }
    assert_ne!(noisy, h.flatten_all()?.to_vec1::<f32>()?);
    Ok(())
}

/// Long tensors are shared out among threads.
#[test]
fn rows_of_a_long_tensor_have_the_bits_of_their_addresses() -> Result<()> {
    let (rows, len) = (301, 500);
    let xs: Vec<f32> = (0..rows * len).map(|i| (i as f32).sin()).collect();
    let ys = layer(7, "a", 0.25)
        .forward_t(&Tensor::from_slice(&xs, (rows, len), &Device::Cpu)?, true)?
        .to_vec2::<f32>()?;
    let mut zs = vec![0.; len];
    for (row, (xs, ys)) in xs.chunks(len).zip(ys).enumerate() {
        Address::new(7, "a", Stream::Noise, 0).fill_normal(row as u32, len, &mut zs);
        let sums: Vec<f32> = xs.iter().zip(&zs).map(|(x, z)| 0.25f32.mul_add(*z, *x)).collect();
        assert_eq!(ys, sums, "row {row}");
    }
    Ok(())
}
