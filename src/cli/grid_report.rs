//! The report of a grid: compares, concludes, writes and prints.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::args::{Format, OutputArgs};
use super::exit::Failure;
use super::folder::lock_results;
use super::grid_args::GridArgs;
use super::interrupt::{self, Reaction, Stage};
use super::results::{RESULT, Results};
use super::robustness::ROBUSTNESS;
use super::run_grid::Asked;
use super::terminal::{command_line, program, quoted};
use crate::bundle::Bundle;
use crate::experiment::{Cell, Outcome, Store, robustness};
use crate::report;
use crate::robust::Effort;

/// Files that a grid writes beside its store.
pub(super) const FILES: [&str; 14] = [
    RESULT,
    "cells.csv",
    "runs.csv",
    "report.html",
    Bundle::FILE,
    ROBUSTNESS,
    "accuracy_by_stddev.png",
    "accuracy_by_stddev.svg",
    "heatmap.png",
    "heatmap.svg",
    "runs.png",
    "runs.svg",
    "learning_curves.png",
    "learning_curves.svg",
];

/// Trains the networks of a cell for predictions, unless the given bundle already has them.
pub(super) type Modelled<'a> = dyn Fn(&Cell, Option<Bundle>) -> Result<Option<Bundle>> + 'a;

/// Reports on the finished runs of a grid, with a model of the recommended cell if one can be trained.
///
/// # Errors
/// If a file cannot be written, or no run with noise could be compared.
pub(super) fn write_report(
    name: &str,
    folder: &Path,
    args: &GridArgs,
    asked: &Asked,
    store: &Store,
    model: Option<&Modelled>,
) -> Result<(), Failure> {
    let seconds = asked.seconds.unwrap_or_default();
    let mut outcome = Outcome::of(&asked.plan, store, &asked.device, seconds)?;
    outcome.experiment = name.to_string();
    outcome.references = asked.references.clone();
    outcome.reading = asked.reading.clone();
    outcome.looks = asked.looks.clone();
    outcome.command = asked.command.clone().unwrap_or_else(command_line);
    outcome.robustness = robustness(store.basis(), &outcome, Some(folder));
    let _lock = lock_results(folder)?;
    let mut results = Results::new(folder.to_path_buf());
    let how = format!(
        "the figures are in {}; write the report: {} --report {}",
        folder.display(),
        program(),
        quoted(folder.as_os_str())
    );
    let stage = Stage::new(Reaction::Finish, how.clone());
    let known = Bundle::read(folder).ok();
    write_figures(&mut results, args.output.format, &outcome);
    if let Err(error) = args.tensorboard.write_grid(&asked.plan, store) {
        results.fail(error);
    }
    drop(stage);
    if interrupt::requested() {
        return Err(Failure::Interrupted(how));
    }
    let stage = Stage::new(Reaction::Exit, how);
    write_page(&mut results, &outcome, &args.output);
    if let Some((model, conclusion)) = model.zip(outcome.conclusion.as_ref()) {
        let bundle = model(&conclusion.recommended, known);
        let bytes = bundle.and_then(|own| own.map(|own| own.to_safetensors()).transpose());
        results.write_if_any(Bundle::FILE, bytes);
    }
    drop(stage);
    results.finish()?;
    if outcome.conclusion.is_none() {
        let error = if outcome.runs().any(|run| run.stopped.is_some()) {
            "no run with noise could be compared with the baseline: the runs diverged; expected a \
             smaller --learning-rate or less noise"
        } else if outcome.is_complete() {
            "no run with noise could be compared with the baseline: the test figures are undefined"
        } else {
            "no run with noise and its baseline are finished yet"
        };
        return Err(anyhow::anyhow!(error).into());
    }
    Ok(())
}

/// Prints the answer and writes the tables.
fn write_figures(results: &mut Results, format: Format, outcome: &Outcome) {
    let json = report::grid_json(outcome);
    if outcome.conclusion.is_some() {
        match (format, &json) {
            (Format::Text, _) => results.print(report::grid_text(outcome).as_bytes()),
            (Format::Json, Ok(json)) => results.print(json),
            (Format::Json, Err(_)) => {}
        }
    }
    results.write(RESULT, json);
    if let Some(found) = &outcome.robustness {
        let Effort { steps, starts } = Effort::BRIEF;
        let settings = json!({
            "rows": format!("test rows of {}, each network's own", outcome.plan.task),
            "steps": steps,
            "starts": starts,
        });
        results.write(ROBUSTNESS, report::robustness_json(found, &outcome.command, &settings));
    }
    // The model stays until there is another.
    let others: Vec<&str> = FILES.into_iter().filter(|name| *name != Bundle::FILE).collect();
    results.remove_others(&others);
    results.write("cells.csv", report::cells_csv(outcome));
    results.write("runs.csv", report::runs_csv(outcome));
}

/// Writes the pictures and the page.
fn write_page(results: &mut Results, outcome: &Outcome, output: &OutputArgs) {
    let mut pictures = Vec::new();
    for drawn in report::grid_pictures(outcome).take(if output.no_plots { 0 } else { usize::MAX }) {
        match drawn {
            Ok(picture) => {
                results.draw(picture.name, output.plot_format, Ok(&picture.scene));
                pictures.push(picture);
            }
            Err(error) => results.fail(error),
        }
    }
    results.write("report.html", report::report_html(outcome, &pictures));
}
