//! A training that is interrupted and resumed is the one that was not, bit for bit.

#[cfg(feature = "experiment")]
mod files;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{Optimizer, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::Samples;
use candle_noise::model::Mlp;
use candle_noise::nn::{Model, replicated_vars, sorted_vars};
use candle_noise::noise::{NoiseSpec, Slots};
use candle_noise::optim::{Adam, AdamOptions, AnyOptimizer};
use candle_noise::train::{Checkpoint, EarlyStopping, History, TrainOptions, Trainer};

pub const SEEDS: [u64; 2] = [3, 4];
const HALF: usize = 60;
const WHOLE: usize = 100;

/// Labels with errors, so that a network soon learns what is not in the validation rows.
fn samples(first: usize, rows: usize, device: &Device) -> Result<Samples> {
    let value = |i: usize| ((i * 37 + 11) % 29) as f32 / 14.5 - 1.;
    let xs: Vec<f32> = (2 * first..2 * (first + rows)).map(value).collect();
    let label = |(i, x): (usize, &[f32])| f32::from((x[0] > x[1]) != (i % 3 == 0));
    let ys: Vec<f32> = xs.chunks(2).enumerate().map(label).collect();
    Samples::replicated(
        &Tensor::from_vec(xs, (1, rows, 2), device)?,
        &Tensor::from_vec(ys, (1, rows), device)?,
    )
}

/// What a training is made of, each part of which may be exchanged.
pub struct Parts {
    pub model: Model,
    pub varmap: VarMap,
    pub noisemap: NoiseMap,
    pub optimizer: AnyOptimizer,
    pub sets: [Samples; 2],
    pub options: TrainOptions,
}

/// The variables in the order of their names.
pub fn vars(varmap: &VarMap) -> Vec<Var> {
    sorted_vars(varmap).into_iter().map(|(_, var)| var).collect()
}

/// Adam of these variables.
pub fn adam(vars: Vec<Var>) -> Result<AnyOptimizer> {
    Ok(AnyOptimizer::from(Adam::new(vars, AdamOptions::default().learning_rate(0.02))?))
}

impl Parts {
    pub fn new(seeds: &[u64], epochs: usize) -> Result<Self> {
        Self::on(&Device::Cpu, seeds, epochs)
    }

    pub fn on(device: &Device, seeds: &[u64], epochs: usize) -> Result<Self> {
        let (varmap, noisemap) = (VarMap::new(), NoiseMap::replicated(seeds));
        let vb = replicated_vars(&varmap, seeds, DType::F32, device);
        let noise =
            [NoiseSpec::gaussian("input", 0.05)?, NoiseSpec::gaussian("after-activation", 0.1)?];
        let slots = Slots::new(&noisemap, &noise)?;
        let model = Mlp { inputs: 2, hidden: vec![32], outputs: 1, activation: Default::default() }
            .build(&vb, &slots)?;
        slots.finish()?;
        Ok(Self {
            model: Model::new(model),
            optimizer: adam(vars(&varmap))?,
            varmap,
            noisemap,
            sets: [samples(0, 30, device)?, samples(30, 20, device)?],
            options: TrainOptions::new(epochs).batch_size(8).seeds(seeds),
        })
    }

    /// Training before its first epoch, without validation.
    pub fn trainer(self) -> Result<Trainer> {
        let Self { model, varmap, noisemap, optimizer, sets: [train, _], options } = self;
        Ok(Trainer::new(model, &varmap, optimizer, train, options)?.with_noise(&noisemap))
    }

