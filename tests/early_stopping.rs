//! Early stopping, and the test set that steers nothing.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{ModuleT, Optimizer, VarMap};
use candle_noise::data::Samples;
use candle_noise::metric::{Better, Metric, Predicted};
use candle_noise::nn::Model;
use candle_noise::objective::{MeanSquaredError, Objective, WithMetric};
use candle_noise::optim::{OptimizerState, SaveState};
use candle_noise::train::{Checkpoint, Curves, EarlyStopping, History, TrainOptions, Trainer, fit};

use crate::resume::{Parts, SEEDS, read_back, values, vars};

#[test]
fn a_replica_stops_early_as_it_would_alone() -> Result<()> {
    let patience = 12;
    let together = Parts::new(&[3, 4, 5, 6], 400)?.train(None, patience)?;
    let mut ends = Vec::new();
    for (r, seed) in [3, 4, 5, 6].into_iter().enumerate() {
        let alone = Parts::new(&[seed], 400)?.train(None, patience)?;
        assert_eq!(together.history.replicas[r], alone.history.replicas[0]);
        for (all, own) in together.weights.iter().zip(&alone.weights) {
            assert_eq!(all[r * own.len()..][..own.len()], own[..], "seed {seed}");
        }
        let history = &alone.history.replicas[0];
        let (end, best) = (history.epochs(), history.restored_epoch.unwrap());
        assert!(history.early_stopped && end == best + patience, "{end} {best}");
        ends.push(end);
    }
    ends.dedup();
    assert!(ends.len() > 1, "they are to end at different epochs: {ends:?}");
    Ok(())
}

/// A model of one weight, which is its output, and an optimizer that sets it to given values.
struct Scripted {
    var: Var,
    script: Vec<f32>,
}

impl ModuleT for Scripted {
    fn forward_t(&self, xs: &Tensor, _: bool) -> Result<Tensor> {
        (xs * 0.)?.broadcast_add(self.var.as_tensor())
    }
}

impl Optimizer for Scripted {
    type Config = Vec<f32>;

    fn new(vars: Vec<Var>, script: Vec<f32>) -> Result<Self> {
        Ok(Self { var: vars[0].clone(), script })
    }

    fn step(&mut self, _: &GradStore) -> Result<()> {
        self.var.set(&Tensor::new(&[[self.script.remove(0)]], &Device::Cpu)?)
    }

    fn learning_rate(&self) -> f64 {
        0.
    }

    fn set_learning_rate(&mut self, _: f64) {}
}

impl SaveState for Scripted {
    fn vars(&self) -> Vec<Var> {
        vec![self.var.clone()]
    }

    fn state(&self) -> Result<OptimizerState> {
        Ok(OptimizerState::default())
    }

    fn set_state(&mut self, _: &OptimizerState) -> Result<()> {
        Ok(())
    }
}

/// A training to its end with the weights of a script. The validation losses are their squares.
fn scripted(script: &[f32], rule: EarlyStopping) -> Result<Trainer> {
    scripted_by(MeanSquaredError { outputs: 1 }, script, rule)
}

fn scripted_by(
    objective: impl Objective + 'static,
    script: &[f32],
    rule: EarlyStopping,
) -> Result<Trainer> {
    let varmap = VarMap::new();
    let var = Var::new(&[[9f32]], &Device::Cpu)?;
    varmap.data().lock().unwrap().insert("w".to_string(), var.clone());
    let model = Scripted { var: var.clone(), script: vec![] };
    let optimizer = Scripted::new(vec![var], script.to_vec())?;
    let zeros = Samples::new(
        &Tensor::zeros((1, 1), DType::F32, &Device::Cpu)?,
        &Tensor::zeros(1, DType::F32, &Device::Cpu)?,
    )?;
    let options = TrainOptions::new(script.len()).objective(objective);
    let trainer = Trainer::new(Model::new(model), &varmap, optimizer, zeros.clone(), options)?;
    let watched = if rule.on_test { Trainer::with_test } else { Trainer::with_validation };
    let mut trainer = watched(trainer, zeros)?.with_early_stopping(rule)?;
    while !trainer.has_ended() {
        trainer.epoch()?;
    }
    trainer.finish()?;
    Ok(trainer)
}

