//! Weight noise between a training pass and its step: what else happens there is an error, or sees
//! and saves clean weights.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Error, Result, Tensor, Var};
use candle_nn::{ModuleT, Optimizer, SGD, VarMap, linear};
use candle_noise::NoiseMap;
use candle_noise::data::Samples;
use candle_noise::nn::{Model, seeded_vars, sorted_vars, trainable_vars};
use candle_noise::noise::{CleanOptimizer, NoisyModel, WeightNoise};
use candle_noise::optim::{Adam, AdamOptions, GradientNoise, GradientNoiseOptions, SaveState};
use candle_noise::train::{History, Predictor, TrainOptions, Trainer, fit};

use crate::resume::values;

/// A model with weight noise, an optimizer for it, and one without the wrapper.
struct Noisy {
    varmap: VarMap,
    map: NoiseMap,
    noise: WeightNoise,
    model: NoisyModel<Model>,
    optimizer: CleanOptimizer<Adam>,
    bare: SGD,
}

impl Noisy {
    fn new(stddev: f64) -> Result<Self> {
        let (varmap, map) = (VarMap::new(), NoiseMap::new(1));
        let model = linear(2, 1, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
        let noise = WeightNoise::new(&varmap, stddev, map.builder())?;
        let vars = || trainable_vars(&varmap).into_iter().map(|(_, var)| var).collect::<Vec<Var>>();
        Ok(Self {
            model: noise.model(Model::new(model)),
            optimizer: noise.optimizer(Adam::new(vars(), AdamOptions::default())?),
            bare: SGD::new(vars(), 0.5)?,
            varmap,
            map,
            noise,
        })
    }

    fn weights(&self) -> Result<Vec<Vec<f32>>> {
        sorted_vars(&self.varmap).iter().map(|(_, var)| values(var)).collect()
    }

    fn pass(&self) -> Result<GradStore> {
        self.model.forward_t(&inputs()?, true)?.sqr()?.sum_all()?.backward()
    }
}

fn inputs() -> Result<Tensor> {
    Tensor::new(&[[1f32, 2.], [3., -1.], [0.5, 0.]], &Device::Cpu)
}

fn samples() -> Result<Samples> {
    Samples::new(&inputs()?, &Tensor::new(&[0f32, 1., 1.], &Device::Cpu)?)
}

fn message<T>(result: Result<T>) -> String {
    result.err().expect("an error").to_string()
}

/// By the loop, in batches and in one: the second pass or the evaluation finds it.
#[test]
fn an_optimizer_without_the_wrapper_is_found() -> Result<()> {
    let fails = |batch_size: usize| -> Result<String> {
        let Noisy { model, mut bare, .. } = Noisy::new(0.1)?;
        let options = TrainOptions::new(50).batch_size(batch_size);
        Ok(message(fit(&model, &mut bare, &samples()?, None, &options, History::default())))
    };
    let error = fails(1)?;
    assert!(error.contains("optimizer that `WeightNoise::optimizer` makes"), "{error}");
    assert!(error.contains("received a second training pass"), "{error}");
    let error = fails(32)?;
    let expected = "received another change of the variable \"bias\" after a training pass";
    assert!(error.contains(expected), "{error}");

    let mut own = Noisy::new(0.1)?;
    let grads = own.pass()?;
    own.bare.step(&grads)?;
    let error = message(own.noise.restore());
    assert!(error.contains(expected), "{error}");
    // Without noise there is nothing to restore.
    let Noisy { model, mut bare, .. } = Noisy::new(0.)?;
    fit(
        &model,
        &mut bare,
        &samples()?,
        None,
        &TrainOptions::new(3).batch_size(1),
        History::default(),
    )?;
    Ok(())
}

#[test]
fn two_passes_before_one_step_are_an_error_that_changes_nothing() -> Result<()> {
    let mut own = Noisy::new(0.1)?;
    let clean = own.weights()?;
    let grads = own.pass()?;
    let (noisy, steps) = (own.weights()?, own.map.steps());
    assert!(message(own.pass()).contains("received a second training pass"));
    assert_eq!((own.weights()?, own.map.steps()), (noisy, steps));
    own.optimizer.step(&grads)?;
    own.pass()?;
    own.noise.restore()?;
    let restored = own.weights()?;
    assert_ne!(restored, clean, "the step is kept");
    own.pass()?;
    own.noise.restore()?;
    assert_eq!(own.weights()?, restored);
    Ok(())
}

/// A model without the wrapper would train without noise.
#[test]
fn a_step_without_a_noisy_pass_is_an_error() -> Result<()> {
    let mut own = Noisy::new(0.1)?;
    let loss = |model: &dyn ModuleT| model.forward_t(&inputs()?, true)?.sqr()?.sum_all();
    let grads = loss(own.model.inner())?.backward()?;
    let (clean, error) = (own.weights()?, message(own.optimizer.step(&grads)));
    assert!(error.contains("a training pass of the model that `WeightNoise::model`"), "{error}");
    assert_eq!(own.weights()?, clean);
    let grads = own.pass()?;
    own.optimizer.step(&grads)?;
    let again = message(own.optimizer.step(&grads));
    assert!(again.contains("before each step, received none"), "{again}");
    Ok(())
}

/// The backward pass is over, so clean weights between it and the step change no bit.
#[test]
fn weights_are_saved_clean_after_a_restore() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let saved = |own: &Noisy| -> Result<Vec<Vec<f32>>> {
        let file = folder.path().join("weights.safetensors");
        own.varmap.save(&file)?;
        let tensors = candle_core::safetensors::load(&file, &Device::Cpu)?;
        sorted_vars(&own.varmap).iter().map(|(name, _)| values(&tensors[name])).collect()
    };
    let (mut own, mut other) = (Noisy::new(0.1)?, Noisy::new(0.1)?);
    let clean = saved(&own)?;
    let (grads, others) = (own.pass()?, other.pass()?);
    assert_ne!(saved(&own)?, clean, "`VarMap::save` is Candle's");
    let error = message(own.optimizer.state());
    assert!(error.contains("expected clean weights to save"), "{error}");
    own.noise.restore()?;
    assert_eq!(saved(&own)?, clean);
    own.optimizer.state()?;
    own.optimizer.step(&grads)?;
    other.optimizer.step(&others)?;
    assert_eq!(saved(&own)?, saved(&other)?);
    Ok(())
}