    /// Trains on from a checkpoint, or from the start, to the last epoch; gives the state there and
    /// the curves and the weights that training ends with.
    pub fn train(self, from: Option<&Checkpoint>, patience: usize) -> Result<Trained> {
        let validation = self.sets[1].clone();
        let rule = EarlyStopping::new(patience).restore_best();
        let mut trainer = self.trainer()?.with_validation(validation)?.with_early_stopping(rule)?;
        if let Some(checkpoint) = from {
            trainer.resume(checkpoint)?;
        }
        while !trainer.has_ended() {
            trainer.epoch()?;
        }
        let state = trainer.checkpoint()?;
        trainer.finish()?;
        let weights = vars(trainer.varmap());
        let weights = weights.iter().map(|var| values(var)).collect::<Result<_>>()?;
        Ok(Trained { state, history: trainer.history().clone(), weights })
    }
}

pub struct Trained {
    pub state: Checkpoint,
    pub history: History,
    pub weights: Vec<Vec<f32>>,
}

pub fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

/// The checkpoint that comes back from a file, with the feature that has such files.
#[cfg(feature = "experiment")]
pub use files::read_back;

#[cfg(not(feature = "experiment"))]
pub fn read_back(checkpoint: &Checkpoint) -> Result<Checkpoint> {
    Ok(checkpoint.clone())
}

fn run(epochs: usize, from: Option<&Checkpoint>) -> Result<Trained> {
    Parts::new(&SEEDS, epochs)?.train(from, WHOLE)
}

#[test]
fn resumed_is_uninterrupted_and_every_part_of_the_state_is_needed() -> Result<()> {
    let (start, half, whole) = (run(1, None)?.state, run(HALF, None)?.state, run(WHOLE, None)?);
    let resumed = run(WHOLE, Some(&read_back(&half)?))?;
    assert_eq!(resumed.history, whole.history);
    assert_eq!(resumed.weights, whole.weights);
    assert_eq!(
        format!("{:?}", resumed.state.noise_steps),
        format!("{:?}", whole.state.noise_steps)
    );

    let best = whole.history.replicas.iter().map(|replica| replica.restored_epoch.unwrap());
    assert!(best.clone().any(|epoch| epoch < HALF), "{:?}", best.collect::<Vec<_>>());

    type Drop = fn(&mut Checkpoint, &Checkpoint);
    let drops: [(&str, Drop); 7] = [
        ("weights", |own, start| own.weights = start.weights.clone()),
        ("kept weights", |own, start| own.kept = start.kept.clone()),
        ("moments", |own, start| own.moments = start.moments.clone()),
        ("optimizer steps", |own, start| own.optimizer_steps = start.optimizer_steps),
        ("noise steps", |own, start| own.noise_steps = start.noise_steps.clone()),
        ("curves, early stopping", |own, start| own.history = start.history.clone()),
        ("epoch, shuffling", |own, start| own.epoch = start.epoch),
    ];
    for (part, drop) in drops {
        let mut damaged = half.clone();
        drop(&mut damaged, &start);
        let same = run(WHOLE, Some(&damaged)).is_ok_and(|resumed| {
            resumed.history == whole.history && resumed.weights == whole.weights
        });
        assert!(!same, "resumed without {part}, and nothing shows it");
    }
    Ok(())
}

/// The optimizer may have its variables in any order, such as that of `VarMap::all_vars`.
#[test]
fn moments_are_found_by_the_names_of_their_variables() -> Result<()> {
    let (half, whole) = (run(HALF, None)?.state, run(WHOLE, None)?);
    let mut parts = Parts::new(&SEEDS, WHOLE)?;
    let mut vars = vars(&parts.varmap);
    vars.reverse();
    parts.optimizer = adam(vars)?;
    let resumed = parts.train(Some(&half), WHOLE)?;
    assert_eq!(resumed.history, whole.history);
    assert_eq!(resumed.weights, whole.weights);

    let mut others = Parts::new(&SEEDS, WHOLE)?;
    others.optimizer = Parts::new(&SEEDS, WHOLE)?.optimizer;
    let error = others.train(Some(&half), WHOLE).err().unwrap().to_string();
    assert!(error.contains("a variable of shape") && error.contains("do not have"), "{error}");
    Ok(())
}

/// As a schedule leaves them: the constructor's are others.
#[test]
fn strengths_of_noise_are_kept() -> Result<()> {
    let quiet = |mut state: Checkpoint| {
        state.noise_strengths.values_mut().for_each(|strengths| strengths.fill(0.02));
        state
    };
    let half = read_back(&quiet(run(HALF, None)?.state))?;
    let resumed = run(WHOLE, Some(&half))?;
    assert!(resumed.state.noise_strengths.values().flatten().all(|strength| *strength == 0.02));
    assert!(resumed.history != run(WHOLE, None)?.history);
    Ok(())
}

/// Each site of noise has steps of its own.
#[test]
fn the_steps_of_every_noise_site_are_needed() -> Result<()> {
    let (half, whole) = (run(HALF, None)?.state, run(WHOLE, None)?);
    assert_eq!(half.noise_steps.len(), 2);
    for path in half.noise_steps.keys() {
        let mut damaged = half.clone();
        damaged.noise_steps.insert(path.clone(), vec![0; SEEDS.len()]);
        assert!(run(WHOLE, Some(&damaged))?.history != whole.history, "{path}");
    }
    Ok(())
}
