//! What is compared: the cells of an experiment and their runs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize, Serializer};

use super::trial::{Subject, Trial};
use crate::noise::{NoiseRow, NoiseSpec};
use crate::task::{Draw, Hyper, Task};
use crate::train::EarlyStopping;

/// What determines an experiment's results: networks, training sets and noises, all combined, each cell with
/// the same repeats on the same draws of the data. The same plan gives the same results, bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The name of the task.
    pub task: String,
    /// Files of the data, for people; empty if the data come with this crate or from memory.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "as_text")]
    pub files: Vec<PathBuf>,
    /// Passes over the training rows.
    pub epochs: usize,
    /// Rows of a training step.
    pub batch_size: usize,
    /// Early stopping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Further numbers of a task of one's own, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, f64>,
    /// Number of rows that choose the cell.
    pub validation_size: usize,
    /// Seeds of the data sets: each draws rows and split anew.
    pub data_seeds: Vec<u32>,
    /// Numbers of training rows.
    pub train_sizes: Vec<usize>,
    /// Widths of the hidden layer, or numbers of filters.
    pub hidden: Vec<usize>,
    /// Adam's step sizes.
    pub learning_rates: Vec<f64>,
    /// The noises of each cell; none in the baseline.
    pub noise: Vec<Vec<NoiseSpec>>,
    /// Seed of the first repeat; repeat k has `seed + k`.
    pub seed: u64,
    /// Number of repeats of each cell on each data set.
    pub repeats: usize,
}

/// One point of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The noises that act together; none in the baseline.
    pub noise: Vec<NoiseSpec>,
    /// Network and training set.
    pub variant: Variant,
}

/// What cells that differ only in their noise have in common; each variant has its own baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Variant {
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Number of training rows.
    pub train_size: usize,
}

/// Writes paths as text for people: what is no Unicode is replaced, since no result depends on it.
fn as_text<S: Serializer>(files: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files.iter().map(|file| file.to_string_lossy()))
}

impl Plan {
    /// Most runs of a plan: their results are in memory together.
    const MOST_RUNS: usize = 1_000_000;

    /// Curves of 4.8 GB.
    const MOST_EPOCHS: usize = 100_000_000;

    /// An activation of 1 GiB: a step holds a few.
    const MOST_ACTIVATIONS: usize = 1 << 28;

    /// The baseline of a task with its own settings, once.
    pub fn of(task: &dyn Task) -> Self {
        let (hyper, draw) = (task.defaults(), task.draw());
        Self {
            task: task.name().to_string(),
            files: Vec::new(),
            validation_size: draw.validation_size,
            data_seeds: vec![draw.data_seed],
            train_sizes: vec![draw.train_size],
            hidden: vec![hyper.hidden],
            learning_rates: vec![hyper.learning_rate],
            epochs: hyper.epochs,
            batch_size: hyper.batch_size,
            early_stopping: hyper.early_stopping,
            numbers: hyper.numbers,
            noise: vec![Vec::new()],
            seed: 0,
            repeats: 1,
        }
    }

    /// The baseline against these noises; those of strength 0 are the baseline.
    pub fn against_baseline(self, rows: &[NoiseRow]) -> Self {
        let noisy = rows.iter().flat_map(|row| &row.0);
        let noisy = noisy.filter(|noise| noise.iter().any(|spec| spec.strength() != 0.));
        Self { noise: [Vec::new()].into_iter().chain(noisy.cloned()).collect(), ..self }
    }