#[test]
fn evaluations_and_predictions_see_clean_weights_at_any_time() -> Result<()> {
    let mut own = Noisy::new(0.1)?;
    let xs = inputs()?;
    let clean = values(&own.model.forward_t(&xs, false)?)?;
    let grads = own.pass()?;
    let noisy = own.weights()?;
    assert_eq!(values(&own.model.forward_t(&xs, false)?)?, clean);
    assert_eq!(own.weights()?, noisy, "the backward pass may follow");
    let Noisy { ref noise, .. } = own;
    let predictor = Predictor::new(Model::new(noise.model(own.model.inner().clone())));
    assert_eq!(values(&predictor.outputs(&samples()?)?)?, clean);
    own.optimizer.step(&grads)?;
    Ok(())
}

/// Weights that were loaded between a pass and its step are not overwritten.
#[test]
fn loaded_weights_stay() -> Result<()> {
    let own = Noisy::new(0.1)?;
    own.pass()?;
    for (_, var) in sorted_vars(&own.varmap) {
        var.set(&var.ones_like()?)?;
    }
    let error = message(own.noise.restore());
    assert!(error.contains("received another change of the variable"), "{error}");
    let Noisy { varmap, noise, model, optimizer, .. } = own;
    drop((noise, model, optimizer));
    for (name, var) in sorted_vars(&varmap) {
        assert!(values(&var)?.iter().all(|x| *x == 1.), "{name}");
    }
    Ok(())
}

/// A model that fails in a training pass after others.
struct FailsAt(Model, std::sync::atomic::AtomicUsize);

impl ModuleT for FailsAt {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        use std::sync::atomic::Ordering::SeqCst;
        if train && self.1.fetch_sub(1, SeqCst) == 0 {
            return Err(Error::Msg("no pass today".to_string()));
        }
        self.0.forward_t(xs, train)
    }
}

#[test]
fn a_pass_that_fails_leaves_clean_weights() -> Result<()> {
    let own = Noisy::new(0.1)?;
    let clean = own.weights()?;
    let model = own.noise.model(FailsAt(own.model.inner().clone(), 0.into()));
    assert_eq!(message(model.forward_t(&inputs()?, true)), "no pass today");
    assert_eq!(own.weights()?, clean);
    own.pass()?;
    Ok(())
}

