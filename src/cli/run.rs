//! The training programs: train, report, write.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use super::args::Format;
use super::auto::Work;
use super::device::Opened;
use super::exit::{Failure, print};
use super::experiment_args::{Job, RunArgs};
use super::interrupt::Resumable;
use super::pictures::write_pictures;
use super::progress::Progress;
use crate::experiment::{
    Basis, Checkpointing, Ending, Outcome, Plan, Schedule, Seconds, Subject, Trained,
    checkpoints_device, forecast_repeats, train_resumable,
};
use crate::{files, report};

/// Trains an experiment and writes its results; `name` is the name of the experiment and of its
/// default folder.
///
/// # Errors
/// If the flags are inconsistent, the device or the folder cannot be used, or every run diverged.
pub fn run_experiment(name: &str, args: &RunArgs, job: Job) -> Result<(), Failure> {
    let start = Instant::now();
    let Job { task, plan } = job;
    let subject = Subject::new(&*task, "cpu", &[])?;
    let plan = plan.checked(&subject).map_err(Failure::Usage)?;
    let folder = args.output.folder(name);
    let opened = open_device(args, &subject, &plan, &folder)?;
    let subject = subject.on(opened.place.kind());
    files::create_folder(&folder, &FILES).context("--out")?;

    let training = Instant::now();
    let trained = train(name, args, &subject, &plan, &opened, &folder)?;
    let seconds = Seconds { train: training.elapsed().as_secs_f64(), total: 0. };

    let basis = Basis::new(&subject, &plan)?;
    let mut outcome = Outcome::of_repeats(&plan, &basis, trained.runs.clone());
    outcome.experiment = name.to_string();
    outcome.command = command_line();
    outcome.device = opened.place.name();
    outcome.seconds = seconds;
    files::remove(&folder, &FILES)?;
    let pictures = !args.output.no_plots;
    write_details(&folder, &subject, &outcome, &trained, opened.schedule, pictures)?;
    outcome.seconds.total = start.elapsed().as_secs_f64();
    let json = report::outcome_json(&outcome)?;
    files::write(&folder.join("result.json"), &json)?;
    if outcome.all_diverged() {
        let error = "every run diverged: no loss stayed finite; \
                     expected a smaller --learning-rate or less noise";
        return Err(anyhow!(error).into());
    }
    match args.output.format {
        Format::Text => {
            let (summary, runs) = (&outcome.cells[0].summary, outcome.finished());
            let line = report::result_line(summary, &outcome.metric, runs);
            Ok(print(format!("{line}\n").as_bytes())?)
        }
        Format::Json => Ok(print(&json)?),
    }
}

/// The folder of the checkpoints inside the folder of the results.
const CHECKPOINTS: &str = "checkpoints";

/// Opens the device. A partly trained experiment continues on the kind of device of its
/// checkpoints.
fn open_device(args: &RunArgs, subject: &Subject, plan: &Plan, folder: &Path) -> Result<Opened> {
    let bound = || {
        let checkpoints = folder.join(CHECKPOINTS);
        let begun = if args.resume { checkpoints_device(&checkpoints)? } else { None };
        Ok(begun.map(|kind| (kind, "the checkpoints were trained there")))
    };
    let work = Work {
        devices: 1,
        bound: &bound,
        forecast: &|devices, schedule| forecast_repeats(subject, plan, &devices[0], schedule),
    };
    args.train.device.open(&work, args.train.threads)
}

/// Trains the repeats, or the remaining part of them.
fn train(
    name: &str,
    args: &RunArgs,
    subject: &Subject,
    plan: &Plan,
    Opened { devices, schedule, .. }: &Opened,
    folder: &Path,
) -> Result<Trained, Failure> {
    let folder = folder.join(CHECKPOINTS);
    let checkpointing = Checkpointing {
        folder: &folder,
        every: args.checkpoint_every,
        resume: args.resume,
        experiment: name,
    };
    let epochs = plan.repeats * plan.epochs;
    let progress = Progress::of_epochs(epochs, args.output.quiet);
    let resumable = Resumable::new(
        ": with --resume the same command goes on from a checkpoint, if there is one",
    );
    let device = &devices[0];
    let ending = progress.watched(None, |watch| {
        train_resumable(subject, plan, device, *schedule, watch, &checkpointing)
    });
    drop(resumable);
    progress.finish();
    match ending? {
        Ending::Finished(trained) => Ok(trained),
        Ending::Interrupted(done) => Err(Failure::Interrupted(format!(
            "{done} of {epochs} epochs are in {}; with --resume the same command goes on from there",
            folder.display()
        ))),
    }
}

/// Files that an experiment writes. `result.json` is removed first and written last: if it exists,
/// the results are complete and belong to one run.
const FILES: [&str; 8] = [
    "result.json",
    "history.csv",
    "model.safetensors",
    "accuracy.png",
    "loss.png",
    "dataset.png",
    "boundary.png",
    "confusion.png",
];

/// Writes everything but `result.json`.
fn write_details(
    folder: &Path,
    subject: &Subject,
    outcome: &Outcome,
    trained: &Trained,
    schedule: Schedule,
    pictures: bool,
) -> Result<()> {
    files::write_with(&folder.join("history.csv"), |file| {
        report::history_csv(&outcome.metric, outcome.plan.seeds(), &trained.histories, file)
    })?;
    files::write(&folder.join("model.safetensors"), &trained.to_safetensors()?)?;
    if pictures {
        write_pictures(folder, subject, outcome, trained, schedule)?;
    }
    Ok(())
}

/// Returns the command as typed, without the folder of the program.
pub(super) fn command_line() -> String {
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let program = words.next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default().to_string_lossy().into();
    [program].into_iter().chain(words).collect::<Vec<String>>().join(" ")
}
