//! The `compare` program: finished experiments side by side.

use std::path::PathBuf;

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use serde_json::json;

use super::args::{Format, OutputArgs, PlotFormat};
use super::contents::{Begin, Contents};
use super::exit::Failure;
use super::finished::Finished;
use super::folder::Claimed;
use super::pictures::{SIDE, loss_label, points};
use super::results::Results;
use super::terminal::warn;
use crate::report;

/// Files that the program writes.
pub(super) const FILES: [&str; 6] =
    ["accuracy.png", "accuracy.svg", "loss.png", "loss.svg", "boundary.png", "boundary.svg"];

/// Flags of the program.
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// Folders of finished experiments on the same rows, the baseline first
    #[arg(required = true, num_args = 2..=6, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Folder for the pictures [default: runs/compare]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Start over: remove the results and finished runs that the folder holds
    #[arg(long)]
    fresh: bool,
    /// Format of the pictures
    #[arg(long, value_name = "FORMAT", default_value = "png")]
    plot_format: PlotFormat,
}

/// Draws finished experiments side by side on the same points, and prints their figures.
///
/// # Errors
/// If a folder holds no finished experiment or is given twice, the experiments are on other rows or have
/// other metrics, or a picture cannot be written.
pub fn run_compare(args: &CompareArgs) -> Result<(), Failure> {
    let read = |folder: &PathBuf| Finished::read(folder);
    let experiments = args.folders.iter().map(read).collect::<Result<Vec<_>>>()?;
    check(&experiments)?;
    let experiments: Vec<(String, Finished)> =
        names(&experiments).into_iter().zip(experiments).collect();
    let output = OutputArgs {
        out: args.out.clone(),
        fresh: args.fresh,
        no_plots: false,
        plot_format: args.plot_format,
        quiet: true,
        format: Format::Text,
    };
    let names: Vec<&String> = experiments.iter().map(|(name, _)| name).collect();
    let settings = json!({ "task": "compare", "experiments": names });
    let contents = Contents::new("compare", settings, None);
    let out = output.folder("compare");
    for (_, own) in &experiments {
        if own.is_in(&out) {
            return Err(Failure::Usage(anyhow!(
                "--out: expected a folder of its own, received that of an experiment, {}",
                out.display()
            )));
        }
    }
    let Claimed { folder, lock: _lock, .. } = output.claim(&contents, &FILES, Begin::Over)?;
    let mut results = Results::new(folder);
    results.describe(&contents);
    let line = |(name, own): &(String, Finished)| format!("{name}. {}\n", own.line());
    let lines: String = experiments.iter().map(line).collect();
    results.print(lines.as_bytes());
    results.remove_others(&FILES);
    draw(&experiments, args.plot_format, &mut results);
    Ok(results.finish()?)
}

/// Checks that experiments can stand side by side.
fn check(experiments: &[Finished]) -> Result<()> {
    for (index, own) in experiments.iter().enumerate() {
        let first = &experiments[0];
        first.check_same_rows(own)?;
        ensure!(
            own.metric == first.metric,
            "expected experiments of one metric, received {} and {}",
            first.metric,
            own.metric
        );
        for other in &experiments[..index] {
            let (folder, other) = (&own.folder, own.shares_folder(other)?);
            ensure!(!other, "expected each folder once, received {} twice", folder.display());
        }
    }
    Ok(())
}

/// Returns the names above panels: those of two experiments as they are; of more, whose panels are narrow,
/// the noise alone, or the last part of the folder if that is long or not the only one.
fn titles(experiments: &[(String, Finished)]) -> Vec<String> {
    const LONGEST: usize = 26;
    if experiments.len() < 3 {
        return experiments.iter().map(|(name, _)| name.clone()).collect();
    }
    let plain: Vec<String> = experiments.iter().map(|(_, own)| own.noise_name()).collect();
    let is_alone = |name: &String| plain.iter().filter(|other| *other == name).count() == 1;
    let title = |((_, own), name): (&(String, Finished), &String)| {
        let folder = own.folder.file_name().map(|name| name.to_string_lossy().into_owned());
        match folder {
            Some(folder) if !is_alone(name) || name.chars().count() > LONGEST => folder,
            _ => name.clone(),
        }
    };
    experiments.iter().zip(&plain).map(title).collect()
}

/// Returns the names of experiments. Those of one name, and long ones, which a panel would shorten, have
/// their folders in it.
fn names(experiments: &[Finished]) -> Vec<String> {
    const LONGEST: usize = 45;
    let plain: Vec<String> = experiments.iter().map(Finished::name).collect();
    let is_alone = |name: &String| plain.iter().filter(|other| *other == name).count() == 1;
    let name = |(own, name): (&Finished, &String)| match is_alone(name) {
        true if name.chars().count() <= LONGEST => name.clone(),
        _ => format!("{name} ({})", own.folder.display()),
    };
    experiments.iter().zip(&plain).map(name).collect()
}

fn draw(experiments: &[(String, Finished)], format: PlotFormat, results: &mut Results) {
    let (_, first) = &experiments[0];
    let title = match experiments.iter().all(|(_, own)| own.seeds() == first.seeds()) {
        true => "The same rows and seeds",
        false => "The same rows; the seeds differ",
    };
    let titles = titles(experiments);
    let own: Vec<_> =
        experiments.iter().zip(&titles).map(|((_, own), title)| own.trainings(title)).collect();
    results.draw("accuracy", format, Ok(report::score_picture(title, &first.metric, &own)));
    let loss = loss_label(first.objective());
    results.draw("loss", format, Ok(report::loss_picture(title, &loss, &own)));
    if let Some(scene) = boundaries(experiments, &titles).transpose() {
        results.draw("boundary", format, scene);
    }
}

/// Draws the decision boundaries, if the data lie in the plane.
fn boundaries(
    experiments: &[(String, Finished)],
    titles: &[String],
) -> Result<Option<report::plot::Scene>> {
    let Some((draw, data)) = experiments[0].1.plane()? else { return Ok(None) };
    let mut fields = Vec::new();
    for ((name, own), title) in experiments.iter().zip(titles) {
        match own.boundary(&data, SIDE)? {
            Some(field) => fields.push((title.clone(), field)),
            None => warn(&format!("{name}: every run diverged, so it has no boundary")),
        }
    }
    if fields.is_empty() {
        return Ok(None);
    }
    let fields: Vec<_> = fields.iter().map(|(name, field)| (name.clone(), field)).collect();
    let title = "Decision boundaries on the same points";
    report::boundary_picture(title, &fields, &points(&draw, &data)).map(Some)
}
