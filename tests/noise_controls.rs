//! Options of noise layers: relative, learned, per channel, in pairs, always, within a range, scheduled.

use candle_core::{DType, Device, Module, Result, Tensor, Var};
use candle_nn::{ModuleT, VarMap, linear};
use candle_noise::NoiseMap;
use candle_noise::data::Samples;
use candle_noise::nn::{Model, dense, replicated_vars, seeded_vars, seq_t, sorted_vars};
use candle_noise::noise::{
    Channels, Curve, Dropout, GaussianNoise, LaplaceNoise, LearnedStrength, Noisy, Per, Range,
    Schedule, strength_of_snr,
};
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{TrainOptions, Trainer};

use crate::noise_members::{bits, ramp};

fn gaussian(stddev: f64) -> GaussianNoise {
    GaussianNoise::seeded_at(stddev, 7, "a").unwrap()
}

/// The noise that a layer adds in its next training call, in f64.
fn noise(layer: &dyn ModuleT, xs: &Tensor) -> Result<Tensor> {
    layer.forward_t(xs, true)?.to_dtype(DType::F64)? - xs.to_dtype(DType::F64)?
}

fn std(xs: &Tensor) -> f64 {
    let xs: Vec<f64> = xs.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap();
    let mean = xs.iter().sum::<f64>() / xs.len() as f64;
    (xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / xs.len() as f64).sqrt()
}

fn largest_difference(a: &Tensor, b: &Tensor) -> Result<f64> {
    (a.to_dtype(DType::F64)? - b.to_dtype(DType::F64)?)?.abs()?.max_all()?.to_scalar()
}

/// Law 48: the ratio of the standard deviations is the strength; 20 dB are a tenth.
#[test]
fn relative_noise_has_a_share_of_the_standard_deviation_of_its_input() -> Result<()> {
    let xs = (Tensor::randn(0f32, 1., (400, 50), &Device::Cpu)?.affine(30., 1000.))?;
    let layer = gaussian(strength_of_snr(20.)).relative()?;
    let ratio = std(&noise(&layer, &xs)?) / std(&xs);
    assert!((ratio - 0.1).abs() < 5. * 0.1 / (2. * 20000f64).sqrt(), "{ratio}");
    let constant = Tensor::full(3f32, (4, 8), &Device::Cpu)?;
    assert_eq!(bits(&layer.forward_t(&constant, true)?), bits(&constant));
    assert!(Dropout::seeded(0.1, 1)?.relative().is_err());
    Ok(())
}

/// The same draws as plain noise of that strength: 2 · 0.1 where the inputs are ±2.
#[test]
fn relative_noise_is_plain_noise_of_the_strength_that_it_has() -> Result<()> {
    let xs = Tensor::new(&[[2f32, -2., 2., -2.], [-2., 2., -2., 2.]], &Device::Cpu)?;
    let relative = gaussian(0.1).relative()?.forward_t(&xs, true)?;
    assert!(largest_difference(&relative, &gaussian(0.2).forward_t(&xs, true)?)? < 3e-7);
    // Masked elements neither count nor change.
    let xs = Tensor::cat(&[&xs, &Tensor::full(1e6f32, (2, 2), &Device::Cpu)?], 1)?;
    let mask = Tensor::new(&[[1u8, 1, 1, 1, 0, 0]; 2], &Device::Cpu)?;
    let masked = gaussian(0.1).relative()?.forward_masked(&xs, &mask, true)?;
    let plain = gaussian(0.2).forward_masked(&xs, &mask, true)?;
    assert!(largest_difference(&masked.narrow(1, 0, 4)?, &plain.narrow(1, 0, 4)?)? < 3e-7);
    assert_eq!(bits(&masked.narrow(1, 4, 2)?), bits(&xs.narrow(1, 4, 2)?));
    Ok(())
}

/// Law 24: no gradient flows through the scale.
#[test]
fn relative_noise_passes_the_gradient_as_it_is() -> Result<()> {
    let xs = Var::from_tensor(&ramp(&[4, 3]))?;
    let ys = gaussian(0.3).relative()?.forward_t(&xs, true)?;
    let grads = ys.sqr()?.sum_all()?.backward()?;
    assert_eq!(bits(grads.get(&xs).unwrap()), bits(&(ys.detach() * 2.)?));
    Ok(())
}