    /// The plan with the places that its names of noise stand for, every value checked.
    ///
    /// # Errors
    /// If a list is empty or names a value twice, a value is out of range, a noise has no place in the
    /// model, no test rows are left, the seeds overflow, or a run would need more memory than is sensible.
    pub fn checked(mut self, subject: &Subject) -> Result<Self> {
        self.check_lists()?;
        self.check_sizes(subject.task())?;
        let first = self.variants().next().context("expected at least one variant")?;
        let places = subject.places(&self.hyper_of(first))?;
        for spec in self.noise.iter_mut().flatten() {
            *spec = resolved(spec.clone(), &places)?;
            if spec.place() == NoiseSpec::LABELS && subject.objective().classes().is_none() {
                bail!("labels take noise if they are classes, which those of {} are not", self.task)
            }
        }
        check_list("noise", &self.noise)?;
        for noise in &self.noise {
            let twice = (1..noise.len()).find(|&i| noise[..i].iter().any(|n| n.is_like(&noise[i])));
            if let Some(spec) = twice.map(|i| &noise[i]) {
                bail!("{}: expected each kind once, received {} twice", spec.place(), spec.kind())
            }
        }
        Ok(self)
    }

    fn check_lists(&self) -> Result<()> {
        let Self { repeats, seed, .. } = *self;
        check_list("data seed", &self.data_seeds)?;
        check_list("hidden", &self.hidden)?;
        check_list("learning rate", &self.learning_rates)?;
        check_list("train size", &self.train_sizes)?;
        ensure!(!self.noise.is_empty(), "noise: expected at least one value, received none");
        ensure!(repeats >= 1, "repeats must be at least 1, received 0");
        ensure!(
            seed.checked_add(repeats as u64 - 1).is_some(),
            "seeds must stay below 2^64: expected at most {} with {repeats} repeats, received {seed}",
            u64::MAX - (repeats as u64 - 1)
        );
        let counts = [self.variants().count(), self.noise.len(), self.data_seeds.len(), repeats];
        let runs = counts.into_iter().fold(1usize, usize::saturating_mul);
        ensure!(
            runs <= Self::MOST_RUNS,
            "an experiment may have at most {} runs, received {runs}",
            Self::MOST_RUNS
        );
        Ok(())
    }

    fn check_sizes(&self, task: &dyn Task) -> Result<()> {
        let Self { epochs, batch_size, early_stopping, .. } = *self;
        let widths = self.hidden.iter().map(|hidden| ("hidden", *hidden));
        for (name, count) in widths.chain([("epochs", epochs), ("batch size", batch_size)]) {
            ensure!(count >= 1, "{name} must be at least 1, received 0");
        }
        for learning_rate in &self.learning_rates {
            ensure!(
                (0.0..f64::INFINITY).contains(learning_rate),
                "learning rate must be finite and at least 0, received {learning_rate}"
            );
        }
        let curves = self.repeats.saturating_mul(epochs);
        ensure!(
            curves <= Self::MOST_EPOCHS,
            "repeats times epochs must be at most {}, received {curves}",
            Self::MOST_EPOCHS
        );
        for variant in self.variants() {
            let (hyper, draw) = (self.hyper_of(variant), self.draw_of(variant, self.data_seeds[0]));
            draw.check(task.rows())?;
            let rows = batch_size.min(draw.train_size);
            let activations = rows.saturating_mul(task.activations(&hyper));
            ensure!(
                activations <= Self::MOST_ACTIVATIONS,
                "batch size times the numbers of an activation must be at most {}, received \
                 {activations}; expected a smaller batch size or hidden",
                Self::MOST_ACTIVATIONS
            );
        }
        if let Some(rule) = early_stopping {
            ensure!(
                rule.patience >= 1,
                "the patience of early stopping must be at least 1, received 0"
            );
            ensure!(
                rule.on_test || self.validation_size > 0,
                "early stopping needs validation points: expected a validation size of at least 1, \
                 received 0"
            );
        }
        Ok(())
    }

    /// The cells, variant by variant.
    pub fn cells(&self) -> Vec<Cell> {
        let cell =
            |variant: Variant| move |noise: &Vec<NoiseSpec>| Cell { noise: noise.clone(), variant };
        self.variants().flat_map(|variant| self.noise.iter().map(cell(variant))).collect()
    }

    /// Every combination of network, learning rate and training size.
    pub fn variants(&self) -> impl Iterator<Item = Variant> {
        self.train_sizes.iter().flat_map(move |&train_size| {
            self.hidden.iter().flat_map(move |&hidden| {
                let rates = self.learning_rates.iter();
                rates.map(move |&learning_rate| Variant { hidden, learning_rate, train_size })
            })
        })
    }

