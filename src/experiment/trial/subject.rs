//! What runs are about: a task on a kind of device, and the networks that it builds.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use candle_nn::{ModuleT, VarBuilder, VarMap};
use serde_json::{Map, Value, json};

use super::Trial;
use super::init::Init;
use super::network::Network;
use crate::bundle::Bundle;
use crate::bundle::replicas::noise_map;
use crate::data::Samples;
use crate::metric::{Metric, Units};
use crate::nn::{Model, replicated_vars, seeded_vars, sorted_vars};
use crate::noise::{NoiseMap, NoiseSpec, Slots};
use crate::objective::{Objective, loss_of_each};
use crate::ops::at_least_single;
use crate::task::{Axis, Draw, Fingerprint, Hyper, Parts, Task};
use crate::train::check_rows;

/// Raised when a change makes runs of the same content give other bits.
const REVISION: u32 = 3;

/// A task with everything that identifies its runs beside their hyperparameters.
pub struct Subject<'a> {
    task: &'a dyn Task,
    objective: Arc<dyn Objective>,
    metrics: Vec<Arc<dyn Metric>>,
    fingerprint: Fingerprint,
    device: String,
    /// The weights to begin with, if they are not random.
    init: Option<Init>,
    /// The networks that have been measured, by the JSON of their hyperparameters.
    networks: Mutex<BTreeMap<String, Arc<Network>>>,
}

/// The place of noise on the inputs.
const INPUT: &str = "input";

/// A network with initial weights.
pub(crate) struct Built {
    pub model: Model,
    pub varmap: VarMap,
    pub noise: NoiseMap,
}

impl<'a> Subject<'a> {
    /// A task on a kind of device, `cpu` or `cuda`, whose bits may differ, judged by the metrics of its
    /// objective and by further ones.
    ///
    /// # Errors
    /// If the task has no name or no fingerprint, or a metric's name is no word or stands twice.
    pub fn new(task: &'a dyn Task, device: &str, metrics: &[Arc<dyn Metric>]) -> Result<Self> {
        let name = task.name();
        let (objective, fingerprint) = (task.objective(), task.fingerprint());
        ensure!(!name.is_empty(), "expected a name of the task, received none");
        let rows = task.rows();
        ensure!(
            rows.all >= 2 && rows.test != Some(0),
            "the task {name}: expected at least a row to train on and one to test on, received {rows:?}"
        );
        ensure!(
            !fingerprint.is_empty(),
            "the task {name}: expected the fingerprint of its data, received that of nothing"
        );
        let mut own = objective.metrics();
        let is_new = |metric: &Arc<dyn Metric>| own.iter().all(|m| m.name() != metric.name());
        let more: Vec<_> = task.metrics().into_iter().filter(is_new).collect();
        own.extend(more);
        let metrics: Vec<_> = own.into_iter().chain(metrics.to_vec()).collect();
        ensure!(
            !metrics.is_empty(),
            "the task {name}: expected at least one metric, received none"
        );
        for (i, metric) in metrics.iter().enumerate() {
            let own = metric.name();
            let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            ensure!(
                !own.is_empty() && own != "loss" && own.chars().all(word),
                "expected a metric's name of lower-case letters, digits and underscores other than \
                 loss, received '{own}'"
            );
            ensure!(
                metrics[..i].iter().all(|other| other.name() != own),
                "expected each metric once, received {own} twice"
            );
        }
        let networks = Mutex::default();
        let device = device.to_string();
        Ok(Self { task, objective, metrics, fingerprint, device, init: None, networks })
    }

    /// The same, with networks that begin with the weights of a bundle instead of random ones: seed k with those of
    /// network k modulo the number of its networks that did not diverge.
    ///
    /// # Errors
    /// If all its networks diverged. That its variables are those of the network is checked when one is built.
    pub fn with_init(self, bundle: &Bundle) -> Result<Self> {
        Ok(Self { init: Some(Init::of(bundle)?), ..self })
    }

    /// The number of networks that runs begin with, if their weights are not random.
    pub fn init_networks(&self) -> Option<usize> {
        self.init.as_ref().map(Init::networks)
    }

    /// The same on another kind of device.
    #[must_use]
    pub fn on(self, device: &str) -> Self {
        Self { device: device.to_string(), ..self }
    }

