//! The convolutional and the recurrent network, whose layers are Candle's ops on a device.

use candle_core::{DType, Device, Result};
use candle_nn::{Optimizer, VarBuilder, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::{DIGIT_SHAPE, Samples, digits, japanese_vowels};
use candle_noise::model::{Cnn, Lstm};
use candle_noise::nn::{SequentialT, seeded_vars, sorted_vars};
use candle_noise::noise::{NoiseSpec, Slots};
use candle_noise::objective::CrossEntropy;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{Curves, History, TrainOptions, fit};

use super::device;

/// The losses of two epochs are the CPU's within a thousandth: steps, evaluations and noise.
fn agree(
    build: impl Fn(&VarBuilder, &Slots) -> Result<SequentialT>,
    noise: &[NoiseSpec],
    classes: usize,
    samples: impl Fn(&Device) -> Result<Samples>,
) -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let train = |device: &Device| -> Result<Vec<f64>> {
        let (varmap, noisemap) = (VarMap::new(), NoiseMap::new(1));
        let slots = Slots::new(&noisemap, noise)?;
        let model = build(&seeded_vars(&varmap, 1, DType::F32, device), &slots)?;
        slots.finish()?;
        let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let mut adam = Adam::new(vars, AdamOptions::default())?;
        let options = TrainOptions::new(2).batch_size(16).seeds(&[1]);
        let options = options.objective(CrossEntropy { classes });
        let samples = samples(device)?;
        let history =
            fit(&model, &mut adam, &samples, Some(&samples), &options, History::default())?;
        let curves = history.replicas[0].curves().into_iter();
        let values = |curves: &Curves| {
            let losses = curves.loss.iter().map(|loss| f64::from(*loss));
            losses.chain(curves.score.iter().copied()).collect::<Vec<f64>>()
        };
        Ok(curves.flat_map(values).collect())
    };
    let (found, expected) = (train(&cuda)?, train(&Device::Cpu)?);
    // Loss and accuracy in training, without noise and in validation.
    assert_eq!((found.len(), expected.len()), (12, 12));
    for (a, b) in found.iter().zip(&expected) {
        assert!((a - b).abs() < 1e-3, "{found:?}, not {expected:?}");
    }
    Ok(())
}

#[test]
fn the_convolutional_network_trains_as_on_the_cpu() -> Result<()> {
    let noise = [NoiseSpec::gaussian("input", 0.1)?, NoiseSpec::gaussian("after-pooling", 0.2)?];
    agree(
        |vb, slots| Cnn { filters: 8, ..Cnn::default() }.build(vb, slots),
        &noise,
        10,
        |device| digits()?.range(0..40)?.to_samples(&DIGIT_SHAPE, device),
    )
}

#[test]
fn the_recurrent_network_trains_as_on_the_cpu() -> Result<()> {
    let noise = [NoiseSpec::gaussian("input", 0.1)?, NoiseSpec::gaussian("before-dense", 0.2)?];
    let rows: Vec<usize> = (0..270).step_by(7).collect();
    agree(
        |vb, slots| Lstm { hidden: 16, ..Lstm::default() }.build(vb, slots),
        &noise,
        9,
        |device| japanese_vowels()?.0.select(&rows)?.to_samples(None, device),
    )
}
