//! The `robustness` program: trained models under noise, corruptions and attacks.

mod compared;
mod jobs;
mod models;
pub(super) mod parts;
mod plane;
mod work;
mod written;

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use serde_json::json;

use self::compared::compared;
use self::jobs::jobs;
use self::models::{Model, Tried};
use self::parts::Parts;
use self::plane::attacked as attacked_points;
use self::work::Work;
use self::written::write;
use super::args::{Format, OutputArgs, PlotFormat};
use super::contents::{Begin, Contents};
use super::device::{DeviceChoice, Place};
use super::exit::Failure;
use super::folder::Claimed;
use super::format_args::FormatArgs;
use super::interrupt::{Reaction, Stage};
use super::parse::{any, error, moderate, within};
use super::results::Results;
use super::terminal::{next_command, tell};
use crate::bundle::Bundle;
use crate::files::{self, sha256};
use crate::robust::{Effort, Smoothing, scans};

/// The file of all figures.
pub(super) const ROBUSTNESS: &str = "robustness.json";

/// Files that the program writes.
pub(super) const FILES: [&str; 8] = [
    ROBUSTNESS,
    "robustness.html",
    "robustness.png",
    "robustness.svg",
    "differences.png",
    "differences.svg",
    "attack.png",
    "attack.svg",
];

/// Flags of the program.
#[derive(Args, Clone, Debug)]
pub struct RobustnessArgs {
    /// Folder of results with a trained model; repeat the flag to compare several, the baseline first
    #[arg(long, value_name = "DIR", required = true)]
    model: Vec<PathBuf>,
    /// File of rows with targets to try them on [default: the test rows of their task]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// What to try, e.g. gaussian,pgd-linf,certified-l2 [default: all that fits the data]
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    kinds: Vec<String>,
    /// Strengths from 0 on for all kinds but corruptions, e.g. 0,0.1,0.2 [default: those of each kind]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = any, allow_hyphen_values = true)]
    strengths: Vec<f64>,
    /// Number of steps of PGD and APGD
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = within(1..=100_000usize))]
    steps: usize,
    /// Number of starts of PGD and APGD: the row itself, then random points [default: 5 for tables and points, 1
    /// for images and sequences]
    #[arg(long, value_name = "N", value_parser = within(1..=1000u32))]
    starts: Option<u32>,
    /// Predict by the mean over so many draws of the noise that a model was trained with, also under attack
    /// [default: the noise is off]
    #[arg(long, value_name = "N", value_parser = within(1..=1000u32))]
    average: Option<u32>,
    /// Standard deviation of the noise of the smoothed classifiers that are certified
    #[arg(long, value_name = "X", default_value_t = 0.25, value_parser = moderate, allow_hyphen_values = true)]
    sigma: f64,
    /// Number of draws that bound the probability of a class, after 100 that choose it
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = within(1..=10_000_000u32))]
    certify_draws: u32,
    /// Probability that the certificate of a row is wrong
    #[arg(long, value_name = "P", default_value_t = 0.001, value_parser = error)]
    alpha: f64,
    #[command(flatten)]
    format: FormatArgs,
    /// Folder for the results [default: runs/robustness]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Start over: remove the results that the folder holds
    #[arg(long)]
    fresh: bool,
    /// Do not draw pictures
    #[arg(long)]
    no_plots: bool,
    /// Format of the pictures
    #[arg(long, value_name = "FORMAT", default_value = "png", conflicts_with = "no_plots")]
    plot_format: PlotFormat,
    /// Device: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Number of CPU threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = within(1..=1024usize))]
    threads: Option<usize>,
    /// Hide the progress bar
    #[arg(long, short)]
    quiet: bool,
}

/// The most models that have room side by side.
const MOST: usize = 6;

