//! The `grid_search` program: trains the missing runs of its shard, then reports.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::auto::Work;
use super::contents::{Begin, Contents};
use super::device::Opened;
use super::exit::{Failure, line};
use super::experiment_args::Job;
use super::folder::STORE;
use super::grid_args::GridArgs;
use super::grid_report::{FILES, write_report};
use super::interrupt::{self, Reaction, Stage};
use super::progress::Progress;
use super::share::Share;
use super::terminal::{command_line, next_command, print, warn, warn_of};
use crate::bundle::Bundle;
use crate::data::table::Reading;
use crate::experiment::{
    Basis, Cell, Outcome, Plan, Reference, Seconds, Shard, Store, Subject, attack_epochs,
    bundle_cell, forecast_search, lacking_classes, missing, references, search,
};
use crate::files::{self, other_version};

/// Trains the runs that a grid's folder lacks and reports on all runs; `name` is the name of the
/// grid and of its default folder. With several shards, the one that finds all runs finished writes
/// the report.
///
/// # Errors
/// If the flags are inconsistent, the device or the folder cannot be used, the folder holds another
/// experiment, every run diverged, the time limit is reached, or a signal arrives.
pub fn run_grid(name: &str, args: &GridArgs) -> Result<(), Failure> {
    let start = Instant::now();
    if let Some(folder) = &args.report {
        return report_on(name, folder, args);
    }
    let Job { task, plan, reading } = args.job()?;
    args.train.check_init(&args.output.folder(name))?;
    let subject = args.train.subject(&*task)?;
    let plan = if args.rivals { plan.with_rivals(&subject) } else { plan.checked(&subject) };
    let plan = plan.map_err(Failure::Usage)?;
    let share = args.share().map_err(Failure::Usage)?;
    if args.output.fresh && !share.is_whole() {
        let error = "--fresh cannot be used by one of several shards: it would remove what others \
                     have finished";
        return Err(Failure::Usage(anyhow::anyhow!(error)));
    }
    let store = args.output.folder(name).join(STORE);
    let opened = open_devices(args, &subject, &plan, &share, &store)?;
    let subject = subject.on(opened.place.kind());
    let basis = Basis::new(&subject, &plan)?;
    let contents = Contents::new(name, basis.settings().clone(), None);
    args.tensorboard.check()?;
    let claimed = args.output.claim(&contents, &FILES, Begin::Over)?;
    let folder = claimed.folder.clone();
    let device = opened.place.name();
    let earlier = Asked::earlier(&folder, &basis);
    // Runs that were added until the answer was found stopped because of their results, so the intervals must
    // still hold at every look.
    let was_extended = earlier.as_ref().is_some_and(|own| own.plan.until_decided);
    let plan = Plan { until_decided: plan.until_decided || was_extended, ..plan };
    let mut asked = Asked {
        format: FORMAT,
        device,
        references: references(&subject, &plan)?,
        looks: earlier.map(|own| own.looks).unwrap_or_default(),
        basis,
        plan,
        command: Some(command_line()),
        seconds: None,
        reading,
    };
    let mut store = open_store(&folder, &asked)?;
    claimed.begin(&contents)?;
    asked.reading.iter().for_each(warn_of);
    lacking_classes(&subject, &asked.plan)?.iter().for_each(|line| warn(line));
    args.train.tell_init(&subject, asked.plan.repeats);
    asked.write(&folder)?;
    let shard = share.take(&folder.join(STORE))?;
    if args.answer.until_decided && !shard.is_whole() {
        return Err(Failure::Usage(anyhow::anyhow!(
            "--until-decided expects a single program, received shard {shard} of several"
        )));
    }
    drop(claimed);

    let training = Instant::now();
    train(args, &subject, &asked.plan, &store, shard, &opened, start)?;
    while let Some(plan) = extended(args, &asked, &store)? {
        asked.plan = plan.checked(&subject)?;
        asked.references = references(&subject, &asked.plan)?;
        asked.write(&folder)?;
        train(args, &subject, &asked.plan, &store, shard, &opened, start)?;
    }
    let train = training.elapsed().as_secs_f64();
    if !shard.is_whole() {
        // Other shards may have finished runs in the meantime.
        store = open_store(&folder, &asked)?;
        let all = asked.plan.runs();
        let left = missing(&asked.plan, &store, Shard::default())?.len();
        if left > 0 {
            let line = format!(
                "shard {shard} is finished; of the grid's {all} runs {left} are not: the shard that \
                 finishes last reports\n"
            );
            return Ok(print(line.as_bytes())?);
        }
    }
    asked.look();
    asked.seconds = Some(Seconds { train, total: start.elapsed().as_secs_f64() });
    asked.write(&folder)?;
    let (subject, plan) = (&subject, &asked.plan);
    let model = |cell: &Cell, known: Option<Bundle>| {
        bundle_cell(subject, plan, &store, cell, known, &opened.devices[0], opened.schedule)
    };
    write_report(name, &folder, args, &asked, &store, Some(&model))
}

/// The file in the store that describes the last requested grid.
pub(super) const GRID: &str = "grid.json";

/// Version of that file, raised when its format changes.
const FORMAT: u64 = 3;