/// A replica has the bits that it has alone, and one of strength 0 keeps its own.
#[test]
fn replicas_are_relative_to_themselves() -> Result<()> {
    let xs = ramp(&[3, 4, 5])
        .broadcast_mul(&Tensor::new(&[[[1f32]], [[5.]], [[-2.]]], &Device::Cpu)?)?;
    let layer = |seeds: &[u64], strengths: &[f64]| {
        let map = NoiseMap::replicated(seeds);
        GaussianNoise::with_strengths(strengths, map.builder().pp("a"))?.relative()
    };
    let ys = layer(&[1, 2, 3], &[0.1, 0.3, 0.])?.forward_t(&xs, true)?;
    for (r, (seed, strength)) in [(1, 0.1), (2, 0.3), (3, 0.)].into_iter().enumerate() {
        let alone = layer(&[seed], &[strength])?.forward_t(&xs.narrow(0, r, 1)?, true)?;
        assert_eq!(bits(&ys.narrow(0, r, 1)?), bits(&alone), "replica {r}");
    }
    assert_eq!(bits(&ys.get(2)?), bits(&xs.get(2)?));
    Ok(())
}

/// Column by column: the rows of a small batch have the noise that they have in a large one (law 4).
#[test]
fn given_deviations_make_the_noise_of_a_row_its_own() -> Result<()> {
    let xs = ramp(&[6, 3]);
    let stds = Tensor::new(&[1f32, 0., 10.], &Device::Cpu)?;
    let all = gaussian(0.1).relative_to(&stds)?.forward_t(&xs, true)?;
    let two = gaussian(0.1).relative_to(&stds)?.forward_t(&xs.narrow(0, 0, 2)?, true)?;
    assert_eq!(bits(&all.narrow(0, 0, 2)?), bits(&two));
    let moved = (&all - &xs)?.abs()?.mean(0)?.to_vec1::<f32>()?;
    assert!(moved[1] == 0. && moved[2] > 3. * moved[0] && moved[0] > 0., "{moved:?}");
    let error = gaussian(0.1).relative_to(&stds)?.forward_t(&ramp(&[6, 2]), true).unwrap_err();
    assert!(error.to_string().contains("rows [2], received shape [3]"), "{error}");
    Ok(())
}

#[test]
fn channels_have_their_own_strengths() -> Result<()> {
    let xs = ramp(&[2, 3, 4, 4]);
    let layer = gaussian(0.5).per_channel(&[0., 1., 3.], Channels::First)?;
    let (own, plain) = (noise(&layer, &xs)?, noise(&gaussian(0.5), &xs)?);
    for (channel, factor) in [0., 1., 3.].into_iter().enumerate() {
        let expected = (plain.narrow(1, channel, 1)? * factor)?;
        assert!(largest_difference(&own.narrow(1, channel, 1)?, &expected)? < 2e-6, "{channel}");
    }
    let layer = gaussian(0.5).per_channel(&[0., 2.], Channels::Last)?;
    let error = layer.forward_t(&xs, true).unwrap_err().to_string();
    assert!(
        error.contains("expected rows with 2 channels, received a batch [2, 3, 4, 4]"),
        "{error}"
    );
    assert!(gaussian(0.5).per_channel(&[-1.], Channels::Last).is_err());
    Ok(())
}

fn learned(varmap: &VarMap, options: LearnedStrength) -> Result<GaussianNoise> {
    gaussian(0.2).learned(options, seeded_vars(varmap, 1, DType::F32, &Device::Cpu))
}

/// Laws 24 and 50: plain noise to one rounding, and dL/dr = sigmoid(r) Σ δ ξ, which finite differences
/// confirm; softplus(r) = 0.2 where sigmoid(r) = 1 − e^−0.2.
#[test]
fn the_gradient_of_a_learned_strength_is_that_of_finite_differences() -> Result<()> {
    let xs = ramp(&[8, 5]);
    let loss = |layer: &GaussianNoise| layer.forward_t(&xs, true)?.powf(3.)?.mean_all();
    let varmap = VarMap::new();
    let layer = learned(&varmap, LearnedStrength::default())?;
    let plain = gaussian(0.2).forward_t(&xs, true)?;
    assert!(largest_difference(&layer.forward_t(&xs, true)?, &plain)? < 3e-7);

    let moved = |by: f32| {
        let varmap = VarMap::new();
        let layer = learned(&varmap, LearnedStrength::default())?;
        let var = sorted_vars(&varmap).remove(0).1;
        var.set(&Tensor::full(by, 1, &Device::Cpu)?)?;
        let loss = loss(&layer)?;
        let grad = loss.backward()?.get(&var).unwrap().to_vec1::<f32>()?[0];
        Ok::<_, candle_core::Error>((f64::from(loss.to_scalar::<f32>()?), f64::from(grad)))
    };
    let step = 1e-2;
    let finite = (moved(step)?.0 - moved(-step)?.0) / (2. * f64::from(step));
    let (_, grad) = moved(0.)?;
    assert!((grad - finite).abs() < 2e-3 * finite.abs().max(0.01), "{grad}, not {finite}");

    let (ys, draws) = (plain.to_dtype(DType::F64)?, (noise(&gaussian(0.2), &xs)? / 0.2)?);
    let sum = ((ys.sqr()? * 3.)? / 40.)?.mul(&draws)?.sum_all()?.to_scalar::<f64>()?;
    assert!((grad - sum * (1. - (-0.2f64).exp())).abs() < 1e-5, "{grad}");
    Ok(())
}

