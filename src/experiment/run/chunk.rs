//! One chunk: runs that differ only in seed and strengths, trained as replicas of one tensor program.

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor, Var};

use super::Event;
use crate::bundle::column_stds::column_stds;
use crate::data::Samples;
use crate::experiment::record::Run;
use crate::experiment::trial::{Built, Subject, Trial};
use crate::metric::{Predicted, Units};
use crate::nn::{Model, sorted_vars};
use crate::noise::{LabelNoise, NoiseSpec, Schedule, WeightNoise};
use crate::optim::{
    Adam, AdamOptions, AnyOptimizer, ClipGradients, ClipOptions, GradientNoise,
    GradientNoiseOptions,
};
use crate::task::{Axis, Parts, Recipe};
use crate::train::{Checkpoint, Mixup, ReplicaHistory, TrainOptions, Trainer};

/// Trained runs, in the order of the trials.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The curves of each.
    pub histories: Vec<ReplicaHistory>,
    /// The figures of each.
    pub runs: Vec<Run>,
    /// The weights by name, sorted: (R, …) on the CPU, NaN for runs that failed.
    pub weights: Vec<(String, Tensor)>,
    /// What each predicts for the test rows in the end.
    pub test: Vec<Predicted>,
    /// Whether each predicts each test row correctly in the end, if the primary metric counts that.
    pub test_hits: Vec<Option<Vec<bool>>>,
}

impl Trained {
    /// What the runs that did not fail predict for the test rows.
    pub fn predicted(&self) -> impl Iterator<Item = &Predicted> {
        let finished = self.runs.iter().zip(&self.test);
        finished.filter(|(run, _)| !run.has_failed()).map(|(_, rows)| rows)
    }

    /// How many test rows of each class were predicted as each, over the runs that did not fail: `classes`
    /// numbers for class 0, then for class 1 and so on.
    ///
    /// # Errors
    /// If a row has or is predicted as a class beyond `classes`.
    pub fn confusion(&self, classes: usize) -> Result<Vec<u64>> {
        let mut counts = vec![0; classes * classes];
        for rows in self.predicted() {
            for (label, own) in rows.labels().zip(rows.classes()) {
                let (label, own) = (label as usize, own as usize);
                ensure!(
                    label < classes && own < classes,
                    "expected {classes} classes, received a test row of class {label}, predicted as \
                     {own}"
                );
                counts[label * classes + own] += 1;
            }
        }
        Ok(counts)
    }

    /// `model.safetensors`: the weights by name, each with the replica axis first.
    ///
    /// # Errors
    /// None for weights of this crate.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        Ok(safetensors::serialize(self.weights.iter().map(|(name, w)| (name, w)), None)?)
    }

    /// The runs of several chunks one after the other.
    pub(super) fn joined(chunks: Vec<Self>) -> Result<Self> {
        let mut chunks = chunks.into_iter();
        let mut all = chunks.next().context("expected at least one chunk")?;
        let mut weights = vec![std::mem::take(&mut all.weights)];
        for chunk in chunks {
            let first = all.histories.len();
            for (mut history, mut run) in chunk.histories.into_iter().zip(chunk.runs) {
                for stop in history.stopped.iter_mut().chain(&mut run.stopped) {
                    stop.replica += first;
                }
                all.histories.push(history);
                all.runs.push(run);
            }
            weights.push(chunk.weights);
            all.test.extend(chunk.test);
            all.test_hits.extend(chunk.test_hits);
        }
        all.weights = joined_weights(weights)?;
        Ok(all)
    }
}

/// Trains a chunk, from a checkpoint if there is one. Before each epoch and after the last, or on a
/// GPU between launches of many epochs, `goes_on` sees the trainer; `None` if it ends the training on the way.
pub(super) fn train_chunk(
    subject: &Subject,
    trials: &[Trial],
    device: &Device,
    start: Option<&Checkpoint>,
    hear: &dyn Fn(Event),
    goes_on: &mut dyn FnMut(&Trainer) -> Result<bool>,
) -> Result<Option<Trained>> {
    let (parts, units) = subject.parts_of(trials, device)?;
    let sets = [Some(&parts.train), parts.validation.as_ref(), Some(&parts.test)];
    let mut trainer = trainer(subject, trials, sets, device)?;
    let mut heard = vec![false; trials.len()];
    if let Some(checkpoint) = start {
        let resumed = trainer.resume(checkpoint);
        resumed.context("--resume: the checkpoint does not fit this training")?;
        trainer.history().stops().for_each(|stop| heard[stop.replica] = true);
        hear(Event::Epochs(trainer.epoch_number() * trials.len()));
    }
    loop {
        let goes_on = goes_on(&trainer)?;
        if trainer.has_ended() {
            break;
        } else if !goes_on {
            return Ok(None);
        }
        let epochs = trainer.advance(usize::MAX)?;
        hear(Event::Epochs(epochs * trials.len()));
        for stop in trainer.history().stops() {
            if !std::mem::replace(&mut heard[stop.replica], true) {
                hear(Event::Stopped(stop.clone()));
            }
        }
    }
    trainer.finish()?;
    trained(subject, trials, &trainer, &parts, &units).map(Some)
}

