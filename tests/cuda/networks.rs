//! The convolutional and the recurrent network, whose layers are Candle's ops on a device.

use candle_core::{DType, Device, Result};
use candle_nn::{Optimizer, VarBuilder, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::{DIGIT_SHAPE, Samples, digits, japanese_vowels};
use candle_noise::loss::Loss;
use candle_noise::model::{Cnn, Lstm, Placement};
use candle_noise::nn::{SequentialT, seeded_vars, sorted_vars};
use candle_noise::noise::NoiseBuilder;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{FitOptions, fit};

use super::device;

/// The losses of two epochs are the CPU's within a thousandth: steps, evaluations and noise.
fn agree(
    build: impl Fn(&VarBuilder, &NoiseBuilder) -> Result<SequentialT>,
    samples: impl Fn(&Device) -> Result<Samples>,
) -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let train = |device: &Device| -> Result<Vec<f32>> {
        let (varmap, noisemap) = (VarMap::new(), NoiseMap::new(1));
        let model = build(&seeded_vars(&varmap, 1, DType::F32, device), &noisemap.builder())?;
        let vars = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let mut adam = Adam::new(vars, AdamOptions::default())?;
        let loss = Loss::CrossEntropy;
        let options = FitOptions { epochs: 2, batch_size: 16, loss, seeds: vec![1] };
        let samples = samples(device)?;
        let history = fit(&model, &mut adam, &samples, Some(&samples), &options, &mut ())?;
        let curves = history.replicas[0].curves();
        Ok(curves.into_iter().flat_map(|(_, curve)| curve.to_vec()).collect())
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
    let noise = [(Placement::Input, vec![0.1]), (Placement::AfterPooling, vec![0.2])];
    agree(
        |vb, nb| Cnn { filters: 8, ..Cnn::default() }.build(vb, nb, &noise),
        |device| digits()?.range(0..40)?.to_samples(&DIGIT_SHAPE, device),
    )
}

#[test]
fn the_recurrent_network_trains_as_on_the_cpu() -> Result<()> {
    let noise = [(Placement::Input, vec![0.1]), (Placement::BeforeDense, vec![0.2])];
    let rows: Vec<usize> = (0..270).step_by(7).collect();
    agree(
        |vb, nb| Lstm { hidden: 16, ..Lstm::default() }.build(vb, nb, &noise),
        |device| japanese_vowels()?.0.select(&rows)?.to_samples(None, device),
    )
}
