//! What the binaries do with their flags: train, report, write.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::args::Format;
use super::auto::Work;
use super::device::Opened;
use super::exit::{Failure, print};
use super::experiment_args::RunArgs;
use super::interrupt::Resumable;
use super::pictures::write_pictures;
use super::progress::Progress;
use crate::experiment::{
    Checkpointing, Ending, Outcome, Run, Schedule, Seconds, Settings, Source, Summary, Trained,
    checkpoints_device, forecast_repeats, train_resumable,
};
use crate::{files, report};

/// Trains an experiment on its data and writes its results; `name` names it and its default folder.
///
/// # Errors
/// When the flags do not fit together, the device or the folder cannot be used, or every run
/// diverged.
pub fn run_experiment(
    name: &str,
    args: &RunArgs,
    (source, settings): (Source, Settings),
) -> Result<(), Failure> {
    let start = Instant::now();
    settings.check().map_err(Failure::Usage)?;
    let folder = args.output.folder(name);
    let opened = open_device(args, &source, &settings, &folder)?;
    files::create_folder(&folder, &FILES).context("--out")?;

    let training = Instant::now();
    let trained = train(name, args, &source, &settings, &opened, &folder)?;
    let train_seconds = training.elapsed().as_secs_f64();

    let runs = Run::all(&settings, &trained);
    let mut outcome = Outcome {
        experiment: name.to_string(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        command: command_line(),
        device: opened.place.name(),
        summary: Summary::new(&runs),
        runs,
        seconds: Seconds { train: train_seconds, total: 0. },
        settings,
    };
    files::remove(&folder, &FILES)?;
    write_details(&folder, &source, &outcome, &trained, opened.schedule, !args.output.no_plots)?;
    outcome.seconds.total = start.elapsed().as_secs_f64();
    let json = report::outcome_json(&outcome)?;
    files::write(&folder.join("result.json"), &json)?;
    if outcome.runs.iter().all(|run| run.stopped.is_some()) {
        let error = "every run diverged: no loss stayed finite; \
                     expected a smaller --learning-rate or less noise";
        return Err(anyhow::anyhow!(error).into());
    }
    match args.output.format {
        Format::Text => {
            let line = report::result_line(&outcome.summary, outcome.runs.len());
            Ok(print(format!("{line}\n").as_bytes())?)
        }
        Format::Json => Ok(print(&json)?),
    }
}

/// The folder of the checkpoints in that of the results.
const CHECKPOINTS: &str = "checkpoints";

/// The device; what has been trained in part goes on where it was.
fn open_device(
    args: &RunArgs,
    source: &Source,
    settings: &Settings,
    folder: &Path,
) -> Result<Opened> {
    let bound = || {
        let checkpoints = folder.join(CHECKPOINTS);
        let begun = if args.resume { checkpoints_device(&checkpoints)? } else { None };
        Ok(begun.map(|kind| (kind, "the checkpoints were trained there")))
    };
    let work = Work {
        devices: 1,
        bound: &bound,
        forecast: &|devices, schedule| forecast_repeats(source, settings, &devices[0], schedule),
    };
    args.train.device.open(&work, args.train.threads)
}

/// Trains the repeats, or what is left of them.
fn train(
    name: &str,
    args: &RunArgs,
    source: &Source,
    settings: &Settings,
    Opened { place, devices, schedule }: &Opened,
    folder: &Path,
) -> Result<Trained, Failure> {
    let folder = folder.join(CHECKPOINTS);
    let checkpointing = Checkpointing {
        folder: &folder,
        every: args.checkpoint_every,
        resume: args.resume,
        experiment: [name, place.kind()],
    };
    let progress = Progress::new(settings.repeats, settings.epochs, args.output.quiet);
    let warn = |line: String| progress.warn(&line);
    let resumable = Resumable::new(
        ": with --resume the same command goes on from a checkpoint, if there is one",
    );
    let (device, schedule) = (&devices[0], *schedule);
    let ending =
        train_resumable(source, settings, device, schedule, &progress, &checkpointing, &warn);
    drop(resumable);
    progress.finish();
    match ending? {
        Ending::Finished(trained) => Ok(trained),
        Ending::Interrupted(epochs) => Err(Failure::Interrupted(format!(
            "{epochs} of {} epochs are in {}; with --resume the same command goes on from there",
            settings.repeats * settings.epochs,
            folder.display()
        ))),
    }
}

/// What an experiment writes. `result.json` goes first and comes last: where it stands the results
/// are complete, and all of one run.
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

/// Everything but `result.json`.
fn write_details(
    folder: &Path,
    source: &Source,
    outcome: &Outcome,
    trained: &Trained,
    schedule: Schedule,
    pictures: bool,
) -> Result<()> {
    files::write_with(&folder.join("history.csv"), |file| {
        report::history_csv(&outcome.settings.seeds(), &trained.histories, file)
    })?;
    files::write(&folder.join("model.safetensors"), &trained.to_safetensors()?)?;
    if pictures {
        write_pictures(folder, &outcome.experiment, source, &outcome.settings, trained, schedule)?;
    }
    Ok(())
}

/// The command as typed, without the folder of the program.
pub(super) fn command_line() -> String {
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let program = words.next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default().to_string_lossy().into();
    [program].into_iter().chain(words).collect::<Vec<String>>().join(" ")
}
