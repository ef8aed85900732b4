//! The training programs: train, report, write.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use super::args::Format;
use super::auto::Work;
use super::contents::{Begin, Contents};
use super::device::Opened;
use super::exit::{Failure, line};
use super::experiment_args::{Job, RunArgs};
use super::folder::{CHECKPOINTS, Claimed};
use super::interrupt::{self, Reaction, Stage};
use super::pictures::Drawing;
use super::progress::Progress;
use super::results::{RESULT, Results};
use super::terminal::{command_line, next_command, warn, warn_of};
use crate::bundle::Bundle;
use crate::experiment::{
    Basis, Checkpointing, Ending, Outcome, Plan, Seconds, Subject, TestNoise, Trained, bundle_runs,
    checkpoints_device, forecast_repeats, lacking_classes, noise_name, references, train_resumable,
};
use crate::{files, report};

/// Trains an experiment and writes its results; `name` is the name of the experiment and of its
/// default folder.
///
/// # Errors
/// If the flags are inconsistent, the device or the folder cannot be used, the folder holds other
/// results, every run diverged, or a part of the results cannot be written.
pub fn run_experiment(name: &str, args: &RunArgs, job: Job) -> Result<(), Failure> {
    let start = Instant::now();
    let Job { task, plan, reading } = job;
    args.train.check_init(&args.output.folder(name))?;
    let subject = args.train.subject(&*task)?;
    let plan = plan.checked(&subject).map_err(Failure::Usage)?;
    let test_noise = args.test_noise.test_noise().map(|own| own.checked(&subject, &plan));
    let test_noise = test_noise.transpose().context("--test-noise").map_err(Failure::Usage)?;
    let opened = open_device(args, &subject, &plan, &args.output.folder(name))?;
    let subject = subject.on(opened.place.kind());
    let basis = Basis::new(&subject, &plan)?;
    let (_, first) = plan.trials().next().context("expected at least one run")?;
    let contents = Contents::new(name, subject.settings(&first), Some((plan.seed, plan.repeats)));
    let begin = if args.resume { Begin::Resume } else { Begin::Over };
    args.tensorboard.check()?;
    let claimed = args.output.claim(&contents, &FILES, begin)?;
    claimed.begin(&contents)?;
    reading.iter().for_each(warn_of);
    lacking_classes(&subject, &plan)?.iter().for_each(|line| warn(line));
    args.train.tell_init(&subject, plan.repeats);
    let Claimed { folder, lock: _lock, held } = claimed;

    let again =
        format!("continue from a checkpoint, if there is one: {}", next_command(&["--resume"]));
    let stage = Stage::new(Reaction::Finish, again);
    let training = Instant::now();
    let mut trained =
        train(name, args, &subject, &plan, &opened, &folder).inspect_err(|failure| {
            // Results that were finished still are if training fails before adding to them.
            if let (Failure::Failed(_), Some(held)) = (failure, &held)
                && let Err(error) = held.write(&folder)
            {
                warn(&line(&error));
            }
        })?;
    let train = training.elapsed().as_secs_f64();

    if let Some(noise) = &test_noise {
        let scores = noise.scores(&subject, &plan, &trained, &opened.devices[0]);
        let name = noisy_figure(&basis.metric);
        let runs = trained.runs.iter_mut().zip(scores.context("--test-noise")?);
        runs.for_each(|(run, score)| run.scores.set(&name, score));
    }
    let mut outcome = Outcome::of_repeats(&plan, &basis, trained.runs.clone());
    outcome.experiment = name.to_string();
    outcome.command = command_line();
    outcome.device = opened.place.name();
    outcome.references = references(&subject, &plan)?;
    outcome.reading = reading;
    outcome.test_noise = test_noise;
    outcome.seconds = Seconds { train, total: start.elapsed().as_secs_f64() };
    let mut results = Results::new(folder.clone());
    let (device, schedule) = (&opened.devices[0], opened.schedule);
    let model = || match bundle_runs(&subject, &plan, &trained, device, schedule)? {
        Some(bundle) => bundle.to_safetensors(),
        None => trained.to_safetensors(),
    };
    write_figures(&mut results, &contents, args.output.format, &outcome, &trained, model);
    if let Err(error) = args.tensorboard.write_runs(name, &outcome.metric, &trained) {
        results.fail(error);
    }
    results.write_if_any("predictions.csv", predictions(&subject, &plan, &trained));
    drop(stage);
    if !args.output.no_plots {
        let how = format!(
            "the results are in {}; draw the pictures: {}",
            folder.display(),
            next_command(&["--resume"])
        );
        if interrupt::requested() {
            return Err(Failure::Interrupted(how));
        }
        let _stage = Stage::new(Reaction::Exit, how);
        let drawing = Drawing {
            subject: &subject,
            outcome: &outcome,
            trained: &trained,
            schedule: opened.schedule,
            format: args.output.plot_format,
        };
        drawing.write(&mut results);
    }
    results.finish()?;
    match outcome.all_diverged() {
        false => Ok(()),
        true => Err(anyhow!(
            "every run diverged: no loss stayed finite; expected a smaller --learning-rate or less \
             noise"
        )
        .into()),
    }
}

