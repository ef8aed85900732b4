//! The trainer with any optimizer, with label noise, and with checkpoints that it refuses.

use candle_core::{Result, Tensor};
use candle_nn::Optimizer;
use candle_noise::nn::Model;
use candle_noise::noise::{LabelNoise, WeightNoise};
use candle_noise::optim::{
    Adam, AdamOptions, AnyOptimizer, GradientNoise, GradientNoiseOptions, MaxNorm, MaxNormOptions,
    Sgd, SgdOptions,
};
use candle_noise::train::{Checkpoint, EarlyStopping, Stop, Trainer};

use crate::resume::{Parts, SEEDS, adam, read_back, values, vars};

/// Every optimizer, and everything that may stand around one: what each of them remembers is in the
/// file.
#[test]
fn training_by_any_optimizer_is_resumed_to_the_bit() -> Result<()> {
    type Change = fn(&mut Parts) -> Result<()>;
    let changes: [(&str, Change); 6] = [
        ("Adam", |_| Ok(())),
        ("AdamW", |parts| {
            let options = AdamOptions::adamw().learning_rate(0.02);
            parts.optimizer = AnyOptimizer::from(Adam::new(vars(&parts.varmap), options)?);
            Ok(())
        }),
        ("Sgd", |parts| {
            let options = SgdOptions::default().learning_rate(0.1).momentum(0.9);
            parts.optimizer = AnyOptimizer::from(Sgd::new(vars(&parts.varmap), options)?);
            Ok(())
        }),
        ("MaxNorm", |parts| {
            let (vars, options) = (vars(&parts.varmap), MaxNormOptions::default().max_value(0.5));
            let bounded = MaxNorm::over(adam(vars.clone())?, vars, options)?;
            parts.optimizer = AnyOptimizer::from(bounded);
            Ok(())
        }),
        ("GradientNoise", |parts| {
            let (options, nb) = (GradientNoiseOptions::default(), parts.noisemap.builder());
            let (adam, nb) = (adam(vars(&parts.varmap))?, nb.pp("gradients"));
            let noisy = GradientNoise::over(adam, &parts.varmap, options, nb)?;
            parts.optimizer = AnyOptimizer::from(noisy);
            Ok(())
        }),
        ("WeightNoise", |parts| {
            let nb = parts.noisemap.builder().pp("weights");
            let noise = WeightNoise::new(&parts.varmap, 0.05, nb)?;
            parts.model = Model::new(noise.model(parts.model.clone()));
            parts.optimizer = AnyOptimizer::from(noise.optimizer(adam(vars(&parts.varmap))?));
            Ok(())
        }),
    ];
    let mut others: Vec<(&str, Vec<Vec<f32>>)> = Vec::new();
    for (name, change) in changes {
        let train = |epochs: usize, from: Option<&Checkpoint>| {
            let mut parts = Parts::new(&SEEDS, epochs)?;
            change(&mut parts)?;
            parts.train(from, 100)
        };
        let half = read_back(&train(7, None)?.state)?;
        let (resumed, whole) = (train(15, Some(&half))?, train(15, None)?);
        assert_eq!(resumed.history, whole.history, "{name}");
        assert_eq!(resumed.weights, whole.weights, "{name}");
        assert_eq!(resumed.state.optimizer_steps, 15 * 4, "{name}");
        assert_eq!(resumed.state.noise_steps, whole.state.noise_steps, "{name}");
        for (other, weights) in &others {
            assert_ne!(*weights, whole.weights, "{name} is to train otherwise than {other}");
        }
        others.push((name, whole.weights));
    }
    Ok(())
}

fn ended(mut trainer: Trainer) -> Result<Trainer> {
    while !trainer.has_ended() {
        trainer.epoch()?;
    }
    trainer.finish()?;
    Ok(trainer)
}

fn weights(trainer: &Trainer) -> Result<Vec<Vec<f32>>> {
    vars(trainer.varmap()).iter().map(|var| values(var)).collect()
}

/// Its site is in the checkpoint, as those of other noise are; evaluations see the right labels.
#[test]
fn labels_are_noisy_in_training_alone_and_their_noise_is_resumed() -> Result<()> {
    let train = |rate: f64, from: Option<&Checkpoint>, epochs: usize| -> Result<Trainer> {
        let parts = Parts::new(&SEEDS, epochs)?;
        let labels = LabelNoise::new(rate, 2, parts.noisemap.builder().pp("labels"))?;
        let mut trainer = parts.trainer()?.with_label_noise(labels)?;
        if let Some(checkpoint) = from {
            trainer.resume(checkpoint)?;
        }
        ended(trainer)
    };
    let (plain, none) = (ended(Parts::new(&SEEDS, 9)?.trainer()?)?, train(0., None, 9)?);
    assert_eq!((none.history(), weights(&none)?), (plain.history(), weights(&plain)?));

    let (half, whole) = (train(0.3, None, 5)?, train(0.3, None, 9)?);
    assert_ne!(weights(&whole)?, weights(&plain)?);
    let resumed = train(0.3, Some(&half.checkpoint()?), 9)?;
    assert_eq!((resumed.history(), weights(&resumed)?), (whole.history(), weights(&whole)?));

    let [rows, _] = Parts::new(&SEEDS, 9)?.sets;
    let scores = whole.predictor().predict(&rows)?;
    for (rows, history) in scores.iter().zip(&whole.history().replicas) {
        let right = rows.classes().zip(rows.labels()).filter(|(class, label)| class == label);
        assert_eq!(history.clean.score[8], right.count() as f64 / rows.len() as f64);
    }
    Ok(())
}

