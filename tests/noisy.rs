//! Noise around a layer in a field of a struct.

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_nn::{Linear, ModuleT, VarBuilder, VarMap, linear};
use candle_noise::NoiseMap;
use candle_noise::nn::{seeded_vars, sorted_vars};
use candle_noise::noise::{Dropout, GaussianNoise, NeftuneNoise, Noisy, Slot, Slots};

use crate::noise_members::{bits, ramp};

/// A model with one field that may be noisy.
#[derive(Clone, Debug)]
struct Mlp {
    fc1: Noisy<Linear>,
    fc2: Linear,
}

impl Mlp {
    fn new(vb: VarBuilder, noise: impl Into<Slot>) -> Result<Self> {
        let fc1 = Noisy::before(linear(3, 5, vb.pp("fc1"))?, noise);
        Ok(Self { fc1, fc2: linear(5, 2, vb.pp("fc2"))? })
    }
}

impl ModuleT for Mlp {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        self.fc2.forward(&self.fc1.forward_t(xs, train)?.tanh()?)
    }
}

fn fc(varmap: &VarMap) -> Result<Linear> {
    linear(3, 5, seeded_vars(varmap, 1, DType::F32, &Device::Cpu).pp("fc"))
}

#[test]
fn noise_is_added_before_or_after_the_layer() -> Result<()> {
    let (varmap, xs) = (VarMap::new(), ramp(&[4, 3]));
    let layer = fc(&varmap)?;
    let noise = || GaussianNoise::seeded_at(0.3, 7, "a");
    let dropout = || Dropout::seeded_at(0.4, 7, "a");
    let (before, after) =
        (Noisy::before(fc(&varmap)?, noise()?), Noisy::after(layer.clone(), dropout()?));
    for _call in 0..2 {
        assert_eq!(bits(&before.forward_t(&xs, false)?), bits(&layer.forward(&xs)?));
        assert_eq!(bits(&after.forward_t(&xs, false)?), bits(&layer.forward(&xs)?));
    }
    let expected = layer.forward(&noise()?.forward_t(&xs, true)?)?;
    assert_eq!(bits(&before.forward_t(&xs, true)?), bits(&expected));
    let expected = dropout()?.forward_t(&layer.forward(&xs)?, true)?;
    assert_eq!(bits(&after.forward_t(&xs, true)?), bits(&expected));
    Ok(())
}

/// y = W (x + e): dL/dW = Σ (x + e) for L = Σ y, where noise after the layer leaves Σ x.
#[test]
fn gradients_pass_the_noise() -> Result<()> {
    let (varmap, xs) = (VarMap::new(), ramp(&[4, 3]));
    let layer = fc(&varmap)?;
    let noise = || GaussianNoise::seeded(0.3, 7);
    let grad = |model: &dyn ModuleT| -> Result<Vec<f32>> {
        let grads = model.forward_t(&xs, true)?.sum_all()?.backward()?;
        grads.get(layer.weight()).unwrap().get(0)?.to_vec1()
    };
    let close = |a: Vec<f32>, rows: Tensor| -> Result<()> {
        let b = rows.sum(0)?.to_vec1::<f32>()?;
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
        Ok(())
    };
    close(grad(&Noisy::before(layer.clone(), noise()?))?, noise()?.forward_t(&xs, true)?)?;
    close(grad(&Noisy::after(layer.clone(), noise()?))?, xs.clone())
}