/// Twice the strength that it began with doubles what was learned.
#[test]
fn setting_a_learned_strength_multiplies_it() -> Result<()> {
    let (map, varmap) = (NoiseMap::new(3), VarMap::new());
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let layer = GaussianNoise::new(0.2, map.builder().pp("a"))?;
    let layer = layer.learned(LearnedStrength::default(), vb)?;
    varmap.all_vars()[0].set(&Tensor::new(&[0.7f32], &Device::Cpu)?)?;
    let xs = Tensor::zeros((50, 20), DType::F32, &Device::Cpu)?;
    let spread = |strength: f64| -> Result<f32> {
        map.set_strengths("a", &[strength])?;
        map.with_test_noise(0, Per::Row, 0, || layer.forward_t(&xs, false))?
            .sqr()?
            .mean_all()?
            .sqrt()?
            .to_scalar()
    };
    let [one, two, none] = [spread(0.2)?, spread(0.4)?, spread(0.)?];
    assert!((two / one - 2.).abs() < 1e-5 && none == 0., "{one} {two} {none}");
    Ok(())
}

/// Under the training loss alone the strength shrinks, but not below its floor.
#[test]
fn a_learned_strength_shrinks_to_its_floor() -> Result<()> {
    let xs = ramp(&[64, 5]);
    let after = |floor: f64| -> Result<f64> {
        let varmap = VarMap::new();
        let layer = learned(&varmap, LearnedStrength::default().floor(floor))?;
        let var = sorted_vars(&varmap).remove(0).1;
        for _ in 0..200 {
            let loss = (layer.forward_t(&xs, true)? - &xs)?.sqr()?.mean_all()?;
            let grad = loss.backward()?.get(&var).unwrap().clone();
            var.set(&(var.as_tensor() - (grad * 20.)?)?)?;
        }
        Ok(std(&noise(&layer, &xs)?))
    };
    let (free, held) = (after(0.)?, after(0.1)?);
    assert!(free < 0.03, "{free}");
    assert!((0.09..0.13).contains(&held), "{held}");
    Ok(())
}

#[test]
fn learned_strengths_are_variables_of_each_replica_and_channel() -> Result<()> {
    let (varmap, map) = (VarMap::new(), NoiseMap::replicated(&[1, 2]));
    let vb = replicated_vars(&varmap, &[1, 2], DType::F32, &Device::Cpu);
    let layer = GaussianNoise::with_strengths(&[0.1, 0.5], map.builder().pp("a"))?;
    let options = LearnedStrength::default().per_channel(3, Channels::Last);
    let layer = layer.learned(options, vb.pp("noise").pp("a"))?;
    let (name, var) = sorted_vars(&varmap).remove(0);
    assert_eq!((name.as_str(), var.dims()), ("noise.a.strength", &[2, 3][..]));
    let noise = noise(&layer, &ramp(&[2, 500, 3]))?;
    for (r, expected) in [0.1, 0.5].into_iter().enumerate() {
        let found = std(&noise.get(r)?);
        assert!((found - expected).abs() < 0.05 * expected, "{found}");
    }
    let error = gaussian(0.).learned(LearnedStrength::default(), vb).unwrap_err().to_string();
    assert!(error.contains("begins above 0"), "{error}");
    Ok(())
}