/// Returns the name of the score with noise in the test.
fn noisy_figure(metric: &str) -> String {
    format!("noisy_test_{metric}")
}

/// Returns the scores with noise in the test and without, in lines, if it was tested so.
fn noisy_line(outcome: &Outcome) -> Option<String> {
    let TestNoise { noise, draws, .. } = outcome.test_noise.as_ref()?;
    let summary = &outcome.cells.first()?.summary;
    let draws = if *draws == 1 { "1 draw".to_string() } else { format!("mean of {draws} draws") };
    Some(report::wrapped(&format!(
        "With noise {} in the test: {} {} ({draws}), without {}.",
        noise_name(noise),
        outcome.metric.replace('_', " "),
        summary.get(&noisy_figure(&outcome.metric)).words(),
        summary.get(&outcome.figure()).words()
    )))
}

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
    let checkpoints = folder.join(CHECKPOINTS);
    let checkpointing = Checkpointing {
        folder: &checkpoints,
        every: args.checkpoint_every,
        resume: args.resume,
        experiment: name,
    };
    let epochs = plan.runs() * plan.epochs;
    let progress = Progress::of_epochs(epochs, args.output.quiet);
    let device = &devices[0];
    let ending = progress.watched(None, |watch| {
        train_resumable(subject, plan, device, *schedule, watch, &checkpointing)
    });
    progress.finish();
    match ending? {
        Ending::Finished(trained) => Ok(trained),
        Ending::Interrupted(done) => Err(Failure::Interrupted(format!(
            "{done} of {epochs} epochs are in {}; continue: {}",
            checkpoints.display(),
            next_command(&["--resume"])
        ))),
    }
}

/// Returns the predictions for the test rows, if the task has them.
fn predictions(subject: &Subject, plan: &Plan, trained: &Trained) -> Result<Option<Vec<u8>>> {
    let task = subject.task();
    let classes = task.class_names();
    let mut table = report::Predictions::new(classes.as_deref())?;
    for ((_, trial), (run, rows)) in plan.trials().zip(trained.runs.iter().zip(&trained.test)) {
        let Some(numbers) = task.test_rows(&trial.draw)? else { return Ok(None) };
        if !run.has_failed() {
            let repeat = trial.seed - plan.seed;
            table.add(&numbers, repeat, trial.draw.fold, rows)?;
        }
    }
    table.finish().map(Some)
}

/// Files that an experiment writes.
pub(super) const FILES: [&str; 22] = [
    RESULT,
    "predictions.csv",
    "history.csv",
    Bundle::FILE,
    "accuracy.png",
    "accuracy.svg",
    "loss.png",
    "loss.svg",
    "dataset.png",
    "dataset.svg",
    "boundary.png",
    "boundary.svg",
    "confusion.png",
    "confusion.svg",
    "roc.png",
    "roc.svg",
    "reliability.png",
    "reliability.svg",
    "predicted.png",
    "predicted.svg",
    "residuals.png",
    "residuals.svg",
];

/// Prints the result and writes everything but the pictures.
fn write_figures(
    results: &mut Results,
    contents: &Contents,
    format: Format,
    outcome: &Outcome,
    trained: &Trained,
    model: impl FnOnce() -> Result<Vec<u8>>,
) {
    let json = report::outcome_json(outcome);
    let text = match (format, &json) {
        (Format::Json, Ok(json)) => Some(json.clone()),
        (Format::Text, _) if !outcome.all_diverged() => {
            let (summary, runs) = (&outcome.cells[0].summary, outcome.finished());
            let line = match outcome.reading {
                Some(_) => report::folds_line(outcome),
                None => report::result_line(summary, &outcome.metric, runs),
            };
            let line = report::wrapped(&line);
            Some((noisy_line(outcome).unwrap_or_default() + &line).into_bytes())
        }
        _ => None,
    };
    if let Some(text) = text {
        results.print(&text);
    }
    results.describe(contents);
    results.write(RESULT, json);
    results.remove_others(&FILES);
    results.write(Bundle::FILE, model());
    let history = files::write_with(&results.path("history.csv"), |file| {
        let runs = outcome.plan.trials().map(|(_, trial)| (trial.seed, trial.draw.fold));
        report::history_csv(&outcome.metric, runs, &trained.histories, file)
    });
    results.add("history.csv", history);
}
