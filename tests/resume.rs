//! A training that is interrupted and resumed is the one that was not, bit for bit.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Optimizer, VarMap};
use candle_noise::NoiseMap;
use candle_noise::data::Samples;
use candle_noise::model::{Mlp, Placement};
use candle_noise::nn::{SequentialT, replicated_vars, sorted_vars};
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{Checkpoint, Checkpoints, EarlyStopping, Fit, FitOptions, History};
use serde_json::json;
use sha2::{Digest, Sha256};

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

pub struct Parts {
    pub model: SequentialT,
    pub varmap: VarMap,
    noisemap: NoiseMap,
    pub adam: Adam,
    pub sets: [Samples; 2],
    pub options: FitOptions,
}

impl Parts {
    pub fn new(seeds: &[u64], epochs: usize) -> Result<Self> {
        Self::on(&Device::Cpu, seeds, epochs)
    }

    pub fn on(device: &Device, seeds: &[u64], epochs: usize) -> Result<Self> {
        let (varmap, noisemap) = (VarMap::new(), NoiseMap::replicated(seeds));
        let vb = replicated_vars(&varmap, seeds, DType::F32, device);
        let spread = |stddev| vec![stddev; seeds.len()];
        let noise = [(Placement::Input, spread(0.05)), (Placement::AfterActivation, spread(0.1))];
        let network = Mlp { inputs: 2, hidden: vec![32], outputs: 1 };
        let model = network.build(&vb, &noisemap.builder(), &noise)?;
        let options = AdamOptions { learning_rate: 0.02, ..Default::default() };
        let adam = Adam::new(sorted_vars(&varmap).into_iter().map(|(_, v)| v).collect(), options)?;
        let options =
            FitOptions { epochs, batch_size: 8, seeds: seeds.to_vec(), ..Default::default() };
        Ok(Self {
            model,
            varmap,
            noisemap,
            adam,
            sets: [samples(0, 30, device)?, samples(30, 20, device)?],
            options,
        })
    }

    /// Trains on from a checkpoint, or from the start, to the last epoch; gives the state there and
    /// the curves and the weights that training ends with.
    pub fn train(mut self, from: Option<&Checkpoint>, patience: usize) -> Result<Trained> {
        let [train, validation] = &self.sets;
        let stopping = EarlyStopping::new(&self.varmap, patience, true)?;
        let mut fit =
            Fit::new(&self.model, &mut self.adam, train, Some(validation), &self.options)?
                .with_early_stopping(stopping)?;
        if let Some(checkpoint) = from {
            fit.resume(checkpoint, &self.varmap, &self.noisemap)?;
        }
        while !fit.has_ended() {
            fit.epoch(&mut ())?;
        }
        let state = fit.checkpoint(&self.varmap, &self.noisemap)?;
        let history = fit.finish()?;
        let weights = sorted_vars(&self.varmap).into_iter();
        let weights = weights.map(|(_, var)| values(&var)).collect::<Result<_>>()?;
        Ok(Trained { state, history, weights })
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

fn run(epochs: usize, from: Option<&Checkpoint>) -> Result<Trained> {
    Parts::new(&SEEDS, epochs)?.train(from, WHOLE)
}

#[test]
fn resumed_is_uninterrupted_and_every_part_of_the_state_is_needed() -> Result<()> {
    let (start, half, whole) = (run(1, None)?.state, run(HALF, None)?.state, run(WHOLE, None)?);
    let folder = tempfile::tempdir()?;
    let checkpoints = Checkpoints::new(folder.path(), "run", json!({}));
    checkpoints.save(&half).unwrap();
    let read = checkpoints.latest(&mut |line| panic!("{line}")).unwrap().unwrap();
    let resumed = run(WHOLE, Some(&read))?;
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
        let resumed = run(WHOLE, Some(&damaged))?;
        let same = resumed.history == whole.history && resumed.weights == whole.weights;
        assert!(!same, "resumed without {part}, and nothing shows it");
    }
    Ok(())
}

/// The optimizer may have its variables in any order, such as that of `VarMap::all_vars`.
#[test]
fn moments_are_found_by_the_names_of_their_variables() -> Result<()> {
    let (half, whole) = (run(HALF, None)?.state, run(WHOLE, None)?);
    let mut parts = Parts::new(&SEEDS, WHOLE)?;
    let mut vars: Vec<_> = sorted_vars(&parts.varmap).into_iter().map(|(_, var)| var).collect();
    vars.reverse();
    parts.adam = Adam::new(vars, parts.adam.options())?;
    let resumed = parts.train(Some(&half), WHOLE)?;
    assert_eq!(resumed.history, whole.history);
    assert_eq!(resumed.weights, whole.weights);

    let mut others = Parts::new(&SEEDS, WHOLE)?;
    others.adam = Parts::new(&SEEDS, WHOLE)?.adam;
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
    let folder = tempfile::tempdir()?;
    let checkpoints = Checkpoints::new(folder.path(), "run", json!({}));
    checkpoints.save(&quiet(run(HALF, None)?.state)).unwrap();
    let half = checkpoints.latest(&mut |line| panic!("{line}")).unwrap().unwrap();
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

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn saved(folder: &Path, epochs: &[usize]) -> Result<(Checkpoints, Vec<PathBuf>)> {
    let checkpoints = Checkpoints::new(folder, "run", json!({ "batch_size": 8 }));
    for &epoch in epochs {
        checkpoints.save(&run(epoch, None)?.state).unwrap();
    }
    let path = |epoch| folder.join(format!("run.epoch-{epoch}.safetensors"));
    Ok((checkpoints, epochs.iter().map(path).collect()))
}

#[test]
fn the_last_two_checkpoints_are_kept() -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("notes.txt"), "mine")?;
    let (checkpoints, _) = saved(folder.path(), &[2, 9, 11])?;
    let kept = ["notes.txt", "run.epoch-11.safetensors", "run.epoch-9.safetensors"];
    assert_eq!(names(folder.path()), kept);
    assert_eq!(checkpoints.latest(&mut |line| panic!("{line}")).unwrap().unwrap().epoch, 11);
    assert_eq!(Checkpoints::names(folder.path()).unwrap(), ["run"]);