fn weight(trainer: &Trainer) -> Result<f32> {
    Ok(values(&trainer.varmap().all_vars()[0])?[0])
}

/// The validation losses are the squares of the script. Keras' rule, by hand: epoch 2 is the best;
/// an equal loss is no fall.
#[test]
fn patience_counts_the_epochs_without_a_lower_loss() -> Result<()> {
    let script = [5., 3., 4., 3., 3.5, 2., 1.];
    let ended = |rule: EarlyStopping| -> Result<(usize, bool, f32)> {
        let trainer = scripted(&script, rule)?;
        let replica = &trainer.history().replicas[0];
        let last = if rule.restore_best { replica.restored_epoch } else { Some(replica.epochs()) };
        assert_eq!(replica.final_epoch(), last);
        Ok((replica.epochs(), replica.early_stopped, weight(&trainer)?))
    };
    let rule = EarlyStopping::new;
    assert_eq!(ended(rule(1))?, (3, true, 4.));
    assert_eq!(ended(rule(1).restore_best())?, (3, true, 3.));
    assert_eq!(ended(rule(3))?, (5, true, 3.5));
    assert_eq!(ended(rule(3).restore_best())?, (5, true, 3.));
    assert_eq!(ended(rule(3).restore_best().on_test())?, (5, true, 3.));
    assert_eq!(ended(rule(4).restore_best())?, (7, false, 1.), "epoch 6 is lower in time");
    Ok(())
}

/// The losses are 25, 9, 8.94, 8.7025 and 8.41. Only the second and the last one are lower than the best
/// one before by more than 0.5.
#[test]
fn a_small_fall_is_no_improvement() -> Result<()> {
    let script = [5., 3., 2.99, 2.95, 2.9, 9., 9.];
    let rule = EarlyStopping::new(3).restore_best();
    let best = |rule: EarlyStopping| -> Result<(usize, Option<usize>)> {
        let trainer = scripted(&script, rule)?;
        let replica = &trainer.history().replicas[0];
        Ok((replica.epochs(), replica.restored_epoch))
    };
    assert_eq!(best(rule)?, (7, Some(5)));
    assert_eq!(best(rule.min_delta(0.5))?, (7, Some(5)));
    assert_eq!(best(rule.min_delta(0.6))?, (5, Some(2)));
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let error = scripted(&script, rule.min_delta(bad)).unwrap_err().to_string();
        assert!(error.contains("min_delta must be finite and at least 0"), "{error}");
    }
    Ok(())
}

/// The best epoch is the first one with the highest accuracy.
#[test]
fn the_score_can_be_watched_instead_of_the_loss() -> Result<()> {
    let rule = EarlyStopping::new(9).on_score().restore_best();
    let trainer = |epochs: usize| -> Result<Trainer> {
        let parts = Parts::new(&SEEDS, epochs)?;
        let validation = parts.sets[1].clone();
        parts.trainer()?.with_validation(validation)?.with_early_stopping(rule)
    };
    let mut whole = trainer(200)?;
    let mut checkpoint = None;
    while !whole.has_ended() {
        whole.epoch()?;
        if whole.epoch_number() == 5 {
            checkpoint = Some(whole.checkpoint()?);
        }
    }
    whole.finish()?;
    let mut differs = false;
    for replica in &whole.history().replicas {
        let scores = &replica.val.score;
        let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let first = 1 + scores.iter().position(|score| *score == best).unwrap();
        assert_eq!(replica.restored_epoch, Some(first));
        assert!(replica.early_stopped && scores.len() == first + 9, "{scores:?}");
        let losses = &replica.val.loss;
        let lowest = losses.iter().copied().fold(f32::INFINITY, f32::min);
        differs |= losses[first - 1] > lowest;
    }
    assert!(differs, "the loss has another best epoch");
    let mut resumed = trainer(200)?;
    resumed.resume(&checkpoint.unwrap())?;
    while !resumed.has_ended() {
        resumed.epoch()?;
    }
    resumed.finish()?;
    assert_eq!(resumed.history(), whole.history());
    Ok(())
}