/// Weights saved by a model without noise load into one with noise, and the other way round.
#[test]
fn a_noisy_layer_has_the_names_of_the_layer() -> Result<()> {
    let build = |seed, noise: Slot| -> Result<(VarMap, Mlp)> {
        let varmap = VarMap::new();
        let model = Mlp::new(seeded_vars(&varmap, seed, DType::F32, &Device::Cpu), noise)?;
        Ok((varmap, model))
    };
    let noise = || GaussianNoise::seeded(0.3, 7).map(Slot::from);
    let xs = ramp(&[4, 3]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.safetensors");
    for [saved, loaded] in [[Slot::default(), noise()?], [noise()?, Slot::default()]] {
        let (varmap, model) = build(1, saved)?;
        let names: Vec<String> = sorted_vars(&varmap).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]);
        varmap.save(&file)?;

        let expected = bits(&model.forward_t(&xs, false)?);
        let (mut other, trained) = build(2, loaded.clone())?;
        assert_ne!(bits(&trained.forward_t(&xs, false)?), expected);
        other.load(&file)?;
        assert_eq!(bits(&trained.forward_t(&xs, false)?), expected);
        let tensors = candle_core::safetensors::load(&file, &Device::Cpu)?;
        let frozen = Mlp::new(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu), loaded)?;
        assert_eq!(bits(&frozen.forward_t(&xs, false)?), expected);
    }
    Ok(())
}

#[test]
fn noise_comes_off_and_continues_when_it_is_put_back() -> Result<()> {
    let (varmap, map, xs) = (VarMap::new(), NoiseMap::new(7), ramp(&[4, 3]));
    let layer = fc(&varmap)?;
    let mut noisy = Noisy::after(layer.clone(), GaussianNoise::new(0.3, map.builder().pp("a"))?);
    let reference = GaussianNoise::seeded_at(0.3, 7, "a")?;
    let draw = || reference.forward_t(&layer.forward(&xs)?, true);
    assert_eq!(bits(&noisy.forward_t(&xs, true)?), bits(&draw()?));

    let noise = noisy.replace_noise(Slot::default());
    assert!(noisy.noise().is_empty() && !noise.is_empty());
    assert_eq!(bits(&noisy.forward_t(&xs, true)?), bits(&layer.forward(&xs)?));
    noisy.replace_noise(noise);
    assert_eq!(bits(&noisy.forward_t(&xs, true)?), bits(&draw()?));
    assert_eq!(map.steps()["a"], [2]);

    assert_eq!(bits(&noisy.inner().forward(&xs)?), bits(&layer.forward(&xs)?));
    assert_eq!(bits(&noisy.into_inner().forward(&xs)?), bits(&layer.forward(&xs)?));
    assert!(map.steps().is_empty(), "the noise is gone");
    Ok(())
}

#[test]
fn a_clone_shares_the_noise_and_can_go_to_another_thread() -> Result<()> {
    let map = NoiseMap::new(7);
    let vb = seeded_vars(&VarMap::new(), 1, DType::F32, &Device::Cpu);
    let model = Mlp::new(vb, NeftuneNoise::new(0.3, map.builder().pp("a"))?)?;
    let clone = model.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| clone.forward_t(&ramp(&[4, 3]), true).unwrap());
    });
    assert_eq!(map.steps()["a"], [1]);
    assert!(format!("{model:?}").contains("Before"), "{model:?}");
    Ok(())
}

/// One struct serves an experiment: its field takes what a description places there.
#[test]
fn a_slot_is_noise_for_a_field() -> Result<()> {
    let xs = ramp(&[4, 3]);
    let outputs = |noise: &[&str], train| -> Result<Vec<u32>> {
        let map = NoiseMap::new(7);
        let specs = noise.iter().map(|spec| spec.parse()).collect::<Result<Vec<_>>>()?;
        let slots = Slots::new(&map, &specs)?;
        let vb = seeded_vars(&VarMap::new(), 1, DType::F32, &Device::Cpu);
        let model = Mlp::new(vb, slots.at("input")?)?;
        slots.finish()?;
        Ok(bits(&model.forward_t(&xs, train)?))
    };
    let clean = outputs(&[], true)?;
    assert_ne!(outputs(&["input:gaussian:0.1"], true)?, clean);
    assert_ne!(outputs(&["input:dropout:0.5"], true)?, clean);
    assert_eq!(outputs(&["input:gaussian:0.1"], false)?, clean);
    Ok(())
}
