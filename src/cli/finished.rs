//! A finished experiment, read from its folder.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use serde::Deserialize;
use serde_json::Value;

use super::contents::{Contents, DESCRIPTION, Held};
use super::described::task_of;
use super::results::RESULT;
use crate::data::Dataset;
use crate::experiment::{Field, Run, Schedule, boundary, noise_name};
use crate::files;
use crate::noise::NoiseSpec;
use crate::report::{self, Trainings};
use crate::stats::Statistic;
use crate::task::{self, Draw, Hyper, Recipe, View};
use crate::train::ReplicaHistory;

/// The file of the curves.
const HISTORY: &str = "history.csv";

/// A finished experiment.
pub(super) struct Finished {
    pub folder: PathBuf,
    pub contents: Contents,
    /// The name of the primary metric.
    pub metric: String,
    /// The curves of its runs.
    pub histories: Vec<ReplicaHistory>,
    /// Its runs.
    pub runs: Vec<Run>,
    /// Its `result.json`.
    pub result: Value,
}

impl Finished {
    /// Reads the results of a training program.
    ///
    /// # Errors
    /// If the folder holds no finished experiment of such a program, or a file cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let at = || folder.display().to_string();
        let contents = match Held::read(folder) {
            Held::Described(contents) => contents,
            Held::Undescribed => {
                bail!("{}: expected results of an experiment, received no {DESCRIPTION}", at())
            }
            Held::Unknown(why) => bail!("{}: {DESCRIPTION}: {why}", at()),
        };
        let repeats = contents.repeats.filter(|_| contents.settings["noise"].is_array());
        let (_, repeats) = repeats.with_context(|| {
            format!(
                "{}: expected the results of a training program, received those of {}",
                at(),
                contents.experiment
            )
        })?;
        ensure!(
            contents.finished,
            "{}: expected a finished experiment, received one that trains or was interrupted",
            at()
        );
        let (metric, mut histories) = read(folder, HISTORY, report::read_history)?;
        let (result, own_runs): (Value, Vec<Run>) = read(folder, RESULT, |file| {
            let result: Value = serde_json::from_reader(file)?;
            let runs = Vec::deserialize(&result["runs"]).context("expected runs")?;
            Ok((result, runs))
        })?;
        let folds = result["settings"]["folds"].as_u64().unwrap_or(1) as usize;
        let (runs, most) = (histories.len(), repeats.saturating_mul(folds));
        ensure!(
            runs <= most,
            "{}: expected at most {most} runs, received {runs}",
            folder.join(HISTORY).display()
        );
        // A run that diverged in its first epoch has no rows.
        histories.resize(most, ReplicaHistory::default());
        let folder = folder.to_path_buf();
        Ok(Self { folder, contents, metric, histories, runs: own_runs, result })
    }

    /// Returns the name of the program, its noise and its recipe: `hidden_noise: before-activation 0.1`,
    /// `baseline: mixup 0.2`.
    pub fn name(&self) -> String {
        let program = &self.contents.experiment;
        match self.remedies() {
            own if own.is_empty() => program.clone(),
            own => format!("{program}: {own}"),
        }
    }

    /// Returns its noise and its recipe, or the name of the program without any.
    pub fn noise_name(&self) -> String {
        let own = self.remedies();
        if own.is_empty() { self.contents.experiment.clone() } else { own }
    }

    /// Returns its noise and its recipe in words: `input 0.1, mixup 0.2`.
    fn remedies(&self) -> String {
        let noise = Some(self.noise()).filter(|own| !own.is_empty());
        // The recipe of a later version may have further settings.
        let recipe = Recipe::deserialize(&self.contents.settings["recipe"]).unwrap_or_default();
        let recipe = Some(recipe.to_string()).filter(|own| !own.is_empty());
        let words = noise.map(|own| noise_name(&own)).into_iter().chain(recipe);
        words.collect::<Vec<_>>().join(", ")
    }

    /// Returns whether it is in a folder, however that is named.
    pub fn is_in(&self, folder: &Path) -> bool {
        files::is_same(&self.folder, folder)
    }

    /// Returns the figures of its runs in a line.
    pub fn line(&self) -> String {
        let figures = &self.result["summary"];
        let figure = |set: &str| -> Statistic {
            let value = figures[format!("{set}_{}", self.metric)].clone();
            serde_json::from_value(value).unwrap_or_default()
        };
        let runs = if self.folds().is_some_and(|folds| folds > 1) { "runs" } else { "repeats" };
        report::figures_line([figure("train"), figure("test")], self.histories.len(), runs)
    }

    /// Returns the name of the objective.
    pub fn objective(&self) -> &str {
        self.contents.settings["objective"].as_str().unwrap_or_default()
    }

    /// Returns the curves of its runs under a name.
    pub fn trainings(&self, name: &str) -> Trainings<'_> {
        let noise = self.noise().iter().any(|noise| !noise.is_silent());
        Trainings { name: name.to_string(), histories: &self.histories, noise }
    }

    /// Returns the first seed and the number of repeats.
    pub fn seeds(&self) -> Option<(u64, usize)> {
        self.contents.repeats
    }

    /// Returns its noise, also that of strength 0.
    pub fn noise(&self) -> Vec<NoiseSpec> {
        let noise = self.contents.settings["noise"].as_array();
        let specs = noise.into_iter().flatten().filter_map(|spec| spec.as_str()?.parse().ok());
        specs.collect()
    }

    /// Returns the files of its data.
    pub fn files(&self) -> Vec<PathBuf> {
        let files = self.result["settings"]["files"].as_array();
        files.into_iter().flatten().filter_map(|file| file.as_str().map(PathBuf::from)).collect()
    }

    /// Returns the draw of the rows and the points of a data set in the plane; `None` for other data.
    ///
    /// # Errors
    /// If the data cannot be drawn.
    pub fn plane(&self) -> Result<Option<(Draw, Dataset)>> {
        let Some(task) = self.task()? else { return Ok(None) };
        let draw = self.draw();
        match task.view(&draw)? {
            View::Points(data) => Ok(Some((draw, data))),
            _ => Ok(None),
        }
    }

    /// Returns the mean probability of class 1 around the points.
    ///
    /// # Errors
    /// If the weights cannot be read or are those of another network.
    pub fn boundary(&self, data: &Dataset, side: usize) -> Result<Option<Field>> {
        let Some(task) = self.task()? else { return Ok(None) };
        const FILE: &str = "model.safetensors";
        let weights = read(&self.folder, FILE, |mut file| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let weights = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
            ensure!(!weights.is_empty(), "expected weights, received none");
            Ok(weights)
        })?;
        let mut weights: Vec<(String, Tensor)> = weights.into_iter().collect();
        weights.sort_by(|(a, _), (b, _)| a.cmp(b));
        let settings = &self.contents.settings;
        let hidden = settings["hidden"].as_u64().context("expected the width of the network")?;
        let hyper = Hyper { hidden: hidden as usize, ..task.defaults() };
        boundary(&*task, &hyper, &weights, data, side, Schedule::default())
            .with_context(|| self.folder.join(FILE).display().to_string())
    }

    /// Opens the task if its data are drawn or those of this crate.
    fn task(&self) -> Result<Option<Box<dyn task::Task>>> {
        task_of(&self.contents.settings)
    }
}

/// Reads a file of a folder.
fn read<T>(
    folder: &Path,
    name: &str,
    content: impl FnOnce(BufReader<File>) -> Result<T>,
) -> Result<T> {
    let path = folder.join(name);
    let open = || {
        // A pipe would wait for a writer.
        ensure!(!path.exists() || path.is_file(), "expected a file");
        content(BufReader::new(File::open(&path)?))
    };
    open().with_context(|| path.display().to_string())
}