/// The largest output.
#[derive(Debug)]
struct Largest(Better);

impl Metric for Largest {
    fn name(&self) -> &str {
        "largest"
    }

    fn better(&self) -> Better {
        self.0
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        rows.iter().map(|(outputs, _)| f64::from(outputs[0])).reduce(f64::max)
    }
}

/// The losses are the squares of the outputs: their lowest one is in epoch 4.
#[test]
fn any_metric_can_be_watched_in_its_direction() -> Result<()> {
    let script = [2., 3., -4., 0.5, 1.];
    let rule = EarlyStopping::new(9).restore_best();
    let restored = |better: Better, rule: EarlyStopping| -> Result<Option<usize>> {
        let objective = WithMetric::new(MeanSquaredError { outputs: 1 }, Largest(better));
        let trainer = scripted_by(objective, &script, rule)?;
        assert_eq!(trainer.history().metric, "largest");
        Ok(trainer.history().replicas[0].restored_epoch)
    };
    assert_eq!(restored(Better::Higher, rule)?, Some(4));
    assert_eq!(restored(Better::Higher, rule.on_score())?, Some(2));
    assert_eq!(restored(Better::Lower, rule.on_score())?, Some(3));
    Ok(())
}

/// The loss that is not finite is still on record; the weights are those of epoch 2.
#[test]
fn a_replica_that_diverges_ends_with_its_best_weights() -> Result<()> {
    for bad in [f32::NAN, f32::INFINITY] {
        let script = [5., 3., 4., bad, 1.];
        let restored = scripted(&script, EarlyStopping::new(4).restore_best())?;
        let replica = &restored.history().replicas[0];
        assert_eq!(weight(&restored)?, 3.);
        assert_eq!((replica.restored_epoch, replica.final_epoch()), (Some(2), Some(2)));
        assert_eq!(replica.stopped.as_ref().map(|stop| stop.epoch), Some(4));
        assert_eq!((replica.epochs(), replica.early_stopped), (3, false));

        let last = scripted(&script, EarlyStopping::new(4))?;
        let replica = &last.history().replicas[0];
        assert_eq!(weight(&last)?.to_bits(), bad.to_bits());
        assert_eq!((replica.restored_epoch, replica.final_epoch()), (None, None));

        let never = scripted(&[bad, 1.], EarlyStopping::new(4).restore_best())?;
        let replica = &never.history().replicas[0];
        assert_eq!((replica.restored_epoch, replica.final_epoch()), (None, None));
    }
    Ok(())
}

/// Replica 0 is spoiled after epoch 12 of 20, here resumed from a checkpoint before or after that.
#[test]
fn a_diverged_replica_is_restored_after_a_resume_to_the_same_bits() -> Result<()> {
    let trainer = || -> Result<Trainer> {
        let parts = Parts::new(&SEEDS, 20)?;
        let validation = parts.sets[1].clone();
        let rule = EarlyStopping::new(20).restore_best();
        parts.trainer()?.with_validation(validation)?.with_early_stopping(rule)
    };
    let spoil = |trainer: &Trainer| -> Result<()> {
        let var = &vars(trainer.varmap())[1];
        let nan = (var.narrow(0, 0, 1)? * f64::NAN)?;
        var.set(&Tensor::cat(&[nan, var.narrow(0, 1, 1)?], 0)?)
    };
    let train = |mut trainer: Trainer| -> Result<(Trainer, Vec<Checkpoint>)> {
        let mut states = vec![trainer.checkpoint()?];
        while !trainer.has_ended() {
            if trainer.epoch_number() == 12 {
                spoil(&trainer)?;
            }
            trainer.epoch()?;
            states.push(trainer.checkpoint()?);
        }
        trainer.finish()?;
        Ok((trainer, states))
    };
    let weights = |trainer: &Trainer| -> Result<Vec<Vec<f32>>> {
        vars(trainer.varmap()).iter().map(|var| values(var)).collect()
    };
    let (whole, states) = train(trainer()?)?;
    let [spoiled, healthy] = &whole.history().replicas[..] else { panic!("two replicas") };
    let best = spoiled.restored_epoch.unwrap();
    assert_eq!(spoiled.stopped.as_ref().unwrap().epoch, 13);
    assert!((1..=12).contains(&best) && healthy.restored_epoch.is_some(), "{best}");
    for (var, (name, then)) in vars(whole.varmap()).iter().zip(&states[best].weights) {
        assert_eq!(values(&var.get(0)?)?, values(&then.get(0)?)?, "{name}");
    }
    for epoch in [5, 15] {
        let mut resumed = trainer()?;
        resumed.resume(&read_back(&states[epoch])?)?;
        let (resumed, _) = train(resumed)?;
        assert_eq!(resumed.history(), whole.history(), "resumed after epoch {epoch}");
        assert_eq!(weights(&resumed)?, weights(&whole)?, "resumed after epoch {epoch}");
    }
    Ok(())
}