/// An optimizer that fails before its third step, around a clean one.
struct FailingStep<O>(O, usize);

impl<O: Optimizer> Optimizer for FailingStep<O> {
    type Config = (O::Config, usize);

    fn new(vars: Vec<Var>, (config, steps): Self::Config) -> Result<Self> {
        Ok(Self(O::new(vars, config)?, steps))
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        match self.1 {
            0 => Err(Error::Msg("no step today".to_string())),
            _ => {
                self.1 -= 1;
                self.0.step(grads)
            }
        }
    }

    fn learning_rate(&self) -> f64 {
        self.0.learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.0.set_learning_rate(learning_rate);
    }
}

impl<O: SaveState> SaveState for FailingStep<O> {
    fn vars(&self) -> Vec<Var> {
        self.0.vars()
    }

    fn state(&self) -> Result<candle_noise::optim::OptimizerState> {
        self.0.state()
    }

    fn set_state(&mut self, state: &candle_noise::optim::OptimizerState) -> Result<()> {
        self.1 = 99;
        self.0.set_state(state)
    }

    fn abandon_pass(&self) -> Result<()> {
        self.0.abandon_pass()
    }
}

/// The weights are clean, those of the last step; only an earlier checkpoint is one, and training
/// continues from it to the bits of a training without the failure.
#[test]
fn an_epoch_that_fails_between_a_pass_and_its_step_can_be_resumed() -> Result<()> {
    let trainer = |steps: usize| -> Result<(Trainer, Model)> {
        let Noisy { varmap, map, model, optimizer, .. } = Noisy::new(0.1)?;
        let options = GradientNoiseOptions::default();
        let nb = map.builder().pp("gradients");
        let optimizer = GradientNoise::over(optimizer, &varmap, options, nb)?;
        let (optimizer, inner) = (FailingStep(optimizer, steps), model.inner().clone());
        let options = TrainOptions::new(4).batch_size(1);
        let trainer = Trainer::new(Model::new(model), &varmap, optimizer, samples()?, options)?;
        Ok((trainer.with_noise(&map), inner))
    };
    let weights = |trainer: &Trainer| -> Result<Vec<Vec<f32>>> {
        sorted_vars(trainer.varmap()).iter().map(|(_, var)| values(var)).collect()
    };
    let ((mut whole, _), (mut broken, inner)) = (trainer(99)?, trainer(4)?);
    broken.epoch()?;
    let state = broken.checkpoint()?;
    assert_eq!(message(broken.epoch()), "no step today");
    let clean = broken.predictor().outputs(&samples()?)?;
    assert_eq!(values(&inner.forward_t(&inputs()?, false)?)?, values(&clean)?);
    for error in [message(broken.checkpoint()), message(broken.epoch())] {
        let expected = "the state after 1 finished epochs, but an epoch failed on the way";
        assert!(error.contains(expected), "{error}");
    }
    broken.resume(&state)?;
    while !whole.has_ended() {
        whole.epoch()?;
    }
    while !broken.has_ended() {
        broken.epoch()?;
    }
    assert_eq!((weights(&broken)?, broken.history()), (weights(&whole)?, whole.history()));
    Ok(())
}

/// A variable that the loss does not depend on would be perturbed for nothing: here one that a layer
/// writes itself.
#[test]
fn noise_on_a_variable_without_a_gradient_is_an_error() -> Result<()> {
    let (varmap, map) = (VarMap::new(), NoiseMap::new(1));
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let layer = linear(2, 1, vb.pp("fc"))?;
    vb.get(3, "count")?;
    vb.get(2, "spare")?;
    let noise = WeightNoise::new(&varmap, 0.1, map.builder())?;
    let vars = trainable_vars(&varmap).into_iter().map(|(_, var)| var).collect();
    let (model, mut sgd) = (noise.model(layer), noise.optimizer(SGD::new(vars, 0.1)?));
    let grads = model.forward_t(&inputs()?, true)?.sum_all()?.backward()?;
    let error = message(sgd.step(&grads));
    let expected = "WeightNoise: expected a gradient for each variable, received none for 2 of 4";
    assert!(error.contains(expected), "{error}");
    assert!(error.contains("count of shape [3], spare of shape [2]"), "{error}");
    assert!(error.contains("if they are called running_mean or running_var"), "{error}");
    Ok(())
}
