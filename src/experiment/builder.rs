//! An experiment in one call, from a task to the answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use candle_core::Device;

use super::basis::Basis;
use super::compare::{CellOutcome, compare};
use super::conclude::conclude;
use super::outcome::{Outcome, Seconds};
use super::plan::Plan;
use super::record::Run;
use super::references::references;
use super::robustness::robustness;
use super::run::{Event, Schedule, Shard, Watch, search};
use super::store::Store;
use super::trial::Subject;
use crate::metric::Metric;
use crate::noise::NoiseRow;
use crate::task::Task;

/// Noises against the baseline of a task, over many paired repeats.
///
/// ```
/// use candle_noise::experiment::Experiment;
/// use candle_noise::task::Circles;
///
/// # fn main() -> anyhow::Result<()> {
/// let circles = Circles::default();
/// let outcome = Experiment::new(&circles)
///     .noise("hidden:0.1,0.3".parse()?)
///     .plan(|plan| plan.epochs = 20)
///     .repeats(3)
///     .run()?;
/// println!("{}", outcome.sentence());
/// # assert_eq!(outcome.finished(), 9);
/// # Ok(()) }
/// ```
pub struct Experiment<'a> {
    task: &'a dyn Task,
    plan: Plan,
    rows: Vec<NoiseRow>,
    rivals: bool,
    most: Option<usize>,
    metrics: Vec<Arc<dyn Metric>>,
    folder: Option<PathBuf>,
    devices: Vec<Device>,
    schedule: Schedule,
    shard: Shard,
    watch: Watch<'a>,
}

impl<'a> Experiment<'a> {
    /// The baseline of a task with its own settings, once, on the CPU.
    pub fn new(task: &'a dyn Task) -> Self {
        Self {
            task,
            plan: Plan::of(task),
            rows: Vec::new(),
            rivals: false,
            most: None,
            metrics: Vec::new(),
            folder: None,
            devices: vec![Device::Cpu],
            schedule: Schedule::default(),
            shard: Shard::default(),
            watch: Watch::NONE,
        }
    }

    /// Adds noises to compare with the baseline.
    #[must_use]
    pub fn noise(mut self, row: NoiseRow) -> Self {
        self.rows.push(row);
        self
    }

    /// Adds the usual rivals of noise, as [`Plan::with_rivals`] does; the plan then needs a
    /// `validation_size`.
    #[must_use]
    pub fn rivals(mut self) -> Self {
        self.rivals = true;
        self
    }

    /// Attacks each finished network on its own test rows: [`Outcome::robustness`].
    #[must_use]
    pub fn robustness(mut self) -> Self {
        self.plan.robustness = true;
        self
    }

    /// Sets the number of repeats of each cell on each data set.
    #[must_use]
    pub fn repeats(mut self, repeats: usize) -> Self {
        self.plan.repeats = repeats;
        self
    }

    /// Adds repeats, or data seeds if the plan has several, until the answer is found or there are `most` of
    /// them. The intervals then hold at every look ([`Plan::extended`]).
    #[must_use]
    pub fn until_decided(mut self, most: usize) -> Self {
        self.plan.until_decided = true;
        self.most = Some(most);
        self
    }

    /// Changes other settings of the plan, such as the widths, training sizes or data seeds.
    #[must_use]
    pub fn plan(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        change(&mut self.plan);
        self
    }

    /// Adds a metric to judge by.
    #[must_use]
    pub fn metric(mut self, metric: impl Metric + 'static) -> Self {
        self.metrics.push(Arc::new(metric));
        self
    }

    /// Keeps finished runs in a folder and finds them again there; without a folder they stay in memory.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Trains on these devices, all of one kind, instead of the CPU.
    #[must_use]
    pub fn devices(mut self, devices: &[Device]) -> Self {
        self.devices = devices.to_vec();
        self
    }