    /// The hyperparameters of a variant.
    pub fn hyper_of(&self, Variant { hidden, learning_rate, .. }: Variant) -> Hyper {
        let Self { epochs, batch_size, early_stopping, .. } = *self;
        let numbers = self.numbers.clone();
        Hyper { hidden, epochs, batch_size, learning_rate, early_stopping, numbers }
    }

    /// The draw of a variant.
    pub fn draw_of(&self, Variant { train_size, .. }: Variant, data_seed: u32) -> Draw {
        Draw { data_seed, train_size, validation_size: self.validation_size }
    }

    /// Every run, each with the number of its cell, cell by cell.
    pub fn trials(&self) -> impl Iterator<Item = (usize, Trial)> {
        let cells = self.cells().into_iter().enumerate();
        cells.flat_map(|(number, cell)| self.trials_of(cell).map(move |trial| (number, trial)))
    }

    /// The runs of one cell, data seed by data seed.
    pub fn trials_of(&self, Cell { noise, variant }: Cell) -> impl Iterator<Item = Trial> {
        let hyper = self.hyper_of(variant);
        self.data_seeds.iter().flat_map(move |&data_seed| {
            let draw = self.draw_of(variant, data_seed);
            let (hyper, noise) = (hyper.clone(), noise.clone());
            self.seeds().map(move |seed| {
                let (hyper, draw, noise) = (hyper.clone(), draw.clone(), noise.clone());
                Trial { hyper, draw, noise, seed }
            })
        })
    }

    /// The seeds of the repeats.
    pub fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let seed = self.seed;
        (0..self.repeats as u64).map(move |k| seed + k)
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.cells().len() * self.data_seeds.len() * self.repeats
    }
}

impl Cell {
    /// Whether the cell has no noise.
    pub fn is_baseline(&self) -> bool {
        self.noise.is_empty()
    }

    /// The cell that this one is compared with.
    pub fn baseline(&self) -> Self {
        Self { noise: Vec::new(), ..self.clone() }
    }

    /// Whether two cells differ in strengths alone: they are one line of a picture and one tensor program.
    pub fn is_like(&self, other: &Self) -> bool {
        let alike = |(a, b): (&NoiseSpec, &NoiseSpec)| a.is_like(b);
        self.variant == other.variant
            && self.noise.len() == other.noise.len()
            && self.noise.iter().zip(&other.noise).all(alike)
    }
}

impl Serialize for Cell {
    /// The place and the strength of the first noise, for readers who know one Gaussian noise only; all
    /// noises as text; and the variant.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            placement: Option<String>,
            stddev: f64,
            noise: &'a [NoiseSpec],
            #[serde(flatten)]
            variant: Variant,
        }
        let places: Vec<&str> = self.noise.iter().map(NoiseSpec::place).collect();
        let flat = Flat {
            placement: (!places.is_empty()).then(|| places.join(" & ")),
            stddev: self.noise.first().map_or(0., NoiseSpec::strength),
            noise: &self.noise,
            variant: self.variant,
        };
        flat.serialize(serializer)
    }
}

/// A noise at the place that its name stands for.
fn resolved(spec: NoiseSpec, places: &[String]) -> Result<NoiseSpec> {
    let has = |place: &str| places.iter().any(|own| own == place);
    match spec.place() {
        place if has(place) => Ok(spec),
        "hidden" if has("before-activation") => Ok(spec.at("before-activation")),
        place => bail!("the model has noise at {}, received {place}", places.join(", ")),
    }
}

fn check_list<T: PartialEq + std::fmt::Debug>(name: &str, values: &[T]) -> Result<()> {
    ensure!(!values.is_empty(), "{name}: expected at least one value, received none");
    let twice = (1..values.len()).find(|&i| values[..i].contains(&values[i]));
    if let Some(i) = twice {
        bail!("{name}: expected each value once, received {:?} twice", values[i]);
    }
    Ok(())
}
