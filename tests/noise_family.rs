//! What every layer of the noise family obeys, checked for one after another.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_noise::noise::{GaussianNoise, NoiseMap};

use crate::noise_members::{bits, family, ramp};

#[test]
fn evaluation_and_strength_zero_are_the_identity_and_use_no_step() -> Result<()> {
    let odd = [-0f32, 0., f32::INFINITY, f32::MIN_POSITIVE, -3., 1e-44, 7., 0.25].repeat(8);
    let xs = Tensor::from_vec(odd, (4, 16), &Device::Cpu)?;
    for member in family() {
        let map = NoiseMap::new(1);
        let layer = member.layer(&map, "a");
        assert_eq!(bits(&layer.forward_t(&xs, false)?), bits(&xs), "{}", member.name);
        map.set_strengths("a", &[0.])?;
        assert_eq!(bits(&layer.forward_t(&xs, true)?), bits(&xs), "{}", member.name);
        assert_eq!(bits(&layer.masked(&xs, &xs.ones_like()?)?), bits(&xs), "{}", member.name);
        map.set_strengths("a", &[member.strength])?;
        map.disable();
        assert_eq!(bits(&layer.forward_t(&xs, true)?), bits(&xs), "{}", member.name);
        assert_eq!(map.steps()["a"], [0], "{}", member.name);
        map.enable();
        assert_ne!(bits(&layer.forward_t(&xs, true)?), bits(&xs), "{}", member.name);
        assert_eq!(map.steps()["a"], [1], "{}", member.name);
    }
    Ok(())
}

#[test]
fn equal_addresses_give_equal_bits_and_others_differ() -> Result<()> {
    let xs = ramp(&[4, 16]);
    for member in family() {
        let draw = |seed, path: &str| member.draw(seed, path, &xs).map(|ys| bits(&ys));
        let first = draw(1, "a")?;
        assert_eq!(first, draw(1, "a")?, "{}", member.name);
        for other in [draw(2, "a")?, draw(1 + (1 << 32), "a")?, draw(1, "b")?] {
            assert_ne!(first, other, "{}", member.name);
        }
        let layer = member.layer(&NoiseMap::new(1), "a");
        assert_eq!(bits(&layer.forward_t(&xs, true)?), first, "{}", member.name);
        assert_ne!(bits(&layer.forward_t(&xs, true)?), first, "{}: next step", member.name);
    }
    Ok(())
}

/// The longer batch is shared out among threads.
#[test]
fn noise_of_a_longer_batch_begins_with_that_of_a_shorter() -> Result<()> {
    let xs = ramp(&[150, 300]);
    for member in family() {
        let whole = bits(&member.draw(1, "a", &xs)?);
        let head = bits(&member.draw(1, "a", &xs.narrow(0, 0, 3)?)?);
        assert_eq!(whole[..900], head, "{}", member.name);
        let row = |r: usize| &whole[r * 300..][..300];
        assert_ne!(row(0), row(1), "{}", member.name);
    }
    Ok(())
}