/// Each part that does not fit is found before anything is set.
#[test]
fn a_checkpoint_that_is_refused_changes_nothing() -> Result<()> {
    let state = Parts::new(&SEEDS, 3)?.train(None, 100)?.state;
    type Change = fn(&mut Checkpoint);
    let changes: [(&str, Change); 11] = [
        ("seeds", |state| state.seeds.reverse()),
        ("epoch", |state| state.epoch = 99),
        ("epoch before the last of the curves", |state| state.epoch = 2),
        ("loss of an epoch", |state| {
            state.history.replicas[1].val.loss.pop();
        }),
        ("scores", |state| state.history.replicas[0].clean.score.clear()),
        ("end of another replica", |state| {
            let (which, value) = ("loss".to_string(), "NaN".to_string());
            let stop = Stop { replica: 7, seed: SEEDS[0], epoch: 3, which, value };
            state.history.replicas[0].stopped = Some(stop);
        }),
        ("weights", |state| state.weights.clear()),
        ("moments", |state| state.moments.clear()),
        ("steps", |state| state.noise_steps.clear()),
        ("strengths", |state| {
            state.noise_strengths.insert("nowhere".to_string(), vec![0.1; SEEDS.len()]);
        }),
        ("shape of moments", |state| {
            state.moments.values_mut().for_each(|moments| *moments = moments.get(0).unwrap());
        }),
    ];
    for (part, change) in changes {
        let mut foreign = state.clone();
        change(&mut foreign);
        let parts = Parts::new(&SEEDS, 9)?;
        let (noisemap, validation) = (parts.noisemap.clone(), parts.sets[1].clone());
        let rule = EarlyStopping::new(100);
        let mut trainer =
            parts.trainer()?.with_validation(validation)?.with_early_stopping(rule)?;
        assert!(trainer.resume(&foreign).is_err(), "{part}");
        assert_eq!(noisemap.steps().into_values().flatten().max(), Some(0), "{part}");
        let (found, fresh) = (trainer.checkpoint()?, Parts::new(&SEEDS, 9)?.trainer()?);
        assert_eq!((found.epoch, found.optimizer_steps), (0, 0), "{part}");
        assert_eq!(found.noise_strengths, fresh.checkpoint()?.noise_strengths, "{part}");
        assert_eq!((trainer.history(), weights(&trainer)?), (fresh.history(), weights(&fresh)?));
    }
    Ok(())
}

/// Curves have no gaps: the sets that are measured stay the same.
#[test]
fn a_checkpoint_of_other_sets_names_the_set() -> Result<()> {
    let trainer = |validated: bool| -> Result<Trainer> {
        let parts = Parts::new(&SEEDS, 9)?;
        let validation = parts.sets[1].clone();
        let trainer = parts.trainer()?;
        if validated { trainer.with_validation(validation) } else { Ok(trainer) }
    };
    for (first, then, expected) in [
        (false, true, "expected a checkpoint with curves of the validation rows, received 0"),
        (true, false, "expected a checkpoint without curves of the validation rows, received 1"),
    ] {
        let mut before = trainer(first)?;
        before.epoch()?;
        let error = trainer(then)?.resume(&before.checkpoint()?).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}

/// An epoch that fails is none, and there is none after the last.
#[test]
fn epochs_are_counted_when_they_are_finished() -> Result<()> {
    let mut trainer = Parts::new(&SEEDS, 2)?.trainer()?;
    trainer.epoch()?;
    let rows = Parts::new(&SEEDS, 2)?.sets[1].clone();
    let late = trainer.with_test(rows).unwrap_err().to_string();
    assert!(late.contains("before the first epoch"), "{late}");

    let mut trainer = Parts::new(&SEEDS, 2)?.trainer()?;
    trainer.set_learning_rate(0.5);
    assert_eq!(trainer.learning_rate(), 0.5);
    trainer.epoch()?;
    trainer.epoch()?;
    let error = trainer.epoch().unwrap_err().to_string();
    assert!(error.contains("training has ended after epoch 2"), "{error}");

    /// Its first training pass fails.
    struct Fails(std::sync::atomic::AtomicBool);
    impl candle_nn::ModuleT for Fails {
        fn forward_t(&self, xs: &Tensor, _: bool) -> Result<Tensor> {
            match self.0.swap(false, std::sync::atomic::Ordering::SeqCst) {
                true => candle_core::bail!("no pass today"),
                false => xs.narrow(2, 0, 1),
            }
        }
    }
    let parts = Parts::new(&SEEDS, 2)?;
    let model = candle_noise::nn::Model::new(Fails(true.into()));
    let mut trainer = Parts { model, ..parts }.trainer()?;
    assert!(trainer.epoch().is_err());
    assert_eq!(trainer.epoch_number(), 0);
    Ok(())
}