/// The weights are then no longer those after the last epoch.
#[test]
fn training_does_not_continue_from_restored_weights() -> Result<()> {
    let finished = |rule: EarlyStopping| -> Result<Trainer> {
        let parts = Parts::new(&SEEDS, 5)?;
        let validation = parts.sets[1].clone();
        let mut trainer =
            parts.trainer()?.with_validation(validation)?.with_early_stopping(rule)?;
        for _ in 0..3 {
            trainer.epoch()?;
        }
        trainer.finish()?;
        Ok(trainer)
    };
    let mut restored = finished(EarlyStopping::new(9).restore_best())?;
    for error in [restored.checkpoint().err(), restored.epoch().err()] {
        let error = error.unwrap().to_string();
        assert!(error.contains("the model the weights kept by early stopping"), "{error}");
    }
    let mut last = finished(EarlyStopping::new(9))?;
    restored.resume(&last.checkpoint()?)?;
    last.epoch()?;
    restored.epoch()?;
    assert_eq!(restored.checkpoint()?.epoch, 4);
    Ok(())
}

#[test]
fn early_stopping_needs_patience_and_validation_samples() -> Result<()> {
    let found = |others: [Option<usize>; 2], rule: EarlyStopping| -> Result<String> {
        let parts = Parts::new(&SEEDS, 5)?;
        let [validation, test] = others.map(|set| set.map(|set| parts.sets[set].clone()));
        let mut trainer = parts.trainer()?;
        if let Some(validation) = validation {
            trainer = trainer.with_validation(validation)?;
        }
        if let Some(test) = test {
            trainer = trainer.with_test(test)?;
        }
        Ok(trainer.with_early_stopping(rule.restore_best()).err().unwrap().to_string())
    };
    let error = found([Some(1), None], EarlyStopping::new(0))?;
    assert!(error.contains("at least 1, received 0"), "{error}");
    let error = found([None, Some(1)], EarlyStopping::new(1))?;
    assert!(error.contains("expected validation samples"), "{error}");
    let error = found([Some(1), None], EarlyStopping::new(1).on_test())?;
    assert!(error.contains("expected test samples"), "{error}");
    Ok(())
}

/// Watching a test set changes nothing but the curves of it.
#[test]
fn a_test_set_steers_nothing() -> Result<()> {
    let Parts { model, mut optimizer, sets: [train, validation], options, .. } =
        Parts::new(&SEEDS, 9)?;
    let plain =
        fit(&model, &mut optimizer, &train, Some(&validation), &options, History::default())?;
    let Parts { model, varmap, optimizer, .. } = Parts::new(&SEEDS, 9)?;
    let mut trainer = Trainer::new(model, &varmap, optimizer, train.clone(), options)?
        .with_validation(train)?
        .with_test(validation)?;
    while !trainer.has_ended() {
        trainer.epoch()?;
    }
    trainer.finish()?;
    for (tested, plain) in trainer.history().replicas.iter().zip(&plain.replicas) {
        assert_eq!((&tested.noisy, &tested.clean), (&plain.noisy, &plain.clean));
        assert_eq!((&tested.test, &plain.test), (&plain.val, &Curves::default()));
        assert_eq!(tested.val, plain.clean, "here the training rows validate");
    }
    Ok(())
}