#[test]
fn masked_elements_keep_their_bits_and_padding_moves_no_noise() -> Result<()> {
    let (short, zeros) = (ramp(&[2, 3, 4]), Tensor::zeros((2, 5, 4), DType::F32, &Device::Cpu)?);
    let long = Tensor::cat(&[&short, &zeros.neg()?], 1)?;
    let short_mask = Tensor::new(&[[1u8, 1, 0], [1, 1, 1]], &Device::Cpu)?;
    let long_mask =
        Tensor::cat(&[&short_mask, &Tensor::zeros((2, 5), DType::U8, &Device::Cpu)?], 1)?;
    for member in family() {
        let masked = |xs: &Tensor, mask: &Tensor| {
            member.layer(&NoiseMap::new(1), "a").masked(xs, mask).map(|ys| bits(&ys))
        };
        let (xs, ys) = (bits(&long), masked(&long, &long_mask)?);
        assert_eq!(ys[8..32], xs[8..32], "{}", member.name);
        assert_eq!(ys[44..], xs[44..], "{}", member.name);
        assert_ne!(ys[..8], xs[..8], "{}", member.name);
        let padded = member.layer(&NoiseMap::new(1), "a").masked(&long, &long_mask)?;
        let head = bits(&padded.narrow(1, 0, 3)?);
        assert_eq!(head, masked(&short, &short_mask)?, "{}", member.name);
        let float = short_mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        assert_eq!(head, masked(&short, &(float * 0.5)?)?, "{}: any dtype", member.name);
        let all = masked(&short, &short_mask.ones_like()?)?;
        assert_eq!(all, bits(&member.draw(1, "a", &short)?), "{}", member.name);
        let error = masked(&short, &long_mask).unwrap_err().to_string();
        assert!(error.contains("leading axes of [2, 3, 4], received shape [2, 8]"), "{error}");
    }
    Ok(())
}

#[test]
fn draws_are_equal_along_shared_axes_and_differ_along_others() -> Result<()> {
    let xs = Tensor::full(1.5f32, (3, 8, 2, 3), &Device::Cpu)?;
    for member in family() {
        let shared = |axes: &[usize]| {
            let layer =
                (member.build)(&[member.strength], axes, NoiseMap::new(2).builder().pp("a"))?;
            layer.forward_t(&xs, true)
        };
        let by_channel = shared(&[1, 2])?.reshape((24, 6))?.to_vec2::<f32>()?;
        assert!(by_channel.iter().all(|map| map.iter().all(|y| *y == map[0])), "{}", member.name);
        let channels: BTreeSet<u32> = by_channel.iter().map(|map| map[0].to_bits()).collect();
        let of_rows = |rows: &[Vec<f32>]| rows.iter().map(|map| map[0]).collect::<Vec<_>>();
        let discrete = matches!(member.name, "Dropout" | "AlphaDropout" | "Salt");
        assert!(channels.len() == 24 || (discrete && channels.len() > 1), "{}", member.name);
        assert_ne!(of_rows(&by_channel[..8]), of_rows(&by_channel[8..16]), "{}", member.name);
        let by_place = shared(&[0])?;
        let (first, last) = (by_place.narrow(1, 0, 1)?, by_place.narrow(1, 7, 1)?);
        assert_eq!(bits(&first), bits(&last), "{}", member.name);
        assert!(bits(&first).iter().collect::<BTreeSet<_>>().len() > 1, "{}", member.name);
        let error = shared(&[3]).unwrap_err().to_string();
        assert!(error.contains("below 3 for rows of shape [8, 2, 3], received 3"), "{error}");
    }
    Ok(())
}

#[test]
fn mean_and_variance_are_within_five_standard_errors() -> Result<()> {
    let n = 400. * 500.;
    for member in family() {
        let ys = member.draw(3, "a", &Tensor::full(1.5f32, (400, 500), &Device::Cpu)?)?;
        let ys = ys.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
        let [mean, variance] = member.moments;
        let average = |f: &dyn Fn(f64) -> f64| ys.iter().map(|&y| f(y)).sum::<f64>() / n;
        let error = average(&|y| y - mean);
        assert!(error.abs() < 5. * (variance / n).sqrt(), "{}: mean off by {error}", member.name);
        let error = average(&|y| (y - mean).powi(2) - variance);
        let stddev = average(&|y| ((y - mean).powi(2) - variance).powi(2)).sqrt();
        assert!(error.abs() < 5. * stddev / n.sqrt(), "{}: variance off by {error}", member.name);
    }
    Ok(())
}