    // A training that starts over: what is later is of the one before.
    saved(folder.path(), &[10])?;
    let kept = ["notes.txt", "run.epoch-10.safetensors", "run.epoch-9.safetensors"];
    assert_eq!(names(folder.path()), kept);
    assert_eq!(Checkpoints::paths(folder.path()).unwrap().len(), 2);
    Ok(())
}

/// Any byte of the file may be wrong, and any part of it missing.
#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_used() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (checkpoints, paths) = saved(folder.path(), &[2, 3])?;
    let whole = fs::read(&paths[1])?;
    let header = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let flip = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    let places = [0, 8, 9, header / 2, header + 7, header + 8, whole.len() / 2, whole.len() - 1];
    let cut = [0, 7, 8, header, whole.len() - 1].map(|len| whole[..len].to_vec());
    for bytes in places.map(flip).into_iter().chain(cut) {
        fs::write(&paths[1], bytes)?;
        let mut lines = Vec::new();
        let found = checkpoints.latest(&mut |line| lines.push(line)).unwrap().unwrap();
        assert_eq!(found.epoch, 2);
        assert!(
            lines.len() == 1 && lines[0].contains("run.epoch-3.safetensors is damaged ("),
            "{lines:?}"
        );
        assert!(paths[1].with_extension("damaged").exists() && !paths[1].exists());
    }
    fs::write(&paths[0], "nonsense")?;
    assert!(checkpoints.latest(&mut |_| ()).unwrap().is_none());
    Ok(())
}

/// Any of its fields under another name, with a correct checksum.
#[test]
fn a_checkpoint_of_another_version_is_named_and_left_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (checkpoints, paths) = saved(folder.path(), &[2])?;
    let whole = fs::read(&paths[0])?;
    let sealed = |from: &str, to: &str| {
        let (mut bytes, find) = (whole.clone(), |bytes: &[u8], text: &str| {
            bytes.windows(text.len()).position(|part| part == text.as_bytes()).unwrap()
        });
        let place = find(&bytes, from);
        bytes[place..place + from.len()].copy_from_slice(to.as_bytes());
        let sum = find(&bytes, "\"sha256\":\"") + "\"sha256\":\"".len();
        bytes[sum..sum + 64].fill(b'0');
        let digits: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        bytes[sum..sum + 64].copy_from_slice(digits.as_bytes());
        bytes
    };
    for (from, to, expected) in [
        ("early_stopped", "early_halted!", "another version"),
        ("optimizer_steps", "optimizer_turns", "another version"),
        ("\"run\":", "\"ran\":", "another version: it has no run"),
        ("weights.", "veights.", "another version: it has an unknown tensor veights."),
        ("clean_loss", "clean_cost", "another version: it has no history.0.clean_loss"),
        (
            "\"format\":\"2\"",
            "\"format\":\"1\"",
            "an earlier version: expected format 2, received 1",
        ),
        ("\"format\":\"2\"", "\"format\":\"3\"", "a newer version: expected format 2, received 3"),
        ("\"format\":\"2\"", "\"farmat\":\"2\"", "another version: it has no format"),
    ] {
        fs::write(&paths[0], sealed(from, to))?;
        let error = checkpoints.latest(&mut |line| panic!("{line}")).unwrap_err().to_string();
        assert!(error.contains(&format!("was written by {expected}")), "{to}: {error}");
        assert_eq!(fs::read(&paths[0])?, sealed(from, to), "{to}");
    }
    fs::write(&paths[0], sealed("run", "run"))?;
    assert_eq!(checkpoints.latest(&mut |line| panic!("{line}")).unwrap().unwrap().epoch, 2);
    Ok(())
}

#[test]
fn checkpoints_of_another_run_or_model_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_, paths) = saved(folder.path(), &[2])?;
    let other = Checkpoints::new(folder.path(), "run", json!({ "batch_size": 9 }));
    let error = other.latest(&mut |line| panic!("{line}")).unwrap_err().to_string();
    assert!(error.contains("expected batch size 9, received 8"), "{error}");
    assert!(paths[0].exists(), "it is not harmed");

    let refused = |state: &Checkpoint| match run(4, Some(state)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it was not refused"),
    };
    let state = run(2, None)?.state;
    assert!(refused(&run(5, None)?.state).contains("at most 4 epochs, received one of 5"));
    assert!(refused(&Checkpoint { seeds: vec![1, 2], ..state.clone() }).contains("[1, 2]"));
    assert!(refused(&Checkpoint { kept: Default::default(), ..state.clone() }).contains("kept"));
    assert!(
        refused(&Checkpoint { moments: Default::default(), ..state.clone() }).contains("moments")
    );
    assert!(refused(&Checkpoint { noise_steps: Default::default(), ..state }).contains("noise"));
    Ok(())
}