    /// Sets how the work is laid out.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Trains the share of one program only; several share one folder.
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = shard;
        self
    }

    /// Sets the callbacks that receive progress and may end the training.
    #[must_use]
    pub fn watch(mut self, watch: Watch<'a>) -> Self {
        self.watch = watch;
        self
    }

    /// Trains what the folder lacks, and compares all finished runs.
    ///
    /// # Errors
    /// If the plan does not fit the task, the folder cannot be used or holds another experiment, or a
    /// device fails; the runs that are finished by then are in the folder.
    pub fn run(&self) -> Result<Outcome> {
        let start = Instant::now();
        let kind = match self.devices.first() {
            Some(device) if device.is_cuda() => "cuda",
            Some(device) if device.is_metal() => "metal",
            _ => "cpu",
        };
        let subject = Subject::new(self.task, kind, &self.metrics)?;
        // Noise that was put into the plan itself counts, too.
        let own = NoiseRow(self.plan.noise.clone());
        let rows: Vec<NoiseRow> = self.rows.iter().cloned().chain([own]).collect();
        let plan = self.plan.clone().against_baseline(&rows);
        let mut plan =
            if self.rivals { plan.with_rivals(&subject)? } else { plan.checked(&subject)? };
        ensure!(
            plan.noise.len() > 1,
            "expected noise of a strength above 0 to compare, received none"
        );
        let basis = Basis::new(&subject, &plan)?;
        let store = match &self.folder {
            Some(folder) => Store::open(folder, basis, &mut |line| {
                (self.watch.hear)(Event::Warning(line));
            })?,
            None => Store::in_memory(basis),
        };
        loop {
            search(&subject, &plan, &store, self.shard, &self.devices, self.schedule, self.watch)?;
            let train = start.elapsed().as_secs_f64();
            let outcome = Outcome::of(&plan, &store, kind, Seconds { train, total: train })?;
            // What is not complete was ended, or belongs to other shards.
            let most = self.most.filter(|_| outcome.is_complete());
            match most.and_then(|most| plan.extended(outcome.conclusion.as_ref(), most)) {
                Some(next) => plan = next.checked(&subject)?,
                None => {
                    let references = references(&subject, &plan)?;
                    let robustness = robustness(store.basis(), &outcome, self.folder.as_deref());
                    return Ok(Outcome { references, robustness, ..outcome });
                }
            }
        }
    }
}

impl Outcome {
    /// The results of the repeats of a plan's only cell.
    pub fn of_repeats(plan: &Plan, basis: &Basis, runs: Vec<Run>) -> Self {
        let cells = plan.cells().into_iter().take(1);
        let cells = cells.map(|cell| CellOutcome::alone(cell, runs.clone())).collect();
        Self {
            experiment: plan.task.clone(),
            command: String::new(),
            device: String::new(),
            data: basis.data.clone(),
            metric: basis.metric.clone(),
            better: basis.better,
            conclusion: None,
            plan: plan.clone(),
            seconds: Seconds::default(),
            cells,
            records: Vec::new(),
            references: Vec::new(),
            reading: None,
            test_noise: None,
            sizes: plan.variants().next().and_then(|first| basis.sizes_of(first)),
            looks: Vec::new(),
            robustness: None,
        }
    }

    /// What the finished runs of a store, trained on a device, say about a plan.
    ///
    /// # Errors
    /// If the store is for other widths.
    pub fn of(plan: &Plan, store: &Store, device: &str, seconds: Seconds) -> Result<Self> {
        let (basis, records) = (store.basis(), store.records(plan)?);
        let cells = compare(basis, plan, &records);
        Ok(Self {
            device: device.to_string(),
            conclusion: conclude(basis, plan, &cells, &records),
            seconds,
            cells,
            records,
            ..Self::of_repeats(plan, basis, Vec::new())
        })
    }
}

impl std::fmt::Debug for Experiment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Experiment").field("plan", &self.plan).finish_non_exhaustive()
    }
}