#[test]
fn a_saved_map_continues_the_draws() -> Result<()> {
    let xs = ramp(&[3, 8]);
    let folder = tempfile::tempdir().unwrap();
    for member in family() {
        let map = NoiseMap::new(1);
        let layer = member.layer(&map, "a");
        layer.forward_t(&xs, true)?;
        layer.forward_t(&xs, true)?;
        let file = folder.path().join(member.name);
        map.save(&file)?;
        let resumed = NoiseMap::new(1);
        let again = member.layer(&resumed, "a");
        resumed.load(&file)?;
        let next = bits(&layer.forward_t(&xs, true)?);
        assert_eq!(bits(&again.forward_t(&xs, true)?), next, "{}", member.name);
        assert_ne!(bits(&member.draw(1, "a", &xs)?), next, "{}: the steps count", member.name);
    }
    Ok(())
}

#[test]
fn a_replica_equals_its_solo_run() -> Result<()> {
    let (seeds, xs) = ([7, 8, 1 << 40], ramp(&[3, 4, 6]));
    for member in family() {
        for axes in [&[][..], &[0]] {
            let strengths = [member.strength, 0., member.strength / 2.];
            let map = NoiseMap::replicated(&seeds);
            let together = (member.build)(&strengths, axes, map.builder().pp("a"))?;
            together.forward_t(&xs, true)?;
            assert_eq!(map.steps()["a"], [1, 0, 1], "{}", member.name);
            let ys = together.forward_t(&xs, true)?;
            for (r, (seed, strength)) in seeds.into_iter().zip(strengths).enumerate() {
                let own = xs.get(r)?;
                let solo =
                    (member.build)(&[strength], axes, NoiseMap::new(seed).builder().pp("a"))?;
                solo.forward_t(&own, true)?;
                let alone = bits(&solo.forward_t(&own, true)?);
                assert_eq!(bits(&ys.get(r)?), alone, "{} {axes:?} replica {r}", member.name);
            }
            let error = together.forward_t(&xs.narrow(0, 0, 2)?, true).unwrap_err().to_string();
            assert!(error.contains("3 replicas, received shape [2, 4, 6]"), "{error}");
        }
    }
    Ok(())
}

/// The draw is frozen by setting the step back; sin makes the pulled gradient depend on y.
#[test]
fn gradients_equal_finite_differences_of_the_frozen_draw() -> Result<()> {
    let xs = ramp(&[2, 3, 4]).to_dtype(DType::F64)?;
    let mask = Tensor::new(&[[1u8, 1, 0], [1, 0, 1]], &Device::Cpu)?;
    let pull = ramp(&[24]).to_dtype(DType::F64)?.reshape((2, 3, 4))?;
    for member in family() {
        for (axes, masked) in [(&[][..], false), (&[1], false), (&[], true)] {
            let map = NoiseMap::new(5);
            let layer = (member.build)(&[member.strength], axes, map.builder().pp("a"))?;
            let loss = |xs: &Tensor| -> Result<Tensor> {
                map.set_steps(&BTreeMap::from([("a".to_string(), vec![0])]))?;
                let ys =
                    if masked { layer.masked(xs, &mask)? } else { layer.forward_t(xs, true)? };
                (ys.sin()? * &pull)?.sum_all()
            };
            let var = Var::from_tensor(&xs)?;
            let grads = loss(&var)?.backward()?;
            let grad = grads.get(&var).unwrap().flatten_all()?.to_vec1::<f64>()?;
            let flat = xs.flatten_all()?.to_vec1::<f64>()?;
            for (i, grad) in grad.into_iter().enumerate() {
                let at = |step: f64| {
                    let mut moved = flat.clone();
                    moved[i] += step;
                    loss(&Tensor::from_vec(moved, (2, 3, 4), &Device::Cpu)?)?.to_scalar::<f64>()
                };
                let slope = (at(1e-5)? - at(-1e-5)?) / 2e-5;
                let name = member.name;
                assert!((grad - slope).abs() < 1e-8, "{name} {axes:?} {i}: {grad} {slope}");
            }
        }
    }
    Ok(())
}

