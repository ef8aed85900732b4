//! Many epochs of a small network in one launch, on CUDA devices.

use candle_core::{DType, Device, Result, Tensor, Var};

use super::epochs::SETS;
use super::measured::{Epoch, Measured};
use super::shuffle::keys;
use super::trainer::Trainer;
use crate::nn::{DenseBlock, trainable_vars};
use crate::noise::GaussianNoise;
use crate::objective::{BinaryCrossEntropy, Objective};
use crate::ops::{MlpLayer, MlpRun};
use crate::optim::SaveState;
use crate::rng::Stream;

/// Epochs of one launch. Nobody sees the training between two of them.
const MOST: usize = 256;

/// What one launch can train.
struct Whole {
    run: MlpRun,
    /// The weights and the bias of each layer, with their moments.
    vars: Vec<[(Var, Var); 2]>,
    /// The layers with noise.
    noise: Vec<GaussianNoise>,
    /// The learning rate of the last epoch.
    rate: f64,
    /// The rows of all sets.
    xs: Tensor,
    ys: Tensor,
}

impl Trainer {
    /// Trains at most `most` epochs in one launch and returns how many; `None`, and nothing is done, if the
    /// training needs more than the kernel has.
    pub(super) fn many_epochs(&mut self, most: usize) -> Result<Option<usize>> {
        self.epochs.check_state()?;
        let Some(whole) = self.whole(most.min(MOST))? else { return Ok(None) };
        let Whole { run, vars, noise, rate, xs, ys } = whole;
        let tensors =
            |(var, moments): &(Var, Var)| (var.as_detached_tensor(), moments.as_detached_tensor());
        let layers: Vec<_> = vars.iter().map(|pair| pair.each_ref().map(tensors)).collect();
        let trained = run.train(&layers, &xs, &ys)?;
        self.epochs.moved = Some("an epoch failed on the way");
        for ((var, moments), (values, their)) in
            vars.iter().flatten().zip(trained.layers.iter().flatten())
        {
            var.set(values)?;
            moments.set(their)?;
        }
        let steps = run.updates.len() as u32;
        noise.iter().try_for_each(|noise| noise.skip(steps))?;
        if let Some(adam) = self.optimizer.as_adam() {
            adam.skip(rate, u64::from(steps));
        }
        self.epochs.moved = None;
        self.epochs.push(measured(
            &run,
            &trained.scores,
            self.epochs.sets().each_ref().map(Option::is_some),
        )?)?;
        Ok(Some(run.epochs))
    }

    /// Returns what one launch can train of the next epochs.
    fn whole(&mut self, most: usize) -> Result<Option<Whole>> {
        let Self { model, varmap, optimizer, epochs, rate, .. } = self;
        let options = &epochs.options;
        // First, so that a training on the CPU walks through no layers and variables.
        let Some(rows) = epochs.small_sets() else { return Ok(None) };
        if !rows.device().is_cuda() || !rows.replica_axis() {
            return Ok(None);
        }
        let count = most.min(options.epochs.saturating_sub(epochs.finished));
        let has_more = epochs.labels.is_some()
            || epochs.mirrored.is_some()
            || epochs.stopper.is_some()
            || options.paired
            || options.mixup.is_some()
            || options.lr_schedule.needs_validation()
            || !options.classes.is_default()
            || options.objective.name() != BinaryCrossEntropy.name();
        let (Some((input, blocks)), Some(adam)) = (model.dense_blocks(), optimizer.as_adam())
        else {
            return Ok(None);
        };
        if has_more || count == 0 || epochs.have_ended() {
            return Ok(None);
        }
        let sets: Vec<usize> = epochs.sets().iter().flatten().map(|set| set.rows()).collect();
        let (xs, ys) = rows.range(0, rows.rows())?;
        let fits = xs.dtype() == DType::F32
            && xs.dims()[2..] == [blocks[0].dense.inputs()]
            && ys.rank() == 2
            && (rows.replicas() == 1 || rows.replicas() == options.seeds.len());
        let vars = blocks.iter().map(|block| block.vars().map(|var| adam.pair(var)));
        let vars: Option<Vec<_>> = vars.map(|[w, b]| Some([w?, b?])).collect();
        let Some(vars) = vars.filter(|vars| {
            let own = trainable_vars(varmap).len();
            fits && adam.vars().len() == 2 * vars.len() && own == 2 * vars.len()
        }) else {
            return Ok(None);
        };
        let used = options.rows_used(sets[0]);
        let batch = options.batch_size.min(used);
        let scheduled = |i: usize| match options.lr_schedule.is_constant() {
            true => Ok(adam.options().learning_rate),
            false => epochs.scheduled_at(*rate, epochs.finished + 1 + i),
        };
        let rates = (0..count).map(scheduled).collect::<Result<Vec<f64>>>()?;
        let steps = used.div_ceil(batch);
        let each = rates.iter().flat_map(|rate| std::iter::repeat_n(*rate, steps));
        let Some(updates) = adam.updates(each)? else { return Ok(None) };
        let run = MlpRun {
            input: input.and_then(GaussianNoise::upcoming),
            layers: blocks.iter().map(layer).collect(),
            keys: keys(&options.seeds),
            stream: Stream::Shuffle,
            first_epoch: epochs.finished as u32 + 1,
            epochs: count,
            batch,
            used,
            sets,
            updates,
        };
        let own = blocks.iter().flat_map(|block| [block.before, block.after]);
        let noise: Vec<GaussianNoise> = [input].into_iter().chain(own).flatten().cloned().collect();
        let is_plain = noise.iter().all(|noise| !noise.is_scheduled());
        let rate = rates[count - 1];
        let ys = ys.to_dtype(DType::F32)?;
        Ok((is_plain && run.fits(xs.device())).then_some(Whole { run, vars, noise, rate, xs, ys }))
    }
}

/// A dense layer as the kernel takes it.
fn layer(block: &DenseBlock) -> MlpLayer {
    let [inputs, outputs] = [block.dense.inputs(), block.dense.outputs()];
    let draws = |noise: Option<&GaussianNoise>| noise.and_then(GaussianNoise::upcoming);
    let (before, after) = (draws(block.before), draws(block.after));
    MlpLayer { inputs, outputs, relu: block.relu, before, after }
}

/// Returns the losses and hits of each epoch, (epochs, batches + sets, 2, R), as they are measured elsewhere.
fn measured(run: &MlpRun, scores: &[f32], present: [bool; SETS.len()]) -> Result<Vec<Epoch>> {
    let replicas = run.keys.len();
    let of = |scores: &[f32], rows: usize| -> Result<Measured> {
        let (loss, hits) = scores.split_at(replicas);
        let vector = |values: &[f32]| Tensor::from_slice(values, replicas, &Device::Cpu);
        Ok(Measured::of_scores(replicas, rows, vec![vector(loss)?, vector(hits)?]))
    };
    let steps = run.used.div_ceil(run.batch);
    let epoch = |scores: &[f32]| -> Result<Epoch> {
        let mut scores = scores.chunks(2 * replicas);
        let mut all = [const { Vec::new() }; 4];
        for (number, scores) in scores.by_ref().take(steps).enumerate() {
            all[0].push(of(scores, run.batch.min(run.used - number * run.batch))?);
        }
        let places = (1..).zip(present).filter(|(_, is_present)| *is_present);
        for (((place, _), rows), scores) in places.zip(&run.sets).zip(scores) {
            all[place].push(of(scores, *rows)?);
        }
        Ok(all)
    };
    scores.chunks(2 * replicas * (steps + run.sets.len())).map(epoch).collect()
}