/// The training of some trials before its first epoch, on training, validation and test rows.
pub(super) fn trainer(
    subject: &Subject,
    trials: &[Trial],
    [train, validation, test]: [Option<&Samples>; 3],
    device: &Device,
) -> Result<Trainer> {
    let first = trials.first().context("expected at least one run, received none")?;
    let hyper = &first.hyper;
    let seeds: Vec<u64> = trials.iter().map(|trial| trial.seed).collect();
    let strengths = |i: usize| trials.iter().map(|trial| trial.noise[i].strength()).collect();
    let placed: Vec<(NoiseSpec, Vec<f64>)> =
        first.noise.iter().enumerate().map(|(i, spec)| (spec.clone(), strengths(i))).collect();
    let at = |place: &str| placed.iter().find(|(spec, _)| spec.place() == place);
    let train = train.context("expected training rows, received none")?.clone();
    let stds = column_stds(&first.noise, &train)?;
    let Built { mut model, varmap, noise } =
        subject.build(hyper, &seeds, placed.clone(), stds, device)?;
    let nb = noise.builder();
    let Recipe { weight_decay, label_smoothing, clip_norm, lr_schedule, mixup } = hyper.recipe;
    let adam = AdamOptions::default().learning_rate(hyper.learning_rate).weight_decay(weight_decay);
    let mut optimizer = AnyOptimizer::from(Adam::of(&varmap, adam)?);
    if let Some((spec, etas)) = at(NoiseSpec::GRADIENTS) {
        let (options, nb) = (gradient_options(spec), nb.pp(NoiseSpec::GRADIENTS));
        let noisy = GradientNoise::with_strengths(optimizer, &varmap, etas, options, nb)?;
        optimizer = match spec.schedule() {
            Some(schedule @ Schedule::To { .. }) => AnyOptimizer::from(noisy.scheduled(schedule)?),
            _ => AnyOptimizer::from(noisy),
        };
    }
    if let Some(max_norm) = clip_norm {
        let options = ClipOptions::default().max_norm(max_norm).replicas(seeds.len());
        optimizer = AnyOptimizer::from(ClipGradients::over(optimizer, &varmap, options)?);
    }
    let mut mirrored = None;
    if let Some((spec, stddevs)) = at(NoiseSpec::WEIGHTS) {
        let nb = nb.pp(NoiseSpec::WEIGHTS);
        let mut weights = WeightNoise::with_strengths(&varmap, stddevs, nb)?;
        if let Some(schedule) = spec.schedule() {
            weights = weights.scheduled(schedule)?;
        }
        mirrored = spec.is_paired().then(|| weights.clone());
        model = Model::new(weights.model(model));
        optimizer = AnyOptimizer::from(weights.optimizer(optimizer));
    }
    let mut options = TrainOptions::new(hyper.epochs).batch_size(hyper.batch_size).seeds(&seeds);
    options = options.label_smoothing(label_smoothing).lr_schedule(lr_schedule);
    options.objective = subject.objective().clone();
    options.paired = first.noise.iter().any(|spec| spec.has_layer() && spec.is_paired());
    if mixup > 0. {
        let own = Mixup::new(mixup);
        let is_of_numbers = subject.objective().classes().is_none();
        options.mixup = Some(if is_of_numbers { own.bandwidth(1.) } else { own });
    }
    let mut trainer = Trainer::new(model, &varmap, optimizer, train, options)?.with_noise(&noise);
    if let Some(weights) = mirrored {
        trainer = trainer.with_two_point(&weights)?;
    }
    if let Some(test) = test {
        trainer = trainer.with_test(test.clone())?;
    }
    if let Some(validation) = validation {
        trainer = trainer.with_validation(validation.clone())?;
    }
    if let Some((spec, rates)) = at(NoiseSpec::LABELS) {
        let classes =
            subject.objective().classes().context("labels take noise if they are classes")?;
        let mut labels = LabelNoise::with_strengths(rates, classes, nb.pp(NoiseSpec::LABELS))?;
        if let Some(schedule) = spec.schedule() {
            labels = labels.scheduled(schedule)?;
        }
        trainer = trainer.with_label_noise(labels)?;
    }
    if let Some(rule) = hyper.early_stopping {
        trainer = trainer.with_early_stopping(rule)?;
    }
    Ok(trainer)
}

