//! Paths of removed layers: their draws are not silently repeated.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{ModuleT, Optimizer, SGD, VarMap, linear};
use candle_noise::nn::{Relu, seeded_vars, seq_t};
use candle_noise::noise::{Dropout, LabelNoise, NoiseBuilder, Slots, WeightNoise};
use candle_noise::optim::{GradientNoise, GradientNoiseOptions};
use candle_noise::{GaussianNoise, NoiseMap};

use crate::noise_members::{bits, ramp};

/// The first draws of the layer at path `a` of a map with seed 1, one after another.
fn draws(count: usize) -> Result<Vec<Vec<u32>>> {
    let noise = GaussianNoise::seeded_at(0.3, 1, "a")?;
    (0..count).map(|_| Ok(bits(&noise.forward_t(&ramp(&[4, 3]), true)?))).collect()
}

fn draw(noise: &dyn ModuleT) -> Result<Vec<u32>> {
    Ok(bits(&noise.forward_t(&ramp(&[4, 3]), true)?))
}

#[test]
fn a_new_layer_does_not_repeat_the_draws_of_one_that_is_gone() -> Result<()> {
    let (map, draws) = (NoiseMap::new(1), draws(5)?);
    let nb = map.builder();
    let noise = GaussianNoise::new(0.3, nb.pp("a"))?;
    let clone = noise.clone();
    assert_eq!([draw(&noise)?, draw(&noise)?], draws[..2]);
    drop(noise);
    let error = GaussianNoise::new(0.3, nb.pp("a")).unwrap_err().to_string();
    assert!(error.contains("two noise layers"), "a clone lives: {error}");
    assert_eq!(draw(&clone)?, draws[2]);
    drop(clone);

    let error = GaussianNoise::new(0.3, nb.pp("a")).unwrap_err().to_string();
    for part in ["\"a\"", "steps: 3", "Insert the old layer", "continued", "new `NoiseMap`"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(Dropout::new(0.3, nb.pp("a")).is_err(), "of any kind");
    assert!(map.steps().is_empty() && map.strengths().is_empty(), "there is no site now");

    let noise = GaussianNoise::new(0.3, nb.pp("a").continued())?;
    assert_eq!(draw(&noise)?, draws[3]);
    let error = GaussianNoise::new(0.3, nb.pp("a").continued()).unwrap_err().to_string();
    assert!(error.contains("two noise layers"), "{error}");
    drop(noise);
    let noise = GaussianNoise::new(0.3, nb.continued().pp("a"))?;
    assert_eq!(draw(&noise)?, draws[4], "a builder passes it on");
    assert_eq!(map.steps()["a"], [5]);
    Ok(())
}

#[test]
fn a_path_without_draws_is_free() -> Result<()> {
    let map = NoiseMap::new(1);
    for stddev in [0.3, 0.] {
        let noise = GaussianNoise::new(stddev, map.builder().pp("a"))?;
        noise.forward_t(&ramp(&[4, 3]), false)?;
        map.disable();
        noise.forward_t(&ramp(&[4, 3]), true)?;
        map.enable();
    }
    let zero = GaussianNoise::new(0., map.builder().pp("a"))?;
    draw(&zero)?;
    drop(zero);
    let noise = GaussianNoise::new(0.3, map.builder().pp("a").continued())?;
    assert_eq!(draw(&noise)?, draws(1)?[0]);
    Ok(())
}

/// Replicas with other strengths have other steps.
#[test]
fn each_replica_continues_with_its_own_step() -> Result<()> {
    let xs = ramp(&[2, 4, 3]);
    let layer = |map: &NoiseMap| {
        let nb = map.builder().continued().pp("a");
        GaussianNoise::with_strengths(&[0.3, 0.], nb)
    };
    let (whole, parted) = (NoiseMap::replicated(&[1, 2]), NoiseMap::replicated(&[1, 2]));
    let reference = layer(&whole)?;
    for _epoch in 0..2 {
        let noise = layer(&parted)?;
        for _step in 0..2 {
            let expected = bits(&reference.forward_t(&xs, true)?);
            assert_eq!(bits(&noise.forward_t(&xs, true)?), expected);
        }
        assert_eq!(parted.steps()["a"], whole.steps()["a"]);
    }
    assert_eq!(whole.steps()["a"], [4, 0]);
    let error = GaussianNoise::new(0.3, parted.builder().pp("a")).unwrap_err().to_string();
    assert!(error.contains("steps: 4"), "the largest: {error}");
    Ok(())
}

/// Uses a step of noise on something else than activations, and ends with it.
type Use = fn(NoiseBuilder) -> Result<()>;

#[test]
fn noise_on_labels_weights_and_gradients_is_not_repeated_either() -> Result<()> {
    let labels: Use = |nb| {
        let labels = Tensor::zeros(8, DType::U32, &Device::Cpu)?;
        LabelNoise::new(0.5, 3, nb)?.forward_t(&labels, true).map(drop)
    };
    let weights: Use = |nb| {
        let varmap = VarMap::new();
        let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
        let layer = linear(3, 2, vb)?;
        WeightNoise::new(&varmap, 0.1, nb)?.model(layer).forward_t(&ramp(&[4, 3]), true).map(drop)
    };
    let gradients: Use = |nb| {
        let (varmap, w) = (VarMap::new(), Var::new(&[1f32, 2.], &Device::Cpu)?);
        varmap.data().lock().unwrap().insert("w".to_string(), w.clone());
        let (sgd, options) = (SGD::new(vec![w.clone()], 0.1)?, GradientNoiseOptions::default());
        GradientNoise::over(sgd, &varmap, options, nb)?.backward_step(&w.sqr()?.sum_all()?)
    };
    for (path, used) in [("labels", labels), ("bias", weights), ("w", gradients)] {
        let map = NoiseMap::new(1);
        let nb = || if path == "labels" { map.builder().pp(path) } else { map.builder() };
        used(nb())?;
        let error = used(nb()).unwrap_err().to_string();
        assert!(error.contains(&format!("{path:?}")) && error.contains("steps: 1"), "{error}");
        used(nb().continued())?;
    }
    Ok(())
}

#[test]
fn a_model_is_built_again_around_its_slots() -> Result<()> {
    let map = NoiseMap::new(1);
    let slots = || Slots::new(&map, &["a:gaussian:0.3".parse()?]);
    let draws = draws(2)?;
    assert_eq!(draw(&slots()?.at("a")?)?, draws[0]);
    assert!(slots()?.at("a").is_err());
    assert_eq!(draw(&slots()?.continued().at("a")?)?, draws[1]);
    Ok(())
}

/// A layer that was taken out of a sequence is inserted again, in this one or in another.
#[test]
fn a_removed_layer_continues_its_draws() -> Result<()> {
    let (map, draws) = (NoiseMap::new(1), draws(3)?);
    let mut model = seq_t()
        .add_named("noise", GaussianNoise::new(0.3, map.builder().pp("a"))?)?
        .add_named("last", |xs: &Tensor| Ok(xs.clone()))?;
    assert_eq!(draw(&model)?, draws[0]);
    let noise = model.remove("noise")?;
    assert_eq!(draw(&model)?, bits(&ramp(&[4, 3])));
    model.insert_before("last", "noise", noise)?;
    assert_eq!(draw(&model)?, draws[1]);
    let noise = model.remove("noise")?;
    assert_eq!(draw(&seq_t().add(noise))?, draws[2]);

    let error = GaussianNoise::new(0.3, map.builder().pp("a")).unwrap_err().to_string();
    assert!(error.contains("steps: 3"), "that sequence is gone: {error}");
    Ok(())
}

/// A layer that comes back is again part of the op of its neighbours, which has the same bits.
#[test]
fn a_removed_layer_is_recognized_again() -> Result<()> {
    let varmap = VarMap::new();
    let vb = candle_noise::nn::replicated_vars(&varmap, &[1], DType::F32, &Device::Cpu);
    let fc = candle_noise::nn::dense(1, 3, 5, vb)?;
    let build = |map: &NoiseMap| -> Result<_> {
        let noise = GaussianNoise::new(0.3, map.builder().pp("a"))?;
        Ok(seq_t().add(fc.clone()).add_named("noise", noise)?.add(Relu))
    };
    let (whole, parted) = (NoiseMap::replicated(&[1]), NoiseMap::replicated(&[1]));
    let (whole, mut parted) = (build(&whole)?, build(&parted)?);
    let noise = parted.remove("noise")?;
    parted.insert_after("0", "noise", noise)?;
    let xs = ramp(&[1, 4, 3]);
    assert_eq!(bits(&parted.forward_t(&xs, true)?), bits(&whole.forward_t(&xs, true)?));
    Ok(())
}

#[test]
fn a_saved_map_remembers_the_paths_whose_layers_are_gone() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noise.safetensors");
    let map = NoiseMap::new(1);
    let kept = GaussianNoise::new(0.3, map.builder().pp("b"))?;
    let never = GaussianNoise::new(0.3, map.builder().pp("never"))?;
    drop(never);
    map.save(&file)?;
    let names = |file| -> Result<Vec<String>> {
        let mut names: Vec<_> =
            candle_core::safetensors::load(file, &Device::Cpu)?.into_keys().collect();
        names.sort();
        Ok(names)
    };
    assert_eq!(names(&file)?, ["@seeds", "@strengths.b", "b"], "as in earlier versions");
    let before = folder.path().join("before.safetensors");
    map.save(&before)?;

    let gone = GaussianNoise::new(0.3, map.builder().pp("a"))?;
    draw(&gone)?;
    draw(&gone)?;
    drop(gone);
    draw(&kept)?;
    map.save(&file)?;
    assert_eq!(names(&file)?, ["@gone.a", "@seeds", "@strengths.b", "b"]);

    let resumed = NoiseMap::new(1);
    let other = GaussianNoise::new(0.3, resumed.builder().pp("b"))?;
    resumed.load(&file)?;
    assert_eq!(draw(&other)?, draw(&kept)?);
    let error = GaussianNoise::new(0.3, resumed.builder().pp("a")).unwrap_err().to_string();
    assert!(error.contains("steps: 2"), "{error}");
    let again = GaussianNoise::new(0.3, resumed.builder().pp("a").continued())?;
    assert_eq!(draw(&again)?, draws(3)?[2]);
    let error = resumed.load(&file).unwrap_err().to_string();
    assert!(error.contains("[\"a\", \"b\"], received those of [\"b\"]"), "it lives: {error}");

    // Back to the time when nothing had been drawn at `a`.
    drop(again);
    resumed.load(&before)?;
    let fresh = GaussianNoise::new(0.3, resumed.builder().pp("a"))?;
    assert_eq!(draw(&fresh)?, draws(1)?[0]);
    Ok(())
}

#[test]
fn steps_of_other_replicas_are_refused() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noise.safetensors");
    let map = NoiseMap::new(1);
    draw(&GaussianNoise::new(0.3, map.builder().pp("a"))?)?;
    map.save(&file)?;
    let mut tensors = candle_core::safetensors::load(&file, &Device::Cpu)?;
    tensors.insert("@gone.a".to_string(), Tensor::new(&[1u32, 2], &Device::Cpu)?);
    candle_core::safetensors::save(&tensors, &file)?;
    let error = map.load(&file).unwrap_err().to_string();
    assert!(error.contains("noise site a: expected 1 steps, received 2"), "{error}");
    let reserved = GaussianNoise::new(0.5, map.builder().pp("@gone").pp("a"));
    assert!(reserved.is_err(), "the name is the file's");
    Ok(())
}
