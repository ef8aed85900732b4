//! The convolutional and the recurrent network: masks, noise, starts and runs.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{ModuleT, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::{DIGIT_SHAPE, digits, japanese_vowels};
use candle_noise::model::{Cnn, Lstm, Mlp};
use candle_noise::nn::{SequentialT, replicated_vars, seeded_vars, sorted_vars};
use candle_noise::noise::{NoiseSpec, Slots};
use candle_noise::objective::CrossEntropy;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{History, TrainOptions, fit};

type Built = (SequentialT, VarMap);

/// Places and the standard deviations there.
type Noise<'a> = [(&'a str, f64)];

type Build = fn(u64, &Noise) -> Result<Built>;

/// The slots of a map, with a strength for each replica.
fn slots(map: &NoiseMap, noise: &Noise) -> Result<Slots> {
    let placed = noise.iter().map(|(place, stddev)| {
        Ok((NoiseSpec::gaussian(place, 0.)?, vec![*stddev; map.replicas()]))
    });
    Slots::with_strengths(map, placed.collect::<Result<_>>()?)
}

fn cnn(seed: u64, noise: &Noise) -> Result<Built> {
    let (varmap, slots) = (VarMap::new(), slots(&NoiseMap::new(seed), noise)?);
    let vb = seeded_vars(&varmap, seed, DType::F32, &Device::Cpu);
    let model = Cnn::default().build(&vb, &slots)?;
    slots.finish()?;
    Ok((model, varmap))
}

fn rnn(seed: u64, noise: &Noise) -> Result<Built> {
    let (varmap, slots) = (VarMap::new(), slots(&NoiseMap::new(seed), noise)?);
    let vb = seeded_vars(&varmap, seed, DType::F32, &Device::Cpu);
    let model = Lstm::default().build(&vb, &slots)?;
    slots.finish()?;
    Ok((model, varmap))
}

/// The first images, and the first sequences padded to a number of steps.
fn images(count: usize) -> Result<Tensor> {
    Ok(digits()?.range(0..count)?.to_samples(&DIGIT_SHAPE, &Device::Cpu)?.range(0, count)?.0)
}

fn sequences(count: usize, steps: Option<usize>) -> Result<Tensor> {
    Ok(japanese_vowels()?.0.to_samples(steps, &Device::Cpu)?.range(0, count)?.0)
}

#[test]
fn networks_name_their_layers_and_variables() -> Result<()> {
    let (model, varmap) = cnn(1, &[("input", 0.1), ("after-pooling", 0.2)])?;
    let names: Vec<&str> = model.names().collect();
    let expected = ["input", "channels_last", "conv1", "conv2", "pool", "pooled", "flatten", "fc"];
    assert_eq!(names, expected);
    let shapes: Vec<(String, Vec<usize>)> =
        sorted_vars(&varmap).into_iter().map(|(name, var)| (name, var.dims().to_vec())).collect();
    let expected = [
        ("conv1.bias", vec![32]),
        ("conv1.weight", vec![3, 3, 1, 32]),
        ("conv2.bias", vec![32]),
        ("conv2.weight", vec![3, 3, 32, 32]),
        ("fc.bias", vec![1, 1, 10]),
        ("fc.weight", vec![1, 128, 10]),
    ];
    assert_eq!(shapes, expected.map(|(name, dims)| (name.to_string(), dims)));
    assert_eq!(model.forward_t(&images(5)?, true)?.dims(), [5, 10]);

    let (model, varmap) = rnn(1, &[("input", 0.1), ("before-dense", 0.2)])?;
    assert_eq!(model.names().collect::<Vec<_>>(), ["input", "lstm", "last", "fc"]);
    let names: Vec<String> = sorted_vars(&varmap).into_iter().map(|(name, _)| name).collect();
    let lstm = ["bias_hh_l0", "bias_ih_l0", "weight_hh_l0", "weight_ih_l0"];
    let expected = ["fc.bias".to_string(), "fc.weight".to_string()];
    let expected = expected.into_iter().chain(lstm.map(|name| format!("lstm.{name}")));
    assert_eq!(names, expected.collect::<Vec<_>>());
    assert_eq!(model.forward_t(&sequences(5, None)?, true)?.dims(), [5, 9]);
    Ok(())
}

