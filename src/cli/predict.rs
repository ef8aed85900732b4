//! The `predict` program: a trained model on the rows of a file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;

use super::exit::Failure;
use super::folder::is_result;
use super::format_args::FormatArgs;
use super::parse::within;
use super::terminal::{print, tell, warn};
use super::test_noise_args::PerArg;
use crate::bundle::{Bundle, Rows};
use crate::files;
use crate::report;

/// Flags of the program.
#[derive(Args, Clone, Debug)]
pub struct PredictArgs {
    /// Folder of results with a trained model, or its model.safetensors
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// File of rows to predict, with the columns that the model was trained on; - is standard input
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// File for the predictions [default: -, standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Predict with the noise of the training on, in N draws: the mean and the standard deviation are then
    /// those over all networks and draws
    #[arg(long, value_name = "N", value_parser = within(1..=100_000usize))]
    draws: Option<usize>,
    /// What has one draw of this noise; of noise on weights a batch or a device
    #[arg(long, value_name = "WHAT", default_value = "row", requires = "draws")]
    per: PerArg,
    #[command(flatten)]
    format: FormatArgs,
    /// Only the predictions and the scores, nothing of what was decided or noticed
    #[arg(short, long)]
    quiet: bool,
}

/// Predicts the rows of a file with the networks of a bundle, and writes for each row the mean over the
/// networks and its standard deviation. If the file has the target, the scores are printed: on standard
/// output, or on standard error if that has the predictions.
///
/// # Errors
/// If there is no model, the file does not fit it, or the predictions cannot be written.
pub fn run_predict(args: &PredictArgs) -> Result<(), Failure> {
    let out = args.out.as_deref().filter(|out| *out != Path::new("-"));
    if let Some(out) = out {
        check_out(out, args).map_err(Failure::Usage)?;
    }
    let bundle = Bundle::read(&args.model).context("--model")?;
    let noise = &bundle.about().training.noise;
    let on_weights = noise.iter().any(|own| own.is_in_model() && !own.has_layer());
    if args.draws.is_some() && on_weights && args.per == PerArg::Row {
        let message =
            "--per: expected batch or device for a model with noise on weights, received row";
        return Err(Failure::Usage(anyhow!(message)));
    }
    let rows = bundle.about().training.inputs.read(&args.data, &args.format.format())?;
    if !args.quiet {
        notes(&bundle, &rows)?.iter().for_each(|line| tell(line));
    }
    let forecast = match args.draws {
        Some(draws) => bundle.sample(&rows, draws, args.per.into()).context("--draws")?,
        None => bundle.predict(&rows)?,
    };
    let classes = bundle.about().training.inputs.classes();
    let table = report::forecast_csv(&forecast, classes, &rows)?;
    match out {
        Some(out) => write(out, &table)?,
        None => print(&table)?,
    }
    let wanted = bundle.about().training.metric.as_str();
    if rows.is_labelled {
        let lines = report::forecast_scores(&forecast, classes, wanted)?;
        match out {
            Some(_) => print(lines.as_bytes())?,
            None => tell(lines.trim_end()),
        }
    }
    let (all, finished) =
        (bundle.about().training.seeds.len(), forecast.each.len() / forecast.draws);
    if out.is_some() && finished < all {
        warn(&format!("of {all} networks {} diverged and are left out", all - finished));
    }
    Ok(())
}

/// Returns what was decided about a file, and what is noticed of its rows.
fn notes(bundle: &Bundle, rows: &Rows) -> Result<Vec<String>> {
    let mut notes = rows.notes.clone();
    let (known, all) = (bundle.trained_on(rows)?, rows.numbers.len());
    if known > 0 {
        notes.push(format!(
            "the model was trained on {known} of the {all} rows: scores on them are optimistic"
        ));
    }
    Ok(notes)
}

/// Refuses to write over the rows, the model or the results beside it.
fn check_out(out: &Path, args: &PredictArgs) -> Result<()> {
    let received = out.display();
    ensure!(!out.is_dir(), "--out: expected a file, received the folder {received}");
    ensure!(
        !files::is_same(out, &args.data),
        "--out: expected another file than --data, received {received}"
    );
    let of_model = match args.model.is_dir() {
        true => args.model.as_path(),
        false => args.model.parent().unwrap_or(Path::new("")),
    };
    let folder =
        |path: &Path| if path.as_os_str().is_empty() { ".".into() } else { path.to_path_buf() };
    let is_beside =
        files::is_same(&folder(out.parent().unwrap_or(Path::new(""))), &folder(of_model));
    let is_result = out.file_name().is_some_and(|name| is_result(&name.to_string_lossy()));
    ensure!(
        !(files::is_same(out, &args.model) || is_beside && is_result && out.exists()),
        "--out: expected another file than the model and the results beside it, received {received}"
    );
    Ok(())
}

/// Writes a file whole or not at all; into a device or a pipe as into a stream.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let is_stream = path.metadata().is_ok_and(|own| !own.is_file());
    let written = match is_stream {
        true => OpenOptions::new().write(true).open(path).and_then(|mut out| out.write_all(bytes)),
        false => return files::write(path, bytes).context("--out"),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).with_context(|| format!("--out: cannot write {}", path.display()))
        }
        _ => Ok(()),
    }
}
