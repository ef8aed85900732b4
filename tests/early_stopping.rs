//! Early stopping, and the test set that steers nothing.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{ModuleT, Optimizer, VarMap};
use candle_noise::data::Samples;
use candle_noise::loss::Loss;
use candle_noise::train::{EarlyStopping, Fit, FitOptions, fit};

use crate::resume::{Parts, SEEDS, values};

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
        let (end, best) = (history.loss.len(), history.restored_epoch.unwrap());
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

/// The validation losses are the squares of the script. Keras' rule, by hand: epoch 2 is the best;
/// an equal loss is no fall.
#[test]
fn patience_counts_the_epochs_without_a_lower_loss() -> Result<()> {
    let script = [5., 3., 4., 3., 3.5, 2., 1.];
    let ended = |patience: usize, restore_best: bool| -> Result<(usize, bool, f32)> {
        let varmap = VarMap::new();
        let var = Var::new(&[[9f32]], &Device::Cpu)?;
        varmap.data().lock().unwrap().insert("w".to_string(), var.clone());
        let model = Scripted { var: var.clone(), script: vec![] };
        let mut optimizer = Scripted::new(vec![var.clone()], script.to_vec())?;
        let zeros = Samples::new(
            &Tensor::zeros((1, 1), DType::F32, &Device::Cpu)?,
            &Tensor::zeros(1, DType::F32, &Device::Cpu)?,
        )?;
        let loss = Loss::MeanSquaredError;
        let options = FitOptions { epochs: script.len(), loss, ..Default::default() };
        let stopping = EarlyStopping::new(&varmap, patience, restore_best)?;
        let mut fit = Fit::new(&model, &mut optimizer, &zeros, Some(&zeros), &options)?
            .with_early_stopping(stopping)?;
        while !fit.has_ended() {
            fit.epoch(&mut ())?;
        }
        let replica = fit.finish()?.replicas.remove(0);
        let last = if restore_best { replica.restored_epoch } else { Some(replica.loss.len()) };
        assert_eq!(replica.final_epoch(), last);
        Ok((replica.loss.len(), replica.early_stopped, values(&var)?[0]))
    };
    assert_eq!(ended(1, false)?, (3, true, 4.));
    assert_eq!(ended(1, true)?, (3, true, 3.));
    assert_eq!(ended(3, false)?, (5, true, 3.5));
    assert_eq!(ended(3, true)?, (5, true, 3.));
    assert_eq!(ended(4, true)?, (7, false, 1.), "epoch 6 is lower in time");
    Ok(())
}

#[test]
fn early_stopping_needs_patience_and_validation_samples() -> Result<()> {
    let Parts { model, varmap, mut adam, sets, options, .. } = Parts::new(&SEEDS, 5)?;
    let error = EarlyStopping::new(&varmap, 0, true).err().unwrap().to_string();
    assert!(error.contains("at least 1, received 0"), "{error}");
    let fit = Fit::new(&model, &mut adam, &sets[0], None, &options)?;
    let error = fit.with_early_stopping(EarlyStopping::new(&varmap, 1, true)?).err().unwrap();
    assert!(error.to_string().contains("expected validation samples"), "{error}");
    Ok(())
}

/// Watching a test set changes nothing but the curves of it.
#[test]
fn a_test_set_steers_nothing() -> Result<()> {
    let Parts { model, mut adam, sets: [train, validation], options, .. } = Parts::new(&SEEDS, 9)?;
    let plain = fit(&model, &mut adam, &train, Some(&validation), &options, &mut ())?;
    let Parts { model, mut adam, .. } = Parts::new(&SEEDS, 9)?;
    let mut fit = Fit::new(&model, &mut adam, &train, Some(&train), &options)?;
    fit = fit.with_test(&validation)?;
    while !fit.has_ended() {
        fit.epoch(&mut ())?;
    }
    for (tested, plain) in fit.finish()?.replicas.iter().zip(&plain.replicas) {
        assert_eq!((&tested.loss, &tested.clean_loss), (&plain.loss, &plain.clean_loss));
        assert_eq!(
            (&tested.test_loss, &tested.test_accuracy),
            (&plain.val_loss, &plain.val_accuracy)
        );
        assert_eq!(tested.val_loss, plain.clean_loss, "here the training rows validate");
        assert_eq!(tested.test_curves(), plain.test_curves());
    }
    Ok(())
}