#[test]
fn starts_are_reproducible_and_spread_as_stated() -> Result<()> {
    for build in [cnn as Build, rnn] {
        let (first, again, other) = (build(7, &[])?.1, build(7, &[])?.1, build(8, &[])?.1);
        let others = sorted_vars(&again).into_iter().zip(sorted_vars(&other));
        for ((name, var), ((_, again), (_, other))) in sorted_vars(&first).into_iter().zip(others) {
            let values = |var: &Var| var.flatten_all()?.to_vec1::<f32>();
            assert_eq!(values(&var)?, values(&again)?, "{name}");
            let largest = var.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
            // Glorot: 9 (1 + 32), 9 (32 + 32), 128 + 10; PyTorch's LSTM: 1 / √64.
            let limit = match name.as_str() {
                "conv1.weight" => (6f32 / 297.).sqrt(),
                "conv2.weight" => (6f32 / 576.).sqrt(),
                "fc.weight" if var.dim(1)? == 128 => (6f32 / 138.).sqrt(),
                name if name.starts_with("lstm") || var.dim(2).is_ok_and(|o| o == 9) => 0.125,
                _ => 0.,
            };
            assert!(largest <= limit && largest >= 0.9 * limit, "{name}: {largest} {limit}");
            assert!(limit == 0. || values(&var)? != values(&other)?, "{name}");
        }
    }
    Ok(())
}

#[test]
fn a_row_depends_neither_on_its_batch_nor_on_how_far_it_is_padded() -> Result<()> {
    let logits = |model: &SequentialT, xs: &Tensor| model.forward_t(xs, false)?.to_vec2::<f32>();
    for train in [false, true] {
        let build = || rnn(3, &[("input", 0.3), ("before-dense", 0.2)]);
        let values = |xs: &Tensor| build()?.0.forward_t(xs, train)?.to_vec2::<f32>();
        let xs = sequences(70, None)?; // (70, 26, 13)
        let together = values(&xs)?;
        // The noise of a row is that of its place in the batch: the first rows stay in theirs.
        assert_eq!(values(&xs.narrow(0, 0, 33)?)?, together[..33]);
        assert_eq!(values(&sequences(70, Some(31))?)?, together);
        let garbage = (xs.narrow(2, 12, 1)?.affine(-1., 1.)? * 1e3)?.broadcast_as(xs.shape())?;
        let garbage = (xs.narrow(2, 0, 12)? + garbage.narrow(2, 0, 12)?)?;
        let garbage = Tensor::cat(&[&garbage, &xs.narrow(2, 12, 1)?], 2)?;
        assert_eq!(values(&garbage)?, together, "padding is not read");
    }
    let (model, _) = rnn(3, &[])?;
    let xs = sequences(40, None)?;
    assert_eq!(logits(&model, &xs.narrow(0, 39, 1)?)?[0], logits(&model, &xs)?[39]);
    let (model, _) = cnn(3, &[])?;
    let xs = images(40)?;
    assert_eq!(logits(&model, &xs.narrow(0, 39, 1)?)?[0], logits(&model, &xs)?[39]);
    Ok(())
}

#[test]
fn input_noise_leaves_padding_and_mask_as_they_are() -> Result<()> {
    let noisy = |steps| -> Result<(Tensor, Tensor)> {
        let (mut model, _) = rnn(4, &[("input", 0.5)])?;
        for name in ["lstm", "fc"] {
            model.remove(name)?;
        }
        let xs = sequences(20, steps)?;
        Ok((model.forward_t(&xs, true)?, xs))
    };
    let (ys, xs) = noisy(None)?;
    let (xs, ys) = (xs.to_vec3::<f32>()?, ys.to_vec3::<f32>()?);
    let mut sum = (0f64, 0f64);
    for (x, y) in xs.iter().flatten().zip(ys.iter().flatten()) {
        assert_eq!(x[12], y[12], "the mask");
        for (x, y) in x[..12].iter().zip(&y[..12]) {
            if y == x {
                continue;
            }
            sum = (sum.0 + 1., sum.1 + f64::from(y - x).powi(2));
        }
        let changed = x[..12].iter().zip(&y[..12]).filter(|(x, y)| x != y).count();
        assert!(if x[12] == 1. { changed > 10 } else { changed == 0 }, "{x:?} {y:?}");
    }
    // The mean square of n normals of standard deviation 0.5 has the standard error 0.25 √(2 / n).
    let error = 4. * 0.25 * (2. / sum.0).sqrt();
    assert!((sum.1 / sum.0 - 0.25).abs() < error, "{}", sum.1 / sum.0);
    let (longer, _) = noisy(Some(40))?;
    assert_eq!(longer.narrow(1, 0, 26)?.to_vec3::<f32>()?, ys, "longer padding moves no draw");
    Ok(())
}

#[test]
fn noise_acts_in_training_only_and_a_spread_of_zero_is_the_baseline() -> Result<()> {
    let cases: [(Build, &str, Tensor); 4] = [
        (cnn, "input", images(8)?),
        (cnn, "after-pooling", images(8)?),
        (rnn, "input", sequences(8, None)?),
        (rnn, "before-dense", sequences(8, None)?),
    ];
    for (build, place, xs) in cases {
        let values =
            |noise: &Noise, train| build(5, noise)?.0.forward_t(&xs, train)?.to_vec2::<f32>();
        let baseline = values(&[], true)?;
        assert_eq!(values(&[(place, 0.)], true)?, baseline, "{place}");
        let noisy = [(place, 0.1)];
        assert_eq!(values(&noisy, false)?, baseline, "{place}");
        assert_ne!(values(&noisy, true)?, baseline, "{place}");
        assert_eq!(values(&noisy, true)?, values(&noisy, true)?, "{place}");
    }
    Ok(())
}

