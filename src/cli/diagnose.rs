//! The `diagnose` program: what the noise of a trained model does.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;

use super::described::parts_of;
use super::exit::Failure;
use super::finished::Finished;
use super::format_args::FormatArgs;
use super::parse::within;
use super::terminal::{print, tell};
use crate::bundle::{Bundle, Rows};
use crate::data::Samples;
use crate::noise::NoiseSpec;
use crate::{files, report};

/// Flags of the program.
#[derive(Args, Clone, Debug)]
pub struct DiagnoseArgs {
    /// Folder of results with a trained model
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// File of rows with targets to diagnose it on; rows of a table without one are left out [default: the file
    /// that it was trained on, or the test rows of its task]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Number of draws of each noise
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = within(1..=100_000usize))]
    draws: usize,
    /// Picture of how much each noise adds to the loss, from a quarter of its strength to three times it, beside
    /// Bishop's law; .png or .svg
    #[arg(long, value_name = "FILE", value_parser = picture)]
    plot: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

/// Multiples of the strengths in the picture.
const FACTORS: [f64; 7] = [0.25, 0.5, 0.75, 1., 1.5, 2., 3.];

/// Reads the name of a picture.
fn picture(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|own| own.to_str()) {
        Some("png" | "svg") => Ok(path),
        _ => Err("expected a name such as penalty.png or penalty.svg".to_string()),
    }
}

/// Says what each noise of a trained model does to its predictions, and why nothing changed if nothing did.
///
/// # Errors
/// If there is no model, its rows cannot be read or have no targets.
pub fn run_diagnose(args: &DiagnoseArgs) -> Result<(), Failure> {
    let bundle = Bundle::read(&args.model).context("--model")?;
    let training = &bundle.about().training;
    if let Some(path) = &args.plot {
        files::check_writable(path).context("--plot")?;
    }
    let off = Finished::read(&args.model).map(|own| own.noise()).unwrap_or_default();
    let off = off.iter().filter(|spec| spec.is_silent());
    let off: String =
        off.map(|spec| format!("{} is off: its strength is 0.\n", spec.place())).collect();
    if args.plot.is_some() && !training.noise.iter().any(NoiseSpec::is_in_model) {
        return Err(Failure::Failed(anyhow!(
            "--plot: expected a model trained with noise that predictions pass through, received one without"
        )));
    }
    if training.noise.is_empty() {
        let nothing = "The model was trained without noise: there is nothing to diagnose.\n";
        return Ok(print((off + nothing).as_bytes())?);
    }
    let samples = samples(args, &bundle)?;
    let found = bundle.diagnose(&samples, args.draws)?;
    print((report::diagnosis_text(&found, &training.noise) + &off).as_bytes())?;
    if let Some(path) = &args.plot {
        // Strengths that a kind does not take have no place in it.
        let at = |factor: f64| match factor {
            1. => Some((factor, found.clone())),
            _ => Some((factor, bundle.diagnose_at(&samples, args.draws, factor).ok()?)),
        };
        let scene =
            report::penalty_picture(&FACTORS.into_iter().filter_map(at).collect::<Vec<_>>());
        let bytes = match path.extension().is_some_and(|own| own == "svg") {
            true => scene.svg("penalty")?.into_bytes(),
            false => scene.png()?,
        };
        files::write(path, &bytes)?;
    }
    Ok(())
}

/// Returns the rows to diagnose on.
fn samples(args: &DiagnoseArgs, bundle: &Bundle) -> Result<Samples, Failure> {
    let read = |file: &PathBuf| -> Result<Rows> {
        bundle.about().training.inputs.read_labelled(file, &args.format.format())
    };
    if let Some(file) = &args.data {
        let rows = read(file)?;
        rows.notes.iter().for_each(|line| tell(line));
        return Ok(rows.samples);
    }
    if let Some(parts) = parts_of(&bundle.about().training.settings)? {
        return Ok(parts.test);
    }
    let finished = Finished::read(&args.model).ok();
    match finished.and_then(|own| own.files().into_iter().next()) {
        Some(file) => Ok(read(&file)?.samples),
        None => {
            let message = "expected --data FILE, rows with targets for the model";
            Err(Failure::Usage(anyhow!(message)))
        }
    }
}
