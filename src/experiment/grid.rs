//! A grid of experiments: placements, spreads, networks, learning rates and training sizes, all
//! combined, each cell with the same repeats on the same draws of the data.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::record::RunId;
use super::settings::{Noise, Settings, as_text};
use super::task::Task;
use crate::model::Placement;

/// What determines a grid's results. The same grid gives the same results, bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// What is learned.
    #[serde(default)]
    pub task: Task,
    /// Files of the data; empty for those that come with this crate.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "as_text")]
    pub files: Vec<PathBuf>,
    /// Number of points of each data set.
    pub samples: usize,
    /// Number of points at the end that are the test set; `None` for all behind those for training
    /// and validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_rows: Option<usize>,
    /// Standard deviation of the noise in the data themselves.
    pub data_noise: f64,
    /// Seeds of the data sets: each draws points and split anew.
    pub data_seeds: Vec<u32>,
    /// Numbers of training points.
    pub train_sizes: Vec<usize>,
    /// Number of points behind them that choose the cell; the others are the test set.
    pub validation_size: usize,
    /// Widths of the hidden layer, or numbers of filters.
    pub hidden: Vec<usize>,
    /// Passes over the training points.
    pub epochs: usize,
    /// Points of a training step.
    pub batch_size: usize,
    /// Adam's step sizes.
    pub learning_rates: Vec<f64>,
    /// Where noise enters.
    pub placements: Vec<Placement>,
    /// Its standard deviations; 0 is the baseline, which is always part of the grid.
    pub stddevs: Vec<f64>,
    /// Seed of the first repeat; repeat k has `seed + k`.
    pub seed: u64,
    /// Number of repeats of each cell on each data set.
    pub repeats: usize,
}

/// One point of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Where noise enters; `None` for the baseline.
    pub placement: Option<Placement>,
    /// Its standard deviation, 0 for the baseline.
    pub stddev: f64,
    /// Network and training set.
    #[serde(flatten)]
    pub variant: Variant,
}

/// What cells that differ only in their noise have in common; each variant has its own baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Number of training points.
    pub train_size: usize,
}

impl Cell {
    /// Whether the cell has no noise.
    pub fn is_baseline(&self) -> bool {
        self.placement.is_none()
    }

    /// The settings of the cell's runs on one data set, from those that all cells share.
    pub(super) fn settings(&self, shared: Settings, data_seed: u32) -> Settings {
        let noise = |placement| Noise { placement, stddev: self.stddev };
        let Variant { hidden, learning_rate, train_size } = self.variant;
        let noise = self.placement.map(noise).into_iter().collect();
        Settings { data_seed, train_size, hidden, learning_rate, noise, ..shared }
    }

    /// The cell that this one is compared with.
    pub fn baseline(&self) -> Self {
        Self { placement: None, stddev: 0., ..*self }
    }
}

impl Default for Grid {
    /// The tutorial's network without noise, once.
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}

impl Grid {
    /// The grid whose only cell is the baseline of these settings.
    pub fn of(settings: &Settings) -> Self {
        let Settings { task, files, samples, test_rows, data_noise, .. } = settings.clone();
        Self {
            task,
            files,
            samples,
            test_rows,
            data_noise,
            data_seeds: vec![settings.data_seed],
            train_sizes: vec![settings.train_size],
            validation_size: settings.validation_size,
            hidden: vec![settings.hidden],
            epochs: settings.epochs,
            batch_size: settings.batch_size,
            learning_rates: vec![settings.learning_rate],
            placements: task.placements().to_vec(),
            stddevs: vec![0.],
            seed: settings.seed,
            repeats: settings.repeats,
        }
    }

    /// Most runs of a grid: their results are in memory together.
    const MOST_RUNS: usize = 1_000_000;

    /// Checks the lists and every cell.
    ///
    /// # Errors
    /// When a list is empty or names a value twice, there is no noise to compare with the
    /// baseline, a cell's settings are out of range, or there are more runs than is sensible.
    pub fn check(&self) -> Result<()> {
        check_list("placement", &self.placements)?;
        check_list("stddev", &self.stddevs)?;
        check_list("data seed", &self.data_seeds)?;
        check_list("hidden", &self.hidden)?;
        check_list("learning rate", &self.learning_rates)?;
        check_list("train size", &self.train_sizes)?;
        ensure!(
            self.stddevs != [0.],
            "stddev: expected a spread above 0 to compare with the baseline, received 0 alone"
        );
        let lists = [
            self.variants().count(),
            self.placements.len() * self.stddevs.len() + 1,
            self.data_seeds.len(),
            self.repeats,
        ];
        let runs = lists.into_iter().fold(1usize, usize::saturating_mul);
        ensure!(
            runs <= Self::MOST_RUNS,
            "a grid may have at most {} runs, received {runs}",
            Self::MOST_RUNS
        );
        for cell in self.cells() {
            self.settings(&cell, self.data_seeds[0]).check()?;
        }
        Ok(())
    }

