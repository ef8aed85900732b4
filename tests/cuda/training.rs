//! A whole run.

use candle_core::{DType, Device, Result};
use candle_nn::{Optimizer, VarMap};
use candle_noise::NoiseMap;
use candle_noise::checkpoint::Checkpoints;
use candle_noise::data::Samples;
use candle_noise::model::Mlp;
use candle_noise::nn::{replicated_vars, sorted_vars};
use candle_noise::noise::{NoiseSpec, Slots};
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{Checkpoint, History, TrainOptions, fit};
use serde_json::json;

use super::{device, numbers};
use crate::resume::{Parts, SEEDS};

/// The tutorial's network with noise in every place, batches that do not divide the rows.
fn train(device: &Device, replicas: usize, epochs: usize) -> Result<History> {
    let seeds: Vec<u64> = (1..=replicas as u64).collect();
    let (varmap, noisemap) = (VarMap::new(), NoiseMap::replicated(&seeds));
    let vb = replicated_vars(&varmap, &seeds, DType::F32, device);
    let network = Mlp { inputs: 2, hidden: vec![500], outputs: 1, activation: Default::default() };
    let spreads = |place: &str, of: [f64; 3]| -> Result<_> {
        Ok((NoiseSpec::gaussian(place, 0.)?, (0..replicas).map(|r| of[r % 3]).collect()))
    };
    let noise = vec![
        spreads("input", [0., 0.1, 0.1])?,
        spreads("before-activation", [0., 0., 0.1])?,
        spreads("after-activation", [0., 0.1, 0.])?,
    ];
    let slots = Slots::with_strengths(&noisemap, noise)?;
    let model = network.build(&vb, &slots)?;
    slots.finish()?;
    let samples = |rows: usize| {
        let xs = numbers(&[1, rows, 2], rows)?;
        let ys = xs.sum(2)?.gt(0f32)?.to_dtype(DType::F32)?;
        Samples::replicated(&xs.to_device(device)?, &ys.to_device(device)?)
    };
    let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
    let mut adam = Adam::new(vars, AdamOptions::default())?;
    let options = TrainOptions::new(epochs).batch_size(12).seeds(&seeds);
    fit(&model, &mut adam, &samples(30)?, Some(&samples(70)?), &options, History::default())
}

/// The noise and the order of the rows are the same to the bit; the products' rounding differs, and
/// grows over the epochs.
fn agree(replicas: usize, epochs: usize) -> Result<()> {
    const TOLERANCE: f32 = 1e-3;
    let Some(cuda) = device() else { return Ok(()) };
    let train = |device: &Device| train(device, replicas, epochs);
    let (found, expected) = (train(&cuda)?, train(&Device::Cpu)?);
    assert_eq!((found.replicas.len(), expected.replicas.len()), (replicas, replicas));
    for (r, (found, expected)) in found.replicas.iter().zip(&expected.replicas).enumerate() {
        for (name, (found, expected)) in [
            ("loss", (&found.noisy.loss, &expected.noisy.loss)),
            ("clean_loss", (&found.clean.loss, &expected.clean.loss)),
            ("val_loss", (&found.val.loss, &expected.val.loss)),
        ] {
            assert_eq!((found.len(), expected.len()), (epochs, epochs));
            for (epoch, (a, b)) in found.iter().zip(expected).enumerate() {
                assert!((a - b).abs() < TOLERANCE, "{name} of {r}, epoch {epoch}: {a}, not {b}");
            }
        }
    }
    Ok(())
}

#[test]
fn the_losses_of_200_epochs_agree_within_a_thousandth() -> Result<()> {
    agree(3, 200)
}

/// So many that the device itself shuffles.
#[test]
fn the_losses_of_100_replicas_agree_within_a_thousandth() -> Result<()> {
    agree(100, 8)
}

/// With early stopping, so that all of the state is there; a checkpoint of a file is on the CPU.
#[test]
fn a_run_is_resumed_from_a_file_to_the_bit() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let run = |epochs: usize, from: Option<&Checkpoint>| {
        Parts::on(&cuda, &SEEDS, epochs)?.train(from, 100)
    };
    let folder = tempfile::tempdir()?;
    let checkpoints = Checkpoints::new(folder.path(), "run", json!({}));
    checkpoints.save(&run(60, None)?.state).unwrap();
    let half = checkpoints.latest(&mut |line| panic!("{line}")).unwrap().unwrap();
    let (resumed, whole) = (run(100, Some(&half))?, run(100, None)?);
    assert_eq!(resumed.history, whole.history);
    assert_eq!(resumed.weights, whole.weights);
    Ok(())
}