#[test]
fn each_network_refuses_noise_at_places_that_it_has_not() -> Result<()> {
    let message = |built: Result<Built>| built.err().unwrap().to_string();
    for place in ["before-activation", "after-activation", "before-dense", "nowhere"] {
        let found = message(cnn(1, &[(place, 0.1)]));
        let expected = format!("offers noise at input, after-pooling, received {place}");
        assert!(found.contains(&expected), "{found}");
    }
    for place in ["before-activation", "after-activation", "after-pooling", "nowhere"] {
        let found = message(rnn(1, &[(place, 0.1)]));
        let expected = format!("offers noise at input, before-dense, received {place}");
        assert!(found.contains(&expected), "{found}");
    }
    for place in ["after-pooling", "before-dense", "nowhere"] {
        let vb = replicated_vars(&VarMap::new(), &[1], DType::F32, &Device::Cpu);
        let mlp = Mlp { inputs: 2, hidden: vec![3], outputs: 1, activation: Default::default() };
        let slots = slots(&NoiseMap::replicated(&[1]), &[(place, 0.1)])?;
        mlp.build(&vb, &slots)?;
        let found = slots.finish().unwrap_err().to_string();
        let expected = format!("input, before-activation, after-activation, received {place}");
        assert!(found.contains(&expected), "{found}");
    }
    let found = message(cnn(1, &[("input", 0.1), ("input", 0.2)]));
    assert!(found.contains("input: expected each kind once, received gaussian twice"), "{found}");
    assert!(message(rnn(1, &[("input", -1.)])).contains("received -1"));
    assert!(NoiseSpec::gaussian("input", -1.).unwrap_err().to_string().contains("received -1"));
    for place in ["input", "before-activation", "after-activation", "after-pooling", "before-dense"]
    {
        let noise: NoiseSpec = format!("{place}:gaussian:0.1").parse()?;
        assert_eq!((noise.place(), &noise), (place, &NoiseSpec::gaussian(place, 0.1)?));
    }
    Ok(())
}

#[test]
fn images_that_are_too_small_are_named() {
    let vb = seeded_vars(&VarMap::new(), 1, DType::F32, &Device::Cpu);
    for (image, kernel, pool) in [([1, 4, 8], 3, 2), ([1, 8, 5], 3, 2), ([1, 8, 8], 3, 5)] {
        let cnn = Cnn { image, kernel, pool, ..Cnn::default() };
        let slots = Slots::new(&NoiseMap::new(1), &[]).unwrap();
        let found = cnn.build(&vb, &slots).err().unwrap().to_string();
        assert!(found.contains("do not fit into images of"), "{found}");
    }
}

#[test]
fn a_mask_without_a_step_is_an_error() -> Result<()> {
    let (model, _) = rnn(1, &[])?;
    let xs = Tensor::zeros((2, 3, 13), DType::F32, &Device::Cpu)?;
    let found = model.forward_t(&xs, false).unwrap_err().to_string();
    assert!(found.contains("1 at one or more steps") && found.contains("row 0"), "{found}");
    Ok(())
}

/// The curves of a short run repeat to the bit, whatever other threads do, and the loss falls.
#[test]
fn runs_repeat_and_learn() -> Result<()> {
    let device = Device::Cpu;
    let images = digits()?.range(0..96)?.to_samples(&DIGIT_SHAPE, &device)?;
    let vowels = japanese_vowels()?.0.to_samples(None, &device)?;
    let cases: [(Build, _, _, _); 2] =
        [(cnn, "after-pooling", 10, images), (rnn, "before-dense", 9, vowels)];
    for (build, place, classes, samples) in cases {
        let run = || {
            let (model, varmap) = build(2, &[(place, 0.1)])?;
            let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
            let mut adam = <Adam as candle_nn::Optimizer>::new(vars, AdamOptions::default())?;
            let options = TrainOptions::new(8).objective(CrossEntropy { classes }).seeds(&[2]);
            fit(&model, &mut adam, &samples, None, &options, History::default())
        };
        let first = run()?;
        let (left, right) = std::thread::scope(|scope| {
            let (left, right) = (scope.spawn(run), scope.spawn(run));
            (left.join().unwrap(), right.join().unwrap())
        });
        assert_eq!((&left?, &right?), (&first, &first));
        let loss = &first.replicas[0].clean.loss;
        assert!(loss[7] < 0.9 * loss[0], "{loss:?}");
    }
    Ok(())
}