/// Law 51: e and −e, the first the draw of plain noise; a linear model's mean over a pair is the clean one.
#[test]
fn pairs_have_one_noise_with_both_signs() -> Result<()> {
    let zeros = Tensor::zeros((6, 4), DType::F32, &Device::Cpu)?;
    let ys = gaussian(0.3).paired()?.forward_t(&zeros, true)?;
    let (first, second) = (ys.narrow(0, 0, 3)?, ys.narrow(0, 3, 3)?);
    assert_eq!(bits(&(&first + &second)?), bits(&zeros.narrow(0, 0, 3)?));
    let plain = gaussian(0.3).forward_t(&zeros.narrow(0, 0, 3)?, true)?;
    assert_eq!(bits(&first), bits(&plain));
    let xs = ramp(&[3, 4]);
    let layer = linear(4, 2, seeded_vars(&VarMap::new(), 1, DType::F32, &Device::Cpu))?;
    let noisy = gaussian(0.3).paired()?.forward_t(&Tensor::cat(&[&xs, &xs], 0)?, true)?;
    let outputs = layer.forward(&noisy)?;
    let mean = ((outputs.narrow(0, 0, 3)? + outputs.narrow(0, 3, 3)?)? / 2.)?;
    assert!(largest_difference(&mean, &layer.forward(&xs)?)? < 1e-6);
    let error = gaussian(0.3).paired()?.forward_t(&ramp(&[3, 2]), true).unwrap_err().to_string();
    assert!(error.contains("expected pairs of rows"), "{error}");
    Ok(())
}

#[test]
fn noise_that_is_always_there_leaves_the_draws_of_training_alone() -> Result<()> {
    let (xs, layer, plain) = (ramp(&[5, 4]), gaussian(0.3).always(), gaussian(0.3));
    let first = layer.forward_t(&xs, false)?;
    assert_ne!(bits(&first), bits(&xs));
    assert_eq!(bits(&layer.forward_t(&xs, false)?), bits(&first), "the same in each evaluation");
    let training = layer.forward_t(&xs, true)?;
    assert_eq!(bits(&training), bits(&plain.forward_t(&xs, true)?));
    assert_ne!(bits(&training), bits(&first), "draws of its own");
    Ok(())
}

/// Law 11: clipped to [0, 1] at 0, the mean of noise of 0.1 is 0.0398942.
#[test]
fn values_stay_in_their_range() -> Result<()> {
    let zeros = Tensor::zeros((400, 100), DType::F32, &Device::Cpu)?;
    let clipped = gaussian(0.1).range(Range::clip(0., 1.)?).forward_t(&zeros, true)?;
    let mean = clipped.mean_all()?.to_scalar::<f32>()?;
    assert!((mean - 0.039_894_2).abs() < 5. * 0.0584 / 200., "{mean}");
    for range in [Range::clip(0., 1.)?, Range::reflect(0., 1.)?, Range::wrap(0., 1.)?] {
        let ys = gaussian(5.).range(range).forward_t(&ramp(&[50, 20]), true)?;
        let (low, high) = (ys.min_all()?.to_scalar::<f32>()?, ys.max_all()?.to_scalar::<f32>()?);
        assert!(low >= 0. && high <= 1. && high - low > 0.9, "{range:?}: {low} to {high}");
        let clean = ramp(&[4, 3]);
        let outside = gaussian(5.).range(range).forward_t(&clean, false)?;
        assert_eq!(bits(&outside), bits(&clean), "nothing happens in evaluation");
    }
    Ok(())
}

/// Law 49, and a step is used where a schedule gives no noise: later draws do not depend on it.
#[test]
fn schedules_set_strengths_and_take_every_step() -> Result<()> {
    let map = NoiseMap::new(7);
    let nb = map.builder();
    let layer = LaplaceNoise::new(0.2, nb.pp("a"))?.scheduled(Schedule::to(0., Curve::Linear))?;
    let plain = GaussianNoise::new(0.1, nb.pp("b"))?;
    let xs = ramp(&[4, 3]);
    let mut strengths = Vec::new();
    for epoch in 1..=3 {
        map.begin_epoch(epoch, 3)?;
        layer.forward_t(&xs, true)?;
        plain.forward_t(&xs, true)?;
        strengths.push(map.strengths()["a"][0]);
    }
    assert_eq!(strengths, [0.2, 0.1, 0.]);
    assert_eq!(map.steps()["a"], map.steps()["b"]);
    let own = Schedule::own(|first, epoch, _| if epoch > 1 { -first } else { first });
    map.set_schedule("b", own)?;
    map.begin_epoch(1, 3)?;
    let error = map.begin_epoch(2, 3).unwrap_err().to_string();
    assert!(
        error.contains("noise site b, epoch 2: stddev must be finite and at least 0"),
        "{error}"
    );
    Ok(())
}