/// The last requested grid, and the common properties of its runs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Asked {
    format: u64,
    pub device: String,
    pub basis: Basis,
    pub plan: Plan,
    /// The command that trained, and its times: they stay when `--report` writes the report again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Seconds>,
    /// What is reached without a network, and what was decided about a table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// The numbers of runs of each cell at which the answer was looked at, in growing order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<usize>,
}

impl Asked {
    /// Returns what an earlier command asked of the same folder.
    fn earlier(folder: &Path, basis: &Basis) -> Option<Self> {
        let earlier = Self::read(&folder.join(STORE).join(GRID)).ok();
        earlier.filter(|own| own.basis == *basis)
    }

    /// Notes that the answer of all runs is looked at, unless as many have been seen before.
    fn look(&mut self) {
        let runs = self.plan.runs() / self.plan.cells().len();
        if self.looks.last().is_none_or(|last| *last < runs) {
            self.looks.push(runs);
        }
    }

    fn write(&self, folder: &Path) -> Result<()> {
        files::write(&folder.join(STORE).join(GRID), &serde_json::to_vec(self).context(GRID)?)
    }

    fn read(path: &Path) -> Result<Self> {
        Self::parse(&std::fs::read(path)?)
    }

    /// Parses the content of a file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let json: Value = serde_json::from_slice(bytes)?;
        // The first version had no version number.
        let format = json["format"].as_u64().unwrap_or(1);
        ensure!(format == FORMAT, "it was written by {}", other_version(FORMAT, format));
        let asked: Self = serde_json::from_slice(bytes)?;
        ensure!(serde_json::to_vec(&asked)? == bytes, "it was written by another version");
        asked.plan.check_values(asked.basis.rows)?;
        Ok(asked)
    }
}

/// Returns the plan with more repeats or data seeds if `--until-decided` is set and the answer is still open.
fn extended(args: &GridArgs, asked: &Asked, store: &Store) -> Result<Option<Plan>> {
    if !args.answer.until_decided {
        return Ok(None);
    }
    let outcome = Outcome::of(&asked.plan, store, &asked.device, Seconds::default())?;
    Ok(asked.plan.extended(outcome.conclusion.as_ref(), args.answer.max_repeats))
}

/// Reports on the finished runs of a folder.
fn report_on(name: &str, folder: &Path, args: &GridArgs) -> Result<(), Failure> {
    let path = folder.join(STORE).join(GRID);
    let mut asked = Asked::read(&path).with_context(|| {
        format!("--report: expected a folder of grid_search, cannot read {}", path.display())
    })?;
    let margin = args.answer.margin.of(&asked.basis.metric)?;
    asked.plan.margin = margin.or(asked.plan.margin);
    files::create_folder(folder, &FILES).context("--report")?;
    args.tensorboard.check()?;
    let store = open_store(folder, &asked)?;
    write_report(name, folder, args, &asked, &store, None)
}

/// Opens the devices. A grid with finished runs continues on the kind of device that trained them.
fn open_devices(
    args: &GridArgs,
    subject: &Subject,
    plan: &Plan,
    share: &Share,
    store: &Path,
) -> Result<Opened> {
    let bound = || {
        let finished_on = if args.output.fresh { None } else { Store::device(store)? };
        Ok(match finished_on {
            Some(kind) => Some((kind, "the finished runs were trained there")),
            None if share.is_whole() => None,
            None => Some(("cpu".to_string(), "programs that share a grid train on the same kind")),
        })
    };
    let work = Work {
        devices: usize::MAX,
        bound: &bound,
        forecast: &|devices, schedule| forecast_search(subject, plan, devices, schedule),
    };
    args.train.device.open(&work, args.train.threads)
}

fn open_store(folder: &Path, asked: &Asked) -> Result<Store> {
    Store::open(&folder.join(STORE), asked.basis.clone(), &mut |line| warn(&line)).context("--out")
}

/// Trains the missing runs of the shard.
fn train(
    args: &GridArgs,
    subject: &Subject,
    plan: &Plan,
    store: &Store,
    shard: Shard,
    Opened { devices, schedule, .. }: &Opened,
    start: Instant,
) -> Result<(), Failure> {
    let deadline = args.time_limit.and_then(|limit| start.checked_add(limit));
    let left = || missing(plan, store, shard).map(|missing| missing.len());
    let epochs = left()? * (plan.epochs + attack_epochs(subject, plan)?);
    let progress = Progress::of_cells(epochs, plan.cells().len(), args.output.quiet);
    let again = next_command(&[]);
    let how = format!("the finished runs are kept; continue: {again}");
    let stage = Stage::new(Reaction::Finish, how);
    let result = progress
        .watched(deadline, |watch| search(subject, plan, store, shard, devices, *schedule, watch));
    drop(stage);
    progress.finish();
    let (all, left) = (plan.runs(), left()?);
    let finished = all - missing(plan, store, Shard::default())?.len();
    let done = format!("{finished} of {all} runs are finished; continue: {again}");
    // The report writes the curves if all runs are finished.
    if left > 0
        && let Err(error) = args.tensorboard.write_grid(plan, store)
    {
        warn(&line(&error));
    }
    match result {
        Err(error) => Err(anyhow::anyhow!("{}; {done}", line(&error)).into()),
        Ok(()) if left == 0 => Ok(()),
        Ok(()) if interrupt::requested() => Err(Failure::Interrupted(done)),
        Ok(()) => Err(Failure::TimeLimit(done)),
    }
}