/// Tries trained models on changed rows, prints how their scores fall, and writes all figures. Finished parts
/// are kept, so that an interrupted program continues.
///
/// # Errors
/// If there is no model, models or data do not fit each other, or a part of the results cannot be written.
pub fn run_robustness(args: &RobustnessArgs) -> Result<(), Failure> {
    if args.model.len() > MOST {
        return Err(Failure::Usage(anyhow!(
            "--model: expected at most {MOST} models, received {}",
            args.model.len()
        )));
    }
    if let Some(flag) = args.format.given().filter(|_| args.data.is_none()) {
        return Err(Failure::Usage(anyhow!(
            "{flag}: expected --data FILE, whose text it is about, received none"
        )));
    }
    let models = Model::read(&args.model)?;
    let tried = Tried::read(&models, args.data.as_deref(), &args.format.format())?;
    let default = Effort::of(tried.measured.form());
    let effort = Effort { steps: args.steps, starts: args.starts.unwrap_or(default.starts) };
    let all = scans(&tried.measured, effort).context("rows")?;
    let average = args.average.filter(|_| models.iter().any(Model::is_noisy));
    if args.average.is_some() && average.is_none() {
        let message = "--average: expected a model that was trained with noise in its layers or weights, received none";
        return Err(Failure::Usage(anyhow!(message)));
    }
    let has_classes = models[0].bundle.about().training.inputs.classes().is_some();
    let smoothing = Smoothing::new(args.sigma).draws(args.certify_draws).alpha(args.alpha);
    let has_numbers = tried.measured.form().has_numbers();
    let smoothing = (has_classes && has_numbers).then_some(smoothing);
    let (jobs, notes) =
        jobs(all, effort, smoothing, &args.kinds, &args.strengths).map_err(Failure::Usage)?;
    let place = match args.device {
        DeviceChoice::Auto => Place::Cpu,
        DeviceChoice::At(place) => place,
    };
    let opened = place.open(1, args.threads)?;
    let output = OutputArgs {
        out: args.out.clone(),
        fresh: args.fresh,
        no_plots: args.no_plots,
        plot_format: args.plot_format,
        quiet: args.quiet,
        format: Format::Text,
    };
    let hashes = models.iter().map(Model::hash).collect::<Result<Vec<_>>>()?;
    let folders: Vec<String> = args.model.iter().map(|own| own.display().to_string()).collect();
    let weights = sha256(hashes.join(" ").as_bytes());
    let settings = json!({
        "task": "robustness",
        "models": folders,
        "rows": tried.source,
        "weights of the models": format!("{weights:.8}"),
        "content of the rows": format!("{:.8}", tried.hash),
    });
    let contents = Contents::new("robustness", settings, None);
    let settings = json!({
        "rows": tried.source,
        "steps": effort.steps,
        "starts": effort.starts,
        "outside": tried.outside()?,
    });
    let out = output.folder("robustness");
    let is_own = |own: &&Model| files::is_same(&Bundle::path(&own.folder), &out.join(Bundle::FILE));
    if let Some(own) = models.iter().find(is_own) {
        return Err(Failure::Usage(anyhow!(
            "--out: expected a folder of its own, received that of a model, {}",
            own.folder.display()
        )));
    }
    let claimed = output.claim(&contents, &FILES, Begin::Over)?;
    claimed.begin(&contents)?;
    let Claimed { folder, lock: _lock, .. } = claimed;
    if !args.quiet {
        tried.notes.iter().chain(&notes).for_each(|line| tell(line));
    }
    let parts = Parts::open(&folder).context("--out")?;
    let work = Work { models: &models, tried: &tried, jobs: &jobs, average, hashes: &hashes };
    let how =
        format!("the finished parts are in {}; continue: {}", folder.display(), next_command(&[]));
    let stage = Stage::new(Reaction::Exit, how);
    let done = work.run(&opened, &parts, args.quiet)?;
    let mut found = compared(&models, &jobs, &done, (tried.samples.rows(), average));
    let diverged = models.iter().zip(&done.contenders);
    let diverged = diverged.filter_map(|(own, networks)| own.diverged(networks.seeds().len()));
    found.warnings.splice(0..0, tried.warnings.iter().cloned().chain(diverged));
    let mut results = Results::new(folder);
    results.describe(&contents);
    let format = (!args.no_plots).then_some(args.plot_format);
    let attacked = match format.filter(|_| has_classes) {
        Some(_) => attacked_points(&models, &done.contenders, &jobs),
        None => Ok(None),
    };
    write(&found, &settings, attacked, format, &mut results);
    drop(stage);
    results.remove_others(&FILES);
    Ok(results.finish()?)
}