#[test]
fn strengths_out_of_range_are_refused_everywhere() -> Result<()> {
    for member in family() {
        let map = NoiseMap::new(1);
        let layer = member.layer(&map, "a");
        let end = if member.is_rate { 1. } else { f64::INFINITY };
        for bad in [-0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, end] {
            let built = (member.build)(&[bad], &[], map.builder().pp("b")).err().unwrap();
            for error in [built, map.set_strengths("a", &[bad]).unwrap_err()] {
                let error = error.to_string();
                let expected = format!(
                    "at least 0{}, received {bad}",
                    if member.is_rate { " and below 1" } else { "" }
                );
                assert!(error.contains(&expected), "{}: {error}", member.name);
            }
        }
        let error = map.set_strengths("a", &[0.1, 0.1]).unwrap_err().to_string();
        assert!(error.contains("each of 1 replicas, received 2"), "{error}");
        assert_eq!(map.strengths()["a"], [member.strength], "{}: unchanged", member.name);
        let error = layer.forward_t(&ramp(&[2]).to_dtype(DType::U32)?, true).unwrap_err();
        assert!(error.to_string().contains("U32"), "{error}");
    }
    Ok(())
}

#[test]
fn other_dtypes_and_ranks_have_the_same_noise() -> Result<()> {
    for member in family() {
        let xs = ramp(&[3, 5]);
        let single = member.draw(1, "a", &xs)?.to_dtype(DType::F64)?;
        for (dtype, tolerance) in [(DType::F64, 1e-6), (DType::F16, 3e-3), (DType::BF16, 3e-2)] {
            let ys = member.draw(1, "a", &xs.to_dtype(dtype)?)?;
            assert_eq!(ys.dtype(), dtype);
            let gap = (ys.to_dtype(DType::F64)? - &single)?.abs()?.max_all()?.to_scalar::<f64>()?;
            assert!(gap < tolerance, "{} {dtype:?}: {gap}", member.name);
        }
        for shape in [&[][..], &[5], &[2, 3, 4, 5], &[0, 3], &[3, 0]] {
            assert_eq!(member.draw(1, "a", &ramp(shape))?.dims(), shape, "{}", member.name);
        }
        let turned = xs.t()?;
        let copied = member.draw(1, "a", &turned.contiguous()?)?;
        assert_eq!(bits(&member.draw(1, "a", &turned)?), bits(&copied), "{}", member.name);
    }
    Ok(())
}

/// A schedule may have changed the strengths: they are saved with the steps, and a file of an earlier
/// version, which has none, leaves them as they are.
#[test]
fn saved_strengths_continue_too() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noise.safetensors");
    let new = |map: &NoiseMap| GaussianNoise::new(0.5, map.builder().pp("a"));
    let map = NoiseMap::new(7);
    let _layer = new(&map)?;
    map.set_strengths("a", &[0.125])?;
    map.save(&file)?;
    let resumed = NoiseMap::new(7);
    let _layer = new(&resumed)?;
    resumed.load(&file)?;
    assert_eq!(resumed.strengths()["a"], [0.125]);

    let mut tensors = candle_core::safetensors::load(&file, &Device::Cpu)?;
    tensors.remove("@strengths.a").unwrap();
    candle_core::safetensors::save(&tensors, &file)?;
    let earlier = NoiseMap::new(7);
    let _layer = new(&earlier)?;
    earlier.load(&file)?;
    assert_eq!(earlier.strengths()["a"], [0.5]);

    tensors.insert("@strengths.a".to_string(), Tensor::new(&[-1f64], &Device::Cpu)?);
    candle_core::safetensors::save(&tensors, &file)?;
    assert!(earlier.load(&file).unwrap_err().to_string().contains("at least 0, received -1"));
    let reserved = GaussianNoise::new(0.5, map.builder().pp("@strengths.a"));
    assert!(reserved.is_err(), "the name is the file's");
    Ok(())
}
