//! The first step of a trainer: each variable is trained or declared frozen.

use candle_core::{Result, Tensor, Var};
use candle_nn::ModuleT;
use candle_noise::nn::{Model, trainable_vars};
use candle_noise::optim::{
    Adam, AdamOptions, AnyOptimizer, GradientNoise, GradientNoiseOptions, Group,
};
use candle_noise::train::Trainer;

use crate::resume::{Parts, SEEDS, read_back, values};

/// The variables whose names do not start with `frozen`.
fn others(parts: &Parts, frozen: &str) -> Vec<(String, Var)> {
    let vars = trainable_vars(&parts.varmap).into_iter();
    vars.filter(|(name, _)| !name.starts_with(frozen)).collect()
}

/// A trainer whose optimizer has all variables but those that start with `left_out`.
fn trainer(epochs: usize, left_out: &str) -> Result<Trainer> {
    let mut parts = Parts::new(&SEEDS, epochs)?;
    let adam = Adam::named(others(&parts, left_out), AdamOptions::default().learning_rate(0.02))?;
    parts.optimizer = AnyOptimizer::from(adam);
    parts.trainer()
}

fn weights(trainer: &Trainer, start: &str) -> Result<Vec<Vec<f32>>> {
    let vars = trainable_vars(trainer.varmap()).into_iter();
    vars.filter(|(name, _)| name.starts_with(start)).map(|(_, var)| values(&var)).collect()
}

fn train(mut trainer: Trainer) -> Result<Trainer> {
    while !trainer.has_ended() {
        trainer.epoch()?;
    }
    Ok(trainer)
}

#[test]
fn the_variables_of_the_test() -> Result<()> {
    let vars = trainable_vars(&Parts::new(&SEEDS, 1)?.varmap);
    let names: Vec<&str> = vars.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]);
    Ok(())
}

#[test]
fn a_variable_that_is_neither_trained_nor_frozen_is_named_and_nothing_changes() -> Result<()> {
    let mut forgotten = trainer(2, "fc2.bias")?;
    let before = weights(&forgotten, "")?;
    let error = forgotten.epoch().unwrap_err().to_string();
    assert!(error.contains("received fc2.bias of shape [2, 1, 1] in neither"), "{error}");
    assert_eq!(weights(&forgotten, "")?, before);
    Ok(())
}

#[test]
fn frozen_layers_are_declared_by_whole_paths() -> Result<()> {
    let refused = |left_out: &str, paths: &[&str]| {
        trainer(2, left_out).unwrap().with_frozen(paths).unwrap_err().to_string()
    };
    for path in ["fc", "fc1.w", "", "fc2.", "conv9"] {
        let error = refused("fc1", &[path]);
        assert!(error.contains(&format!("received {path:?}; the variables are")), "{error}");
        assert!(error.contains("\"fc2.weight\""), "{error}");
    }
    let error = refused("fc1", &["fc1", "fc2.bias"]);
    assert!(error.contains("frozen variable in the optimizer, received fc2.bias"), "{error}");

    for paths in [&["fc1"][..], &["fc1.weight", "fc1.bias"]] {
        let trainer = trainer(3, "fc1")?.with_frozen(paths)?;
        let before = (weights(&trainer, "fc1")?, weights(&trainer, "fc2")?);
        let trained = train(trainer)?;
        assert_eq!(weights(&trained, "fc1")?, before.0);
        assert_ne!(weights(&trained, "fc2")?, before.1);
    }
    Ok(())
}

/// The moments in a checkpoint are those of the trained variables.
#[test]
fn training_with_a_frozen_layer_is_resumed_to_the_bit() -> Result<()> {
    let of = |epochs: usize| trainer(epochs, "fc1")?.with_frozen(&["fc1"]);
    let half = read_back(&train(of(3)?)?.checkpoint()?)?;
    assert!(half.moments.keys().eq(["fc2.bias", "fc2.weight"]));
    let mut resumed = of(7)?;
    resumed.resume(&half)?;
    let (resumed, whole) = (train(resumed)?, train(of(7)?)?);
    assert_eq!(resumed.history(), whole.history());
    assert_eq!(weights(&resumed, "")?, weights(&whole, "")?);

    let error = trainer(7, "nothing")?.resume(&half).unwrap_err().to_string();
    assert!(error.contains("moments") && error.contains("fc1.bias"), "{error}");
    Ok(())
}

/// A learning rate of 0 leaves a layer out of the optimizer, and a wrapper around it may have the same
/// variables.
#[test]
fn a_group_without_a_learning_rate_is_frozen() -> Result<()> {
    let of = |is_noisy: bool| -> Result<Trainer> {
        let mut parts = Parts::new(&SEEDS, 3)?;
        let options = AdamOptions::default().learning_rate(0.02);
        let adam = Adam::grouped(trainable_vars(&parts.varmap), options, |name, _| {
            Group::default().learning_rate(if name.starts_with("fc1.") { 0. } else { 1. })
        })?;
        parts.optimizer = AnyOptimizer::from(adam);
        if is_noisy {
            let (vars, nb) = (others(&parts, "fc1"), parts.noisemap.builder().pp("gradients"));
            let options = GradientNoiseOptions::default().eta(0.);
            let noisy = GradientNoise::over_vars(parts.optimizer, vars, options, nb)?;
            parts.optimizer = AnyOptimizer::from(noisy);
        }
        parts.trainer()
    };
    let error = of(false)?.epoch().unwrap_err().to_string();
    assert!(error.contains("received fc1.bias of shape"), "{error}");
    let expected = train(trainer(3, "fc1")?.with_frozen(&["fc1"])?)?;
    for is_noisy in [false, true] {
        let found = train(of(is_noisy)?.with_frozen(&["fc1"])?)?;
        assert_eq!(weights(&found, "")?, weights(&expected, "")?);
    }
    Ok(())
}

/// The model's answer from two of its four variables, and from all of them.
struct Forgets(Model, Tensor);

impl ModuleT for Forgets {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let constant = self.0.forward_t(xs, train)?.detach();
        constant.broadcast_add(&self.1)
    }
}

#[test]
fn a_variable_without_a_gradient_is_named_in_the_first_step() -> Result<()> {
    let parts = Parts::new(&SEEDS, 2)?;
    let vars = trainable_vars(&parts.varmap);
    let bias = vars.iter().find(|(name, _)| name == "fc2.bias").unwrap().1.as_tensor().clone();
    let model = Model::new(Forgets(parts.model.clone(), bias));
    let mut forgets = Parts { model, ..parts }.trainer()?;
    let error = forgets.epoch().unwrap_err().to_string();
    assert!(error.contains("none for 3 of 4"), "{error}");
    assert!(error.contains("fc1.weight of shape [2, 2, 32]"), "{error}");
    assert!(!error.contains("fc2.bias"), "{error}");
    Ok(())
}
