//! What is compared: the cells of an experiment and their runs.

mod cell;
mod check;
mod rivals;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

pub use cell::{Cell, Variant};
pub(super) use check::resolved;

use super::trial::{Rival, Trial};
use crate::noise::{NoiseRow, NoiseSpec};
use crate::task::{Draw, Hyper, Recipe, Tabular, Task};
use crate::train::EarlyStopping;

/// What determines an experiment's results: networks, training sets and noises or their rivals, all combined,
/// each cell with the same repeats on the same draws of the data. The same plan gives the same results, bit for bit.
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
    /// Weight decay, label smoothing, clipping and the schedule of the learning rate.
    #[serde(default, skip_serializing_if = "Recipe::is_default")]
    pub recipe: Recipe,
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
    /// The remedies that noise is compared with, a cell each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<Rival>,
    /// Seed of the first repeat; repeat k has `seed + k`.
    pub seed: u64,
    /// Number of repeats of each cell on each data set.
    pub repeats: usize,
    /// The number of folds, if each repeat splits the data anew: repeat k then has the data seed that
    /// follows the first by k, and a run for each fold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// The smallest difference in the primary metric that matters, finite and above 0; `None` takes the
    /// metric's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Whether repeats or data seeds are added until the answer is found, so that its interval holds at
    /// every look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub until_decided: bool,
    /// Whether each finished network is attacked on its own test rows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub robustness: bool,
}

/// Writes paths as text for people: what is no Unicode is replaced, since no result depends on it.
fn as_text<S: Serializer>(files: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files.iter().map(|file| file.to_string_lossy()))
}

impl Plan {
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
            recipe: hyper.recipe,
            numbers: hyper.numbers,
            noise: vec![Vec::new()],
            rivals: Vec::new(),
            seed: 0,
            repeats: 1,
            folds: task.folds(),
            margin: None,
            until_decided: false,
            robustness: false,
        }
    }

    /// The baseline against these noises; those of strength 0 are the baseline.
    #[must_use]
    pub fn against_baseline(self, rows: &[NoiseRow]) -> Self {
        let is_noisy = |spec: &&NoiseSpec| !spec.is_silent();
        let noisy = rows.iter().flat_map(|row| &row.0);
        let noisy = noisy.map(|noise| noise.iter().filter(is_noisy).cloned().collect::<Vec<_>>());
        let noisy = noisy.filter(|noise| !noise.is_empty());
        Self { noise: [Vec::new()].into_iter().chain(noisy).collect(), ..self }
    }

    /// The cells, variant by variant: those of the noises, then those of the rivals.
    pub fn cells(&self) -> Vec<Cell> {
        let of = |variant: Variant| {
            let noises = self.noise.iter();
            let noises = noises.map(move |own| Cell { noise: own.clone(), rival: None, variant });
            let rivals = self.rivals.iter().map(move |rival| {
                let noise = rival.noise().cloned().into_iter().collect();
                Cell { noise, rival: Some(rival.clone()), variant }
            });
            noises.chain(rivals)
        };
        self.variants().flat_map(of).collect()
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

    /// The hyperparameters of a variant without a rival.
    pub fn hyper_of(&self, Variant { hidden, learning_rate, .. }: Variant) -> Hyper {
        let Self { epochs, batch_size, early_stopping, recipe, .. } = *self;
        let numbers = self.numbers.clone();
        Hyper { hidden, epochs, batch_size, learning_rate, early_stopping, recipe, numbers }
    }

    /// The hyperparameters of a cell.
    pub fn hyper_of_cell(&self, Cell { variant, rival, .. }: &Cell) -> Hyper {
        let hyper = self.hyper_of(*variant);
        rival.iter().fold(hyper, |hyper, rival| rival.applied_to(hyper))
    }

    /// The draw of a variant.
    pub fn draw_of(&self, Variant { train_size, .. }: Variant, data_seed: u32) -> Draw {
        Draw { data_seed, train_size, validation_size: self.validation_size, fold: None }
    }

    /// Every run, each with the number of its cell, cell by cell.
    pub fn trials(&self) -> impl Iterator<Item = (usize, Trial)> {
        let cells = self.cells().into_iter().enumerate();
        cells.flat_map(|(number, cell)| self.trials_of(cell).map(move |trial| (number, trial)))
    }

    /// The runs of one cell, data seed by data seed, or fold by fold.
    pub fn trials_of(&self, cell: Cell) -> impl Iterator<Item = Trial> {
        let hyper = self.hyper_of_cell(&cell);
        let Cell { noise, rival, variant } = cell;
        // A rival that is a noise has the runs of this noise.
        let rival = rival.filter(|rival| rival.noise().is_none());
        self.draws_and_seeds(variant).map(move |(draw, seed)| {
            let (hyper, noise, rival) = (hyper.clone(), noise.clone(), rival.clone());
            Trial { hyper, draw, noise, rival, seed }
        })
    }

    /// The draw and the seed of each run of a cell. With folds the data seed grows with the repeat.
    fn draws_and_seeds(&self, variant: Variant) -> impl Iterator<Item = (Draw, u64)> {
        let folds = self.folds.map_or(vec![None], |folds| (0..folds).map(Some).collect());
        let draws = folds.into_iter().flat_map(move |fold| {
            let draw = move |seed: &u32| Draw { fold, ..self.draw_of(variant, *seed) };
            self.data_seeds.iter().map(draw)
        });
        draws.flat_map(move |first| {
            let step = u32::from(first.fold.is_some());
            (0..).zip(self.seeds()).map(move |(repeat, seed)| {
                let data_seed = first.data_seed.wrapping_add(step * repeat);
                (Draw { data_seed, ..first.clone() }, seed)
            })
        })
    }

    /// The seeds of the repeats.
    pub fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let seed = self.seed;
        (0..self.repeats as u64).map(move |k| seed + k)
    }

    /// Whether the task splits a table, which has no data seeds to vary.
    pub fn is_of_table(&self) -> bool {
        self.folds.is_some() || self.task == Tabular::NAME
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.cells().len() * self.folds.unwrap_or(self.data_seeds.len()) * self.repeats
    }
}