    /// The cells, for each variant the baseline first.
    pub fn cells(&self) -> Vec<Cell> {
        let noisy = |variant: Variant| {
            let spreads = self.stddevs.iter().copied().filter(|stddev| *stddev != 0.);
            let spreads: Vec<f64> = spreads.collect();
            let placements = self.placements.iter().map(|placement| Some(*placement));
            placements.flat_map(move |placement| {
                let cell = move |&stddev: &f64| Cell { placement, stddev, variant };
                spreads.iter().map(cell).collect::<Vec<_>>()
            })
        };
        let baseline = |variant| Cell { placement: None, stddev: 0., variant };
        self.variants().flat_map(|v| [baseline(v)].into_iter().chain(noisy(v))).collect()
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

    /// The settings of one cell on one data set.
    pub fn settings(&self, cell: &Cell, data_seed: u32) -> Settings {
        let shared = Settings {
            task: self.task,
            files: self.files.clone(),
            samples: self.samples,
            test_rows: self.test_rows,
            data_noise: self.data_noise,
            validation_size: self.validation_size,
            epochs: self.epochs,
            batch_size: self.batch_size,
            seed: self.seed,
            repeats: self.repeats,
            ..Settings::default()
        };
        cell.settings(shared, data_seed)
    }

    /// Every run, cell by cell.
    pub fn runs(&self) -> impl Iterator<Item = RunId> {
        self.cells().into_iter().flat_map(|cell| self.runs_of(cell))
    }

    /// The runs of one cell, data seed by data seed.
    pub fn runs_of(&self, cell: Cell) -> impl Iterator<Item = RunId> {
        let run = move |&data_seed| self.seeds().map(move |seed| RunId { cell, seed, data_seed });
        self.data_seeds.iter().flat_map(run)
    }

    /// The seeds of the repeats.
    pub fn seeds(&self) -> impl Iterator<Item = u64> {
        (0..self.repeats as u64).map(|k| self.seed + k)
    }
}

fn check_list<T: PartialEq + std::fmt::Debug>(name: &str, values: &[T]) -> Result<()> {
    ensure!(!values.is_empty(), "{name}: expected at least one value, received none");
    let twice = (1..values.len()).find(|&i| values[..i].contains(&values[i]));
    if let Some(i) = twice {
        anyhow::bail!("{name}: expected each value once, received {:?} twice", values[i]);
    }
    Ok(())
}

impl std::fmt::Display for Cell {
    /// `baseline`, or `input 0.1`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.placement {
            None => f.write_str("baseline"),
            Some(placement) => write!(f, "{placement} {}", self.stddev),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn grid() -> Grid {
        Grid {
            placements: vec![Placement::Input, Placement::AfterActivation],
            stddevs: vec![0., 0.1, 1.],
            repeats: 2,
            ..Grid::default()
        }
    }

    #[test]
    fn a_variant_has_one_baseline_and_every_noise() {
        let names: Vec<String> = grid().cells().iter().map(Cell::to_string).collect();
        let noisy = ["input 0.1", "input 1", "after-activation 0.1", "after-activation 1"];
        assert_eq!(names[0], "baseline");
        assert_eq!(names[1..], noisy);
        let two = Grid { hidden: vec![5, 6], train_sizes: vec![20, 30], ..grid() };
        assert_eq!(two.cells().len(), 4 * 5);
        assert_eq!(two.cells().iter().filter(|cell| cell.is_baseline()).count(), 4);
    }

    #[test]
    fn a_baseline_need_not_be_asked_for() {
        let without = Grid { stddevs: vec![0.1, 1.], ..grid() };
        assert_eq!(without.cells(), grid().cells());
    }

    #[test]
    fn lists_that_make_no_grid_are_named() {
        let cases = [
            (Grid { placements: vec![], ..grid() }, "placement: expected at least one"),
            (Grid { stddevs: vec![0.1, 1., 0.1], ..grid() }, "received 0.1 twice"),
            (Grid { stddevs: vec![0.], ..grid() }, "received 0 alone"),
            (Grid { data_seeds: vec![3, 3], ..grid() }, "data seed: expected each value once"),
            (Grid { repeats: 1_000_000, ..grid() }, "at most 1000000 runs"),
            (Grid { train_sizes: vec![30, 100], ..grid() }, "train size must leave test points"),
            (Grid { validation_size: 70, ..grid() }, "at most 69 beside 30 training points"),
            (Grid { stddevs: vec![0.1, f64::NAN], ..grid() }, "received NaN"),
        ];
        for (grid, expected) in cases {
            let error = format!("{:#}", grid.check().unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
        grid().check().unwrap();
    }
}
