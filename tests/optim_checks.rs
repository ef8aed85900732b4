//! What optimizers check in a step and of a state.

use std::collections::HashMap;

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{Optimizer, VarMap};
use candle_noise::nn::{Model, trainable_vars};
use candle_noise::optim::{
    Adam, AdamOptions, ClipGradients, ClipOptions, MaxNorm, MaxNormOptions, OptimizerState,
    SaveState, Sgd, SgdOptions,
};
use candle_noise::train::{TrainOptions, Trainer};

use crate::resume::values;
use crate::variables::{fc, message, samples, sgd};

#[test]
fn learning_rates_are_checked_where_they_are_used() -> Result<()> {
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let varmap = VarMap::new();
        let model = fc(&varmap)?;
        let before = values(&trainable_vars(&varmap)[1].1)?;
        let loss = (model.weight().sum_all()? + model.bias().unwrap().sum_all()?)?;
        let mut adam = Adam::of(&varmap, AdamOptions::default())?;
        let mut sgd = sgd(trainable_vars(&varmap), 0.1)?;
        adam.set_learning_rate(bad);
        sgd.set_learning_rate(bad);
        for error in [message(adam.backward_step(&loss)), message(sgd.backward_step(&loss))] {
            let expected = format!("learning_rate must be finite and at least 0, received {bad}");
            assert!(error.contains(&expected), "{error}");
        }
        adam.set_learning_rate(0.1);
        let options = TrainOptions::new(2);
        let mut trainer = Trainer::new(Model::new(model), &varmap, adam, samples()?, options)?;
        trainer.set_learning_rate(bad);
        assert!(message(trainer.epoch()).contains(&format!("received {bad}")));
        assert_eq!(values(&trainable_vars(&varmap)[1].1)?, before);
        trainer.set_learning_rate(0.1);
        trainer.epoch()?;
    }
    Ok(())
}

#[test]
fn invalid_states_are_rejected() -> Result<()> {
    let var = || Var::new(&[1f32], &Device::Cpu);
    let mut adam = Adam::new(vec![var()?], AdamOptions::default())?;
    let state = OptimizerState { steps: u64::MAX, ..adam.state()? };
    assert!(message(adam.set_state(&state)).contains("received 18446744073709551615"));
    let mut sgd = Sgd::new(vec![var()?], SgdOptions::default())?;
    let double = Sgd::new(vec![Var::new(&[1f64], &Device::Cpu)?], SgdOptions::default())?;
    let error = message(sgd.set_state(&double.state()?));
    let expected =
        "Sgd: expected moments of variable 0 in F32 of shape [1], received F64 of shape [1]";
    assert!(error.starts_with(expected), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.safetensors");
    let tensors = HashMap::from([("steps".to_string(), Tensor::new(-1i64, &Device::Cpu)?)]);
    candle_core::safetensors::save(&tensors, &file)?;
    let error = message(OptimizerState::load(&file));
    assert!(error.contains("state.safetensors: expected at least 0 steps"), "{error}");
    let missing = message(OptimizerState::load(folder.path().join("missing")));
    assert!(missing.contains("missing: No such file"), "{missing}");
    let varmap = VarMap::new();
    let model = fc(&varmap)?;
    let adam = Adam::of(&varmap, AdamOptions::default())?;
    let mut trainer =
        Trainer::new(Model::new(model), &varmap, adam, samples()?, TrainOptions::new(2))?;
    trainer.epoch()?;
    let mut checkpoint = trainer.checkpoint()?;
    checkpoint.optimizer_steps = u64::MAX;
    assert!(message(trainer.resume(&checkpoint)).contains("fewer than 2^63 steps"));
    Ok(())
}

#[test]
fn a_wrapper_of_fewer_variables_than_its_optimizer_says_so() -> Result<()> {
    let varmap = VarMap::new();
    let model = fc(&varmap)?;
    let vars = trainable_vars(&varmap);
    let inner = sgd(vars.clone(), 0.1)?;
    let mut clip = ClipGradients::over_vars(inner, vars[..1].to_vec(), ClipOptions::default())?;
    let loss = (model.weight().sum_all()? + model.bias().unwrap().sum_all()?)?;
    let error = message(clip.backward_step(&loss));
    assert!(error.contains("the wrapper's variables alone (1)"), "{error}");
    let axes = MaxNormOptions::default().axes(&[1, 1]);
    let twice = MaxNorm::over(sgd(vars.clone(), 0.1)?, vec![vars[1].1.clone()], axes);
    assert!(message(twice).contains("expected each axis once, received 1 twice"));
    Ok(())
}
