//! Readers of safetensors files.

use candle_core::{DType, Device, Tensor};
use candle_nn::{Optimizer, VarMap};

use crate::checkpoint::file::{Content, checksum_place, decode, encode};
use crate::files::sha256;
use crate::model::{Activation, Mlp};
use crate::nn::{Model, replicated_vars};
use crate::noise::{NoiseMap, NoiseSpec, Slots};
use crate::ops::read_tensors;
use crate::optim::{Adam, AdamOptions, OptimizerState};
use crate::task::{Circles, Draw, Hyper, Task};
use crate::train::{Checkpoint, EarlyStopping, TrainOptions, Trainer};

/// A checkpoint, as it is and with the checksum that it has. It is written as the same checkpoint, and a
/// trainer that takes it has the same state and trains on.
pub fn checkpoint(bytes: &[u8]) -> bool {
    let mut sealed = bytes.to_vec();
    if let Some(place) = checksum_place(bytes) {
        sealed[place..place + 64].fill(b'0');
        let sum = sha256(&sealed);
        sealed[place..place + 64].copy_from_slice(sum.as_bytes());
    }
    let Ok(Content::Whole(checkpoint, run)) = decode(sealed) else { return false };
    let again = decode(encode(&checkpoint, &run).unwrap());
    let Ok(Content::Whole(again, again_run)) = again else {
        panic!("a written checkpoint is whole")
    };
    assert_eq!((state(&again), again_run), (state(&checkpoint), run));
    let mut trainer = trainer();
    if trainer.resume(&checkpoint).is_err() {
        return false;
    }
    assert_eq!(state(&trainer.checkpoint().unwrap()), state(&checkpoint));
    // Strengths may be too large for the numbers of the weights.
    while !trainer.has_ended() {
        if trainer.epoch().is_err() {
            return false;
        }
    }
    trainer.finish().unwrap();
    true
}

/// Everything in a checkpoint.
fn state(checkpoint: &Checkpoint) -> String {
    let tensors = [&checkpoint.weights, &checkpoint.kept, &checkpoint.moments];
    let tensors =
        tensors.map(|set| set.iter().map(|(name, own)| (name, bits(own))).collect::<Vec<_>>());
    let Checkpoint { epoch, seeds, history, optimizer_steps, .. } = checkpoint;
    let noise = (&checkpoint.noise_steps, &checkpoint.noise_strengths);
    format!("{epoch} {seeds:?} {history:?} {optimizer_steps} {noise:?} {tensors:?}")
}

/// The dtype, shape and values of a tensor.
fn bits(tensor: &Tensor) -> String {
    let values = tensor.flatten_all().unwrap().to_dtype(DType::F64).unwrap();
    format!("{:?} {:?} {:?}", tensor.dtype(), tensor.dims(), values.to_vec1::<f64>().unwrap())
}

/// The training of `hidden_noise --samples 8 --train-size 4 --validation-size 2 --hidden 2 --epochs 3
/// --early-stopping 1 --restore-best`.
fn trainer() -> Trainer {
    let (task, hidden, varmap) = (Circles::new(8, 0.1).unwrap(), vec![2], VarMap::new());
    let draw = Draw { data_seed: 1, train_size: 4, validation_size: 2, ..Draw::default() };
    let parts = task.parts(&Hyper::default(), &draw, &Device::Cpu).unwrap();
    let noise = NoiseMap::replicated(&[0]);
    let spec = NoiseSpec::gaussian("before-activation", 0.1).unwrap();
    let slots = Slots::new(&noise, &[spec]).unwrap();
    let vb = replicated_vars(&varmap, &[0], DType::F32, &Device::Cpu);
    let model = Mlp { inputs: 2, hidden, outputs: 1, activation: Activation::Relu }
        .build(&vb, &slots)
        .unwrap();
    let adam = Adam::new(varmap.all_vars(), AdamOptions::default()).unwrap();
    let options = TrainOptions::new(3);
    let trainer = Trainer::new(Model::new(model), &varmap, adam, parts.train, options).unwrap();
    let trainer = trainer.with_noise(&noise).with_test(parts.test).unwrap();
    let trainer = trainer.with_validation(parts.validation.unwrap()).unwrap();
    trainer.with_early_stopping(EarlyStopping::new(1).restore_best()).unwrap()
}

/// A file of a noise map with two sites and two replicas. A map that takes it is written as the same
/// state; one that refuses it is as before.
pub fn noise_map(bytes: &[u8]) -> bool {
    let Ok(tensors) = read_tensors(bytes) else { return false };
    let (own, other) = (NoiseMap::replicated(&[1, 1 << 40]), NoiseMap::replicated(&[1, 1 << 40]));
    let state = |map: &NoiseMap| format!("{:?} {:?}", map.steps(), map.strengths());
    let slots = |map: &NoiseMap| {
        let noise = ["input:0.1", "hidden:dropout:0.5"].map(|text| text.parse().unwrap());
        let slots = Slots::new(map, &noise).unwrap();
        ["input", "hidden"].map(|place| slots.at(place).unwrap())
    };
    let _layers = [slots(&own), slots(&other)];
    if own.set_tensors(tensors).is_err() {
        assert_eq!(state(&own), state(&other));
        return false;
    }
    other.set_tensors(own.tensors().unwrap()).unwrap();
    assert_eq!(state(&own), state(&other));
    true
}

/// A file of the state of an optimizer. It is written as the same state.
pub fn optimizer_state(bytes: &[u8]) -> bool {
    let Ok(own) = read_tensors(bytes).and_then(OptimizerState::from_tensors) else { return false };
    let file = safetensors::serialize(own.tensors().unwrap(), None).unwrap();
    let other = OptimizerState::from_tensors(read_tensors(&file).unwrap()).unwrap();
    let moments = |own: &OptimizerState| own.moments.iter().map(bits).collect::<Vec<_>>();
    assert_eq!((own.steps, moments(&own)), (other.steps, moments(&other)));
    true
}
