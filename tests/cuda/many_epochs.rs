//! Many epochs in one launch, against epoch after epoch on the CPU.

use candle_core::{DType, Device, Result};
use candle_nn::VarMap;
use candle_noise::NoiseMap;
use candle_noise::data::Samples;
use candle_noise::model::{Activation, Mlp};
use candle_noise::nn::{Model, replicated_vars};
use candle_noise::noise::{NoiseSpec, Slots};
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{Checkpoint, EarlyStopping, TrainOptions, Trainer};

use super::{bits, device, difference, numbers};

/// A training of three replicas.
#[derive(Clone)]
struct Case {
    inputs: usize,
    hidden: Vec<usize>,
    activation: Activation,
    /// The strengths at the input, before and after the activations.
    noise: [[f64; 3]; 3],
    /// Whether each replica has rows of its own.
    own_rows: bool,
    adam: AdamOptions,
    options: TrainOptions,
}

impl Case {
    /// The tutorial's network with noise in every place, and batches that do not divide the rows.
    fn new(epochs: usize) -> Self {
        Self {
            inputs: 2,
            hidden: vec![500],
            activation: Activation::Relu,
            noise: [[0., 0.1, 0.1], [0., 0., 0.1], [0., 0.1, 0.]],
            own_rows: false,
            adam: AdamOptions::default(),
            options: TrainOptions::new(epochs).batch_size(12).seeds(&[1, 2, 3]),
        }
    }

    fn trainer(&self, device: &Device) -> Result<Trainer> {
        let (varmap, seeds) = (VarMap::new(), &self.options.seeds);
        let map = NoiseMap::replicated(seeds);
        let places = ["input", "before-activation", "after-activation"];
        let placed = places.iter().zip(self.noise).filter(|(_, strengths)| *strengths != [0.; 3]);
        let noise = placed
            .map(|(place, strengths)| Ok((NoiseSpec::gaussian(place, 0.)?, strengths.to_vec())));
        let slots = Slots::with_strengths(&map, noise.collect::<Result<_>>()?)?;
        let Self { inputs, hidden, activation, .. } = self.clone();
        let network = Mlp { inputs, hidden, outputs: 1, activation };
        let model = network.build(&replicated_vars(&varmap, seeds, DType::F32, device), &slots)?;
        slots.finish()?;
        let samples = |rows: usize| {
            let sets = if self.own_rows { seeds.len() } else { 1 };
            let xs = numbers(&[sets, rows, inputs], rows)?;
            let ys = xs.sum(2)?.gt(0f32)?.to_dtype(DType::F32)?;
            Samples::replicated(&xs.to_device(device)?, &ys.to_device(device)?)
        };
        let adam = Adam::of(&varmap, self.adam)?;
        let trainer =
            Trainer::new(Model::new(model), &varmap, adam, samples(30)?, self.options.clone())?;
        trainer.with_noise(&map).with_validation(samples(41)?)?.with_test(samples(9)?)
    }

    /// Trains in launches of at most `most` epochs each, on the CPU in single epochs.
    fn train(&self, device: &Device, most: usize, from: Option<&Checkpoint>) -> Result<Checkpoint> {
        let mut trainer = self.trainer(device)?;
        from.map_or(Ok(()), |checkpoint| trainer.resume(checkpoint))?;
        while !trainer.has_ended() {
            let left = self.options.epochs - trainer.epoch_number();
            let expected = if device.is_cpu() { 1 } else { most.min(left) };
            assert_eq!(trainer.advance(most)?, expected);
        }
        trainer.checkpoint()
    }
}

/// The noise and the order of the rows are the same to the bit; the rounding of sums differs, and grows over
/// the epochs.
fn agree(case: &Case, tolerance: f32) -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let (found, expected) = (case.train(&cuda, 256, None)?, case.train(&Device::Cpu, 1, None)?);
    assert_eq!(found.noise_steps, expected.noise_steps);
    assert_eq!((found.epoch, found.optimizer_steps), (expected.epoch, expected.optimizer_steps));
    for (found, expected) in found.history.replicas.iter().zip(&expected.history.replicas) {
        for (found, expected) in found.curves().iter().zip(expected.curves()) {
            assert_eq!(found.loss.len(), case.options.epochs);
            for (a, b) in found.loss.iter().zip(&expected.loss) {
                assert!((a - b).abs() < tolerance, "{a}, not {b}");
            }
            assert_eq!(found.score.len(), expected.score.len());
            for (a, b) in found.score.iter().zip(&expected.score) {
                assert!((a - b).abs() < 0.04, "a row on the border at most: {a}, not {b}");
            }
        }
    }
    for (found, expected) in
        [(&found.weights, &expected.weights), (&found.moments, &expected.moments)]
    {
        assert!(found.keys().eq(expected.keys()));
        for (name, expected) in expected {
            let difference = difference(&found[name], expected)?;
            assert!(difference < 10. * tolerance, "{name}: {difference}");
        }
    }
    Ok(())
}

#[test]
fn the_tutorials_network_trains_as_on_the_cpu() -> Result<()> {
    agree(&Case::new(200), 1e-3)
}

/// Widths that are no multiple of 4, more layers, a first layer of many inputs, few outputs and many, a
/// batch of all rows, rows that are left out, a schedule and weight decay.
#[test]
fn other_networks_and_rows_train_as_on_the_cpu() -> Result<()> {
    let case = Case::new(20);
    let with = |options: TrainOptions| Case { options, ..case.clone() };
    let cases = [
        Case { hidden: vec![37, 10, 6], own_rows: true, ..case.clone() },
        Case { hidden: vec![5], inputs: 11, ..case.clone() },
        Case { hidden: vec![64, 64], ..with(case.options.clone().batch_size(1000)) },
        Case { hidden: vec![], noise: [[0.1, 0., 0.], [0.; 3], [0.; 3]], ..case.clone() },
        Case { noise: [[0.; 3]; 3], ..with(case.options.clone().drop_last()) },
        Case {
            adam: AdamOptions::adamw(),
            ..with(case.options.clone().lr_schedule("cosine".parse().unwrap()))
        },
    ];
    cases.iter().try_for_each(|case| agree(case, 1e-4))
}

#[test]
fn a_run_does_not_depend_on_how_its_epochs_are_launched() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let half = Case::new(60).train(&cuda, 60, None)?;
    let case = Case::new(100);
    let whole = case.train(&cuda, 256, None)?;
    for other in [case.train(&cuda, 7, None)?, case.train(&cuda, 256, Some(&half))?] {
        assert_eq!(other.history, whole.history);
        for (name, weights) in &whole.weights {
            assert_eq!(bits(&other.weights[name])?, bits(weights)?);
        }
    }
    Ok(())
}

#[test]
fn what_the_kernel_does_not_know_trains_epoch_by_epoch() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let case = Case::new(5);
    let advance = |trainer: Result<Trainer>| trainer?.advance(5);
    assert_eq!(advance(case.trainer(&cuda))?, 5);
    let smooth = case.options.clone().label_smoothing(0.1);
    for other in [
        Case { activation: Activation::Tanh, ..case.clone() },
        Case { hidden: vec![6000], ..case.clone() },
        Case { adam: case.adam.l2(0.1), ..case.clone() },
        Case { options: smooth, ..case.clone() },
    ] {
        assert_eq!(advance(other.trainer(&cuda))?, 1);
    }
    let stopping = case.trainer(&cuda)?.with_early_stopping(EarlyStopping::new(3));
    assert_eq!(advance(stopping)?, 1);
    assert_eq!(case.trainer(&cuda)?.advance(0)?, 0);
    Ok(())
}