/// Returns the options of noise on the gradients, whose decay is by the step.
fn gradient_options(spec: &NoiseSpec) -> GradientNoiseOptions {
    let options = GradientNoiseOptions::default();
    let options = if spec.is_anticorrelated() { options.anticorrelated() } else { options };
    match spec.schedule() {
        Some(Schedule::Decay(power)) => options.decay(*power),
        _ => options,
    }
}

fn trained(
    subject: &Subject,
    trials: &[Trial],
    trainer: &Trainer,
    parts: &Parts,
    units: &[Option<Units>],
) -> Result<Trained> {
    let (predictor, metrics) = (trainer.predictor(), subject.metrics());
    let predict = |rows: &Samples| -> Result<Vec<Predicted>> {
        let predicted = predictor.predict(rows)?.into_iter().zip(units);
        Ok(predicted.map(|(rows, units)| units.iter().fold(rows, Predicted::in_units)).collect())
    };
    let train = predict(&parts.train)?;
    let validation = parts.validation.as_ref().map(predict).transpose()?;
    let test = predict(&parts.test)?;
    let mut histories = trainer.history().replicas.clone();
    for (history, units) in histories.iter_mut().zip(units) {
        let Some(units) = units else { continue };
        for score in history.curves_mut().into_iter().flat_map(|curves| &mut curves.score) {
            *score = metrics[0].in_units(*score, units);
        }
    }
    let run = |(r, trial): (usize, &Trial)| {
        let rows = [Some(&train[r]), validation.as_ref().map(|rows| &rows[r]), Some(&test[r])];
        Run::new(trial, &histories[r], rows, subject)
    };
    let runs = trials.iter().enumerate().map(run).collect();
    Ok(Trained {
        runs,
        weights: final_weights(subject, trainer)?,
        test_hits: test.iter().map(|rows| metrics[0].hits(rows)).collect(),
        test,
        histories,
    })
}

/// Returns the runs' weights by name on the CPU, with the replica axis first. Failed runs have NaN, because
/// their last weights depend on the other runs of the chunk.
pub(super) fn final_weights(subject: &Subject, trainer: &Trainer) -> Result<Vec<(String, Tensor)>> {
    let (axis, histories) = (subject.task().axis(), &trainer.history().replicas);
    let weights = sorted_vars(trainer.varmap()).into_iter();
    weights.map(|(name, var)| Ok((name, own_weights(&var, histories, axis)?))).collect()
}

/// The weights of several chunks one after the other.
pub(super) fn joined_weights(chunks: Vec<Vec<(String, Tensor)>>) -> Result<Vec<(String, Tensor)>> {
    let names = chunks.first().into_iter().flatten().map(|(name, _)| name.clone());
    let of = |(i, name): (usize, String)| {
        let own: Vec<&Tensor> = chunks.iter().map(|chunk| &chunk[i].1).collect();
        Ok((name, Tensor::cat(&own, 0)?))
    };
    names.enumerate().map(of).collect()
}

fn own_weights(var: &Var, histories: &[ReplicaHistory], axis: Axis) -> Result<Tensor> {
    let weights = var.as_detached_tensor().to_device(&Device::Cpu)?;
    let weights = if axis == Axis::Replicas { weights } else { weights.unsqueeze(0)? };
    let replica = |(r, history): (usize, &ReplicaHistory)| {
        let own = weights.narrow(0, r, 1)?;
        if history.final_epoch().is_some() { Ok(own) } else { own.affine(0., f64::NAN) }
    };
    let replicas = histories.iter().enumerate().map(replica);
    Ok(Tensor::cat(&replicas.collect::<candle_core::Result<Vec<_>>>()?, 0)?)
}
