//! The convolutional and the recurrent network: masks, noise, starts and runs.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{ModuleT, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::{DIGIT_SHAPE, digits, japanese_vowels};
use candle_noise::loss::Loss;
use candle_noise::model::{Cnn, Lstm, Mlp, Placement};
use candle_noise::nn::{SequentialT, replicated_vars, seeded_vars, sorted_vars};
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{FitOptions, fit};

type Built = (SequentialT, VarMap);

fn cnn(seed: u64, noise: &[(Placement, Vec<f64>)]) -> Result<Built> {
    let (varmap, map) = (VarMap::new(), NoiseMap::new(seed));
    let vb = seeded_vars(&varmap, seed, DType::F32, &Device::Cpu);
    Ok((Cnn::default().build(&vb, &map.builder(), noise)?, varmap))
}

fn rnn(seed: u64, noise: &[(Placement, Vec<f64>)]) -> Result<Built> {
    let (varmap, map) = (VarMap::new(), NoiseMap::new(seed));
    let vb = seeded_vars(&varmap, seed, DType::F32, &Device::Cpu);
    Ok((Lstm::default().build(&vb, &map.builder(), noise)?, varmap))
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
    let noise = |placement| [(Placement::Input, vec![0.1]), (placement, vec![0.2])];
    let (model, varmap) = cnn(1, &noise(Placement::AfterPooling))?;
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

    let (model, varmap) = rnn(1, &noise(Placement::BeforeDense))?;
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
    for build in [cnn, rnn] {
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
        let noise = [(Placement::Input, vec![0.3]), (Placement::BeforeDense, vec![0.2])];
        let build = || rnn(3, &noise);
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
    let noise = [(Placement::Input, vec![0.5])];
    let noisy = |steps| -> Result<(Tensor, Tensor)> {
        let (mut model, _) = rnn(4, &noise)?;
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
    // The mean square of n normals of spread 0.5 has the standard error 0.25 √(2 / n).
    let error = 4. * 0.25 * (2. / sum.0).sqrt();
    assert!((sum.1 / sum.0 - 0.25).abs() < error, "{}", sum.1 / sum.0);
    let (longer, _) = noisy(Some(40))?;
    assert_eq!(longer.narrow(1, 0, 26)?.to_vec3::<f32>()?, ys, "longer padding moves no draw");
    Ok(())
}

#[test]
fn noise_acts_in_training_only_and_a_spread_of_zero_is_the_baseline() -> Result<()> {
    type Build = fn(u64, &[(Placement, Vec<f64>)]) -> Result<Built>;
    let cases: [(Build, Placement, Tensor); 4] = [
        (cnn, Placement::Input, images(8)?),
        (cnn, Placement::AfterPooling, images(8)?),
        (rnn, Placement::Input, sequences(8, None)?),
        (rnn, Placement::BeforeDense, sequences(8, None)?),
    ];
    for (build, placement, xs) in cases {
        let values = |noise: &[(Placement, Vec<f64>)], train| {
            build(5, noise)?.0.forward_t(&xs, train)?.to_vec2::<f32>()
        };
        let baseline = values(&[], true)?;
        assert_eq!(values(&[(placement, vec![0.])], true)?, baseline, "{placement}");
        let noisy = [(placement, vec![0.1])];
        assert_eq!(values(&noisy, false)?, baseline, "{placement}");
        assert_ne!(values(&noisy, true)?, baseline, "{placement}");
        assert_eq!(values(&noisy, true)?, values(&noisy, true)?, "{placement}");
    }
    Ok(())
}

#[test]
fn each_network_refuses_the_placements_that_it_has_not() -> Result<()> {
    use Placement::{AfterActivation, AfterPooling, BeforeActivation, BeforeDense, Input};
    let message = |built: Result<Built>| built.err().unwrap().to_string();
    for placement in [BeforeActivation, AfterActivation, BeforeDense] {
        let found = message(cnn(1, &[(placement, vec![0.1])]));
        let expected = format!("has noise at input or after-pooling, received {placement}");
        assert!(found.contains(&expected), "{found}");
    }
    for placement in [BeforeActivation, AfterActivation, AfterPooling] {
        let found = message(rnn(1, &[(placement, vec![0.1])]));
        let expected = format!("has noise at input or before-dense, received {placement}");
        assert!(found.contains(&expected), "{found}");
    }
    for placement in [AfterPooling, BeforeDense] {
        let vb = replicated_vars(&VarMap::new(), &[1], DType::F32, &Device::Cpu);
        let mlp = Mlp { inputs: 2, hidden: vec![3], outputs: 1 };
        let map = NoiseMap::replicated(&[1]);
        let built = mlp.build(&vb, &map.builder(), &[(placement, vec![0.1])]);
        let found = built.err().unwrap().to_string();
        let expected =
            format!("input, before-activation or after-activation, received {placement}");
        assert!(found.contains(&expected), "{found}");
    }
    let twice = [(Input, vec![0.1]), (Input, vec![0.1])];
    assert!(message(cnn(1, &twice)).contains("received two for input"));
    assert!(message(rnn(1, &[(Input, vec![-1.])])).contains("received -1"));
    for placement in [Input, BeforeActivation, AfterActivation, AfterPooling, BeforeDense] {
        assert_eq!(placement.to_string().parse(), Ok(placement));
    }
    assert!("nowhere".parse::<Placement>().unwrap_err().contains("after-pooling or before-dense"));
    Ok(())
}

#[test]
fn images_that_are_too_small_are_named() {
    let vb = seeded_vars(&VarMap::new(), 1, DType::F32, &Device::Cpu);
    for (image, kernel, pool) in [([1, 4, 8], 3, 2), ([1, 8, 5], 3, 2), ([1, 8, 8], 3, 5)] {
        let cnn = Cnn { image, kernel, pool, ..Cnn::default() };
        let found = cnn.build(&vb, &NoiseMap::new(1).builder(), &[]).err().unwrap().to_string();
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
    type Build = fn(u64, &[(Placement, Vec<f64>)]) -> Result<Built>;
    let cases: [(Build, _, _); 2] =
        [(cnn, Placement::AfterPooling, images), (rnn, Placement::BeforeDense, vowels)];
    for (build, placement, samples) in cases {
        let run = || {
            let (model, varmap) = build(2, &[(placement, vec![0.1])])?;
            let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
            let mut adam = <Adam as candle_nn::Optimizer>::new(vars, AdamOptions::default())?;
            let options = FitOptions {
                epochs: 8,
                loss: Loss::CrossEntropy,
                seeds: vec![2],
                ..Default::default()
            };
            fit(&model, &mut adam, &samples, None, &options, &mut ())
        };
        let first = run()?;
        let (left, right) = std::thread::scope(|scope| {
            let (left, right) = (scope.spawn(run), scope.spawn(run));
            (left.join().unwrap(), right.join().unwrap())
        });
        assert_eq!((&left?, &right?), (&first, &first));
        let loss = &first.replicas[0].clean_loss;
        assert!(loss[7] < 0.9 * loss[0], "{loss:?}");
    }
    Ok(())
}