    /// The task.
    pub fn task(&self) -> &'a dyn Task {
        self.task
    }

    /// Its objective.
    pub fn objective(&self) -> &Arc<dyn Objective> {
        &self.objective
    }

    /// The metrics, the primary one first.
    pub fn metrics(&self) -> &[Arc<dyn Metric>] {
        &self.metrics
    }

    /// The kind of device, `cpu` or `cuda`.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// What results tell of the data, by name: how many rows there are, and the task's own details.
    pub fn details(&self) -> Vec<(String, Value)> {
        let rows = self.task.rows();
        let mut details = vec![("samples".to_string(), json!(rows.all))];
        details.extend(rows.test.map(|test| ("test_rows".to_string(), json!(test))));
        let own = self.task.details().into_iter();
        details.extend(own.map(|(name, value)| (name.to_string(), value)));
        details
    }

    /// The metric that has a curve and a verdict.
    pub fn primary(&self) -> &dyn Metric {
        &*self.metrics[0]
    }

    /// Where noise can enter, layers first.
    ///
    /// # Errors
    /// If the network cannot be built.
    pub fn places(&self, hyper: &Hyper) -> Result<Vec<String>> {
        let own = self.network(hyper)?.places.clone();
        Ok(own.into_iter().chain(NoiseSpec::WITHOUT_LAYER.map(str::to_string)).collect())
    }

    /// What the runs of one folder share.
    pub(crate) fn common(&self, hyper: &Hyper, draw: &Draw) -> Value {
        let mut common = Map::new();
        let mut put = |name: &str, value: Value| common.insert(name.to_string(), value);
        put("revision", json!(REVISION));
        put("task", json!(self.task.name()));
        put("content_of_the_data", json!(self.fingerprint));
        put("data", Value::Object(self.details().into_iter().collect()));
        put("objective", json!(self.objective.name()));
        put("metrics", self.metrics.iter().map(|metric| json!(metric.name())).collect());
        put("validation_size", json!(draw.validation_size));
        put("epochs", json!(hyper.epochs));
        put("batch_size", json!(hyper.batch_size));
        put("early_stopping", json!(hyper.early_stopping));
        put("numbers", json!(hyper.numbers));
        if !hyper.recipe.is_default() {
            put("recipe", json!(hyper.recipe));
        }
        put("task_revision", json!(self.task.revision()));
        put("device", json!(self.device));
        if let Some(init) = &self.init {
            put("init", json!(init.hash));
        }
        Value::Object(common)
    }

    /// Returns everything that determines the course of a run but its seed, by name.
    pub fn settings(&self, trial: &Trial) -> Value {
        let mut settings = self.common(&trial.hyper, &trial.draw);
        settings["hidden"] = json!(trial.hyper.hidden);
        settings["learning_rate"] = json!(trial.hyper.learning_rate);
        settings["train_size"] = json!(trial.draw.train_size);
        settings["data_seed"] = json!(trial.draw.data_seed);
        // With the noise of strength 0, which has sites, too.
        settings["noise"] = json!(trial.noise);
        settings
    }

    /// What is known of the network with these hyperparameters.
    ///
    /// # Errors
    /// If it cannot be built, or its parts do not fit each other.
    pub(crate) fn network(&self, hyper: &Hyper) -> Result<Arc<Network>> {
        let key = json!([hyper.hidden, hyper.numbers]).to_string();
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(network) = networks.get(&key) {
            return Ok(network.clone());
        }
        let network = self.measure(hyper);
        let network = network.with_context(|| format!("the task {}", self.task.name()))?;
        Ok(networks.entry(key).or_insert(Arc::new(network)).clone())
    }

    /// Builds the network on the CPU with seed 0 and asks it for the first rows.
    fn measure(&self, hyper: &Hyper) -> Result<Network> {
        const ROWS: usize = 32;
        let (varmap, noise) = (VarMap::new(), noise_map(&[0], self.task.axis()));
        let slots = Slots::new(&noise, &[])?;
        let model = self.model(hyper, &varmap, &[0], &slots, &Device::Cpu)?;
        let parts = self.parts(hyper, &self.task.draw(), &Device::Cpu)?;
        let mut losses = Vec::new();
        let sets = [Some(&parts.train), parts.validation.as_ref(), Some(&parts.test)];
        for (set, samples) in ["training", "validation", "test"].into_iter().zip(sets) {
            let Some(samples) = samples else { continue };
            check_rows(set, samples, &*self.objective)?;
            let (xs, ys) = samples.range(0, ROWS.min(samples.rows()))?;
            let outputs =
                model.forward_t(&xs, false).context("the model does not take its rows")?;
            let outputs = at_least_single(&samples.with_replica_axis(outputs)?)?;
            let expected = self.objective.outputs();
            ensure!(
                outputs.rank() == 3 && outputs.dims()[2] == expected,
                "expected a model of {expected} outputs a row, as the objective {}, received outputs \
                 of shape {:?}",
                self.objective.name(),
                outputs.dims()
            );
            let loss = self.objective.loss(&outputs, &ys).context("the targets do not fit")?;
            let loss = loss_of_each(loss, 1, &*self.objective)?.to_dtype(DType::F32)?;
            losses.extend(loss.to_vec1::<f32>()?);
        }
        let loss = losses.iter().sum::<f32>() / losses.len() as f32;
        let loss = Some(loss).filter(|loss| loss.is_finite());
        ensure!(
            !sorted_vars(&varmap).is_empty(),
            "expected a model on variables of `vb`, received one that takes none from it"
        );
        let skip = usize::from(self.task.axis() == Axis::Replicas);
        let shape = |var: &Tensor| var.dims()[skip.min(var.rank())..].to_vec();
        let vars = sorted_vars(&varmap).into_iter();
        let variables = vars.map(|(name, var)| (name, shape(&var))).collect();
        Ok(Network { variables, loss, places: slots.places() })
    }

    /// A network with a replica for each seed, if it has replicas; else there is one seed. `noise` has a
    /// strength for each seed.
    pub(crate) fn build(
        &self,
        hyper: &Hyper,
        seeds: &[u64],
        placed: Vec<(NoiseSpec, Vec<f64>)>,
        stds: Option<Tensor>,
        device: &Device,
    ) -> Result<Built> {
        let (varmap, noise) = (VarMap::new(), noise_map(seeds, self.task.axis()));
        let slots = Slots::with_strengths(&noise, placed)?;
        let mut slots = slots.with_vars(self.vars(&varmap, seeds, device));
        if let Some(columns) = self.task.columns() {
            slots = slots.with_columns(INPUT, columns);
        }
        if let Some(stds) = stds {
            slots = slots.with_stds(INPUT, stds);
        }
        let model = self.model(hyper, &varmap, seeds, &slots, device)?;
        slots.finish()?;
        if let Some(init) = &self.init {
            init.set(&varmap, seeds, self.task.axis()).context("--init")?;
        }
        Ok(Built { model, varmap, noise })
    }

    /// The rows of trials in the order of their replicas, which share them if they have one draw, and
    /// the units of each.
    pub(crate) fn parts_of(
        &self,
        trials: &[Trial],
        device: &Device,
    ) -> Result<(Parts, Vec<Option<Units>>)> {
        let first = trials.first().context("expected at least one run, received none")?;
        if trials.iter().all(|trial| trial.draw == first.draw) {
            let parts = self.parts(&first.hyper, &first.draw, device)?;
            let units = vec![parts.units; trials.len()];
            return Ok((parts, units));
        }
        let mut known: BTreeMap<(u32, Option<usize>), Parts> = BTreeMap::new();
        let mut all = Vec::new();
        for Trial { hyper, draw, .. } in trials {
            let parts = match known.entry((draw.data_seed, draw.fold)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.parts(hyper, draw, device)?),
            };
            all.push(parts.clone());
        }
        let units = all.iter().map(|parts| parts.units).collect();
        Ok((Parts::stacked(&all)?, units))
    }

    /// The rows of a draw, as many as it asks for.
    pub(crate) fn parts(&self, hyper: &Hyper, draw: &Draw, device: &Device) -> Result<Parts> {
        let parts = self.task.parts(hyper, draw, device)?;
        let validated = parts.validation.as_ref().map_or(0, Samples::rows);
        let received = [parts.train.rows(), validated];
        let [train, validation, _] = self.task.sizes(draw)?;
        let expected = [train, validation];
        ensure!(
            received == expected,
            "the task {}: expected parts of {} training and {} validation rows, received {} and {}",
            self.task.name(),
            expected[0],
            expected[1],
            received[0],
            received[1]
        );
        let sets = [Some(&parts.train), parts.validation.as_ref(), Some(&parts.test)];
        let has_replicas = self.task.axis() == Axis::Replicas;
        ensure!(
            sets.iter().flatten().all(|samples| samples.replica_axis() == has_replicas),
            "the task {}: expected samples with a replica axis if its axis is Replicas, and only then",
            self.task.name()
        );
        Ok(parts)
    }

    fn model(
        &self,
        hyper: &Hyper,
        varmap: &VarMap,
        seeds: &[u64],
        slots: &Slots,
        device: &Device,
    ) -> Result<Model> {
        Ok(self.task.build(hyper, self.vars(varmap, seeds, device), slots)?)
    }

    fn vars(&self, varmap: &VarMap, seeds: &[u64], device: &Device) -> VarBuilder<'static> {
        match self.task.axis() {
            Axis::Replicas => replicated_vars(varmap, seeds, DType::F32, device),
            Axis::Plain => seeded_vars(varmap, seeds[0], DType::F32, device),
        }
    }
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("task", &self.task.name()).finish_non_exhaustive()
    }
}