#[test]
fn one_call_sets_all_strengths_or_none() -> Result<()> {
    let map = NoiseMap::replicated(&[1, 2]);
    let nb = map.builder();
    let _layers = (GaussianNoise::new(0.1, nb.pp("a"))?, Dropout::new(0.2, nb.pp("b"))?);
    map.set_all_strengths(0.5)?;
    assert!(map.strengths().values().all(|own| own == &[0.5, 0.5]));
    assert!(map.set_all_strengths(1.).unwrap_err().to_string().contains("below 1"));
    assert!(map.strengths().values().all(|own| own == &[0.5, 0.5]), "nothing is changed");
    Ok(())
}

/// Law 23: the outputs are the noisy ones, and the gradient of a weight differs by δ eᵀ from the noisy one.
#[test]
fn clean_gradients_are_those_of_the_clean_activation() -> Result<()> {
    let xs = ramp(&[1, 4]);
    let grad = |is_clean: bool| -> Result<(Tensor, Tensor, Tensor)> {
        let varmap = VarMap::new();
        let layer = linear(4, 1, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
        let layer = Noisy::before(layer, gaussian(0.3));
        let layer = if is_clean { layer.clean_gradients() } else { layer };
        let outputs = layer.forward_t(&xs, true)?;
        let loss = (&outputs - 1.)?.sqr()?.sum_all()?;
        let weight = layer.inner().weight().clone();
        let grad = loss.backward()?.get(&weight).unwrap().clone();
        Ok((outputs.detach(), grad, ((&outputs.detach() - 1.)? * 2.)?))
    };
    let ((noisy, by_noisy, delta), (clean, by_clean, _)) = (grad(false)?, grad(true)?);
    assert!(largest_difference(&noisy, &clean)? < 1e-6, "the same outputs");
    let expected = delta.matmul(&noise(&gaussian(0.3), &xs)?.to_dtype(DType::F32)?)?;
    assert!(largest_difference(&(by_noisy - &by_clean)?, &expected)? < 1e-6);
    assert!(largest_difference(&by_clean, &delta.matmul(&xs)?)? < 1e-6);
    Ok(())
}

/// A trainer whose model has a learned strength, a relative one under a schedule, and noise in pairs.
fn trainer(epochs: usize) -> Result<Trainer> {
    let seeds = [3, 4];
    let (varmap, map) = (VarMap::new(), NoiseMap::replicated(&seeds));
    let vb = replicated_vars(&varmap, &seeds, DType::F32, &Device::Cpu);
    let (nb, fading) = (map.builder(), Schedule::to(0.03, Curve::Cosine));
    let input = GaussianNoise::new(0.3, nb.pp("input"))?.relative()?.scheduled(fading)?.paired()?;
    let hidden = GaussianNoise::new(0.2, nb.pp("hidden"))?;
    let hidden = hidden.learned(LearnedStrength::default(), vb.pp("noise"))?;
    let model = seq_t().add(input).add(dense(2, 3, 4, vb.pp("fc1"))?).add(hidden).add(dense(
        2,
        4,
        1,
        vb.pp("fc2"),
    )?);
    let adam = Adam::of(&varmap, AdamOptions::default().learning_rate(0.05))?;
    let labels = Tensor::new(&[[0f32, 1., 1., 0., 1., 0., 0., 1.]], &Device::Cpu)?;
    let samples = Samples::replicated(&ramp(&[1, 8, 3]), &labels)?;
    let options = TrainOptions::new(epochs).batch_size(4).seeds(&seeds).paired();
    Ok(Trainer::new(Model::new(model), &varmap, adam, samples, options)?.with_noise(&map))
}

/// Everything that the options move is in the checkpoint, and a schedule continues with its epochs alone.
#[test]
fn resumed_training_with_options_is_uninterrupted_training() -> Result<()> {
    let values = |trainer: &Trainer| -> Vec<_> {
        sorted_vars(trainer.varmap()).iter().map(|(name, var)| (name.clone(), bits(var))).collect()
    };
    let mut whole = trainer(6)?;
    (0..6).try_for_each(|_| whole.epoch())?;
    let mut first = trainer(6)?;
    (0..3).try_for_each(|_| first.epoch())?;
    let checkpoint = first.checkpoint()?;
    let mut second = trainer(6)?;
    second.resume(&checkpoint)?;
    (0..3).try_for_each(|_| second.epoch())?;
    assert_eq!(values(&second), values(&whole));
    assert!(values(&whole).iter().any(|(name, own)| name == "noise.strength" && own != &[0, 0]));
    let error = trainer(7)?.resume(&checkpoint).unwrap_err().to_string();
    assert!(error.contains("noise site input") && error.contains("epoch 3 of 7"), "{error}");
    Ok(())
}
