//! Noise by description: every kind at every place of every task.

use anyhow::Result;
use candle_core::Device;
use candle_noise::experiment::{Plan, Schedule, Subject, Trained, Watch, train_repeats};
use candle_noise::noise::NoiseSpec;
use candle_noise::task::{Circles, Digits, Task, Vowels};

const KINDS: [&str; 10] = [
    "gaussian",
    "uniform",
    "laplace",
    "speckle",
    "gaussian-dropout",
    "dropout",
    "spatial-dropout",
    "alpha-dropout",
    "salt-and-pepper",
    "neftune",
];

/// One epoch of a small network with some noises, on the task's first rows.
fn train(task: &dyn Task, noise: &[&str], repeats: usize) -> Result<Trained> {
    let subject = Subject::new(task, "cpu", &[])?;
    let noise = noise.iter().map(|text| text.parse()).collect::<candle_core::Result<_>>()?;
    let plan = Plan {
        epochs: 2,
        batch_size: 10,
        hidden: vec![4],
        train_sizes: vec![20],
        noise: vec![noise],
        seed: 3,
        repeats,
        ..Plan::of(task)
    };
    let plan = plan.checked(&subject)?;
    train_repeats(&subject, &plan, &Device::Cpu, Schedule::default(), Watch::NONE)
}

fn weights(trained: &Trained, run: usize) -> Vec<u32> {
    let own = trained.weights.iter().map(|(_, all)| all.get(run)?.flatten_all()?.to_vec1::<f32>());
    let own: Vec<f32> = own.collect::<candle_core::Result<Vec<_>>>().unwrap().concat();
    own.into_iter().map(f32::to_bits).collect()
}

/// Noise changes the run, a strength of 0 does not, and a run is the same alone and in company.
#[test]
fn every_kind_acts_at_every_place_and_runs_stay_paired() -> Result<()> {
    let (circles, digits, vowels) = (Circles::default(), Digits::new()?, Vowels::new()?);
    let tasks: [(&dyn Task, &[&str]); 3] = [
        (&circles, &["input", "before-activation", "after-activation"]),
        (&digits, &["input", "after-pooling"]),
        (&vowels, &["input", "before-dense"]),
    ];
    for (task, places) in tasks {
        let baseline = train(task, &[], 2)?;
        let layers = places.iter().flat_map(|place| KINDS.map(|kind| format!("{place}:{kind}")));
        let others = ["weights:gaussian", "gradients:gaussian", "labels:flip"].map(str::to_string);
        for noise in layers.chain(others) {
            let none = train(task, &[&format!("{noise}:0")], 2)?;
            assert_eq!(weights(&none, 1), weights(&baseline, 1), "{} {noise}:0", task.name());
            let noisy = train(task, &[&format!("{noise}:0.3")], 2)?;
            assert_ne!(weights(&noisy, 0), weights(&baseline, 0), "{} {noise}", task.name());
            let alone = train(task, &[&format!("{noise}:0.3")], 1)?;
            assert_eq!(weights(&noisy, 0), weights(&alone, 0), "{} {noise}", task.name());
        }
    }
    Ok(())
}

/// Another kind at an occupied place has a site of its own, so that it moves nobody else's draws.
#[test]
fn several_noises_act_together() -> Result<()> {
    let task = Circles::default();
    let both =
        train(&task, &["input:0.1", "input:dropout:0.2", "weights:0.01", "labels:flip:0.1"], 2)?;
    let first = train(&task, &["input:0.1", "input:dropout:0", "weights:0", "labels:flip:0"], 2)?;
    assert_eq!(weights(&first, 1), weights(&train(&task, &["input:0.1"], 2)?, 1));
    assert_ne!(weights(&both, 1), weights(&first, 1));
    Ok(())
}

#[test]
fn noise_without_a_place_is_rejected() -> Result<()> {
    let task = Circles::default();
    let fails = |noise: &[&str]| format!("{:#}", train(&task, noise, 1).unwrap_err());
    let offer = "noise at input, before-activation, after-activation, weights, gradients, labels";
    let cases = [
        (&["after-pooling:0.1"][..], offer),
        (
            &["hidden:0.1", "before-activation:0.2"],
            "expected each kind once, received gaussian twice",
        ),
        (&["input:dropout:0.1", "input:dropout:0.1"], "received dropout twice"),
    ];
    for (noise, expected) in cases {
        let error = fails(noise);
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}

/// The spatial kinds share a draw in each channel: in (C, H, W) a whole image, in (T, C) a channel of all
/// steps, in (I,) a unit, as dropout.
#[test]
fn spatial_dropout_drops_channels() -> Result<()> {
    use candle_core::{DType, Tensor};
    use candle_nn::ModuleT;
    use candle_noise::NoiseMap;
    use candle_noise::noise::Slots;
    let map = NoiseMap::new(1);
    let spec: NoiseSpec = "x:spatial-dropout:0.5".parse()?;
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F32, &Device::Cpu);
    let slots = Slots::new(&map, &[spec])?;
    let last = slots.at_path("x", "last")?.forward_t(&ones(&[8, 5, 6])?, true)?.to_vec3::<f32>()?;
    let first = slots.at_path_of_channels_first("x", "first")?;
    let first = first.forward_t(&ones(&[8, 6, 5])?, true)?.to_vec3::<f32>()?;
    let mut dropped = 0;
    for row in 0..8 {
        for channel in 0..6 {
            let values: Vec<f32> = last[row].iter().map(|step| step[channel]).collect();
            assert!(values.iter().all(|x| *x == values[0]), "{values:?}");
            assert!(first[row][channel].iter().all(|x| *x == first[row][channel][0]));
            dropped += usize::from(values[0] == 0.);
        }
    }
    assert!((10..38).contains(&dropped), "half of 48 channels, received {dropped}");
    Ok(())
}
