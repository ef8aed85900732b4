//! What the binaries do with their flags: train, report, write.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use candle_core::Device;

use super::args::{Format, OutputArgs};
use super::exit::{Failure, print};
use super::experiment_args::RunArgs;
use super::interrupt::Resumable;
use super::pictures::write_pictures;
use super::progress::Progress;
use crate::experiment::{
    Checkpointing, Ending, Outcome, Run, Schedule, Seconds, Settings, Summary, Trained,
    train_resumable,
};
use crate::{files, report};

/// Trains an experiment and writes its results; `name` names it and its default folder.
///
/// # Errors
/// When the flags do not fit together, the device or the folder cannot be used, or every run
/// diverged.
pub fn run_experiment(name: &str, args: &RunArgs, settings: Settings) -> Result<(), Failure> {
    let start = Instant::now();
    settings.check().map_err(Failure::Usage)?;
    let device = args.train.device.open()?;
    let folder = open_folder(name, &args.output, &FILES)?;
    let schedule = args.train.schedule();

    let training = Instant::now();
    let trained = train(name, args, &settings, &device, &folder)?;
    let train_seconds = training.elapsed().as_secs_f64();

    let runs = Run::all(&settings, &trained);
    let mut outcome = Outcome {
        experiment: name.to_string(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        command: command_line(),
        device: args.train.device.name(),
        summary: Summary::new(&runs),
        runs,
        seconds: Seconds { train: train_seconds, total: 0. },
        settings,
    };
    files::remove(&folder, &FILES)?;
    write_details(&folder, &outcome, &trained, schedule, !args.output.no_plots)?;
    outcome.seconds.total = start.elapsed().as_secs_f64();
    let json = report::outcome_json(&outcome)?;
    files::write(&folder.join("result.json"), &json)?;
    if outcome.summary.test_accuracy.n == 0 {
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

/// Trains the repeats, or what is left of them.
fn train(
    name: &str,
    args: &RunArgs,
    settings: &Settings,
    device: &Device,
    folder: &Path,
) -> Result<Trained, Failure> {
    let folder = folder.join(CHECKPOINTS);
    let checkpointing = Checkpointing {
        folder: &folder,
        every: args.checkpoint_every,
        resume: args.resume,
        experiment: [name, args.train.device.kind()],
    };
    let progress = Progress::new(settings.repeats, settings.epochs, args.output.quiet);
    let warn = |line: String| progress.warn(&line);
    let resumable = Resumable::new(
        ": with --resume the same command goes on from a checkpoint, if there is one",
    );
    let schedule = args.train.schedule();
    let ending = train_resumable(settings, device, schedule, &progress, &checkpointing, &warn);
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

pub(super) fn open_folder(name: &str, output: &OutputArgs, files: &[&str]) -> Result<PathBuf> {
    let folder = output.out.clone().unwrap_or_else(|| Path::new("runs").join(name));
    files::create_folder(&folder, files).context("--out")?;
    Ok(folder)
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
        write_pictures(folder, &outcome.experiment, &outcome.settings, trained, schedule)?;
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
