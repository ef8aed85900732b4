//! What the runs of a store share, and the names that follow from it.

use serde::{Deserialize, Serialize};

use crate::experiment::fingerprint::Fingerprint;
use crate::experiment::grid::Grid;
use crate::experiment::record::RunId;
use crate::experiment::settings::Settings;
use crate::experiment::task::Task;
use crate::experiment::trial::{Trial, TrialId};

/// What all runs of a store have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Common {
    task: Task,
    pub(super) data: Option<Fingerprint>,
    samples: usize,
    data_noise: f64,
    validation_size: usize,
    epochs: usize,
    batch_size: usize,
    pub(super) device: String,
}

impl Common {
    /// What the runs of a grid on some data have in common; the data are `None` where the settings
    /// determine them. `device` is `cpu` or `cuda`, whose bits may differ.
    pub fn new(grid: &Grid, data: Option<Fingerprint>, device: &str) -> Self {
        Self {
            task: grid.task,
            data,
            samples: grid.samples,
            data_noise: grid.data_noise + 0., // -0 is 0
            validation_size: grid.validation_size,
            epochs: grid.epochs,
            batch_size: grid.batch_size,
            device: device.to_string(),
        }
    }

    /// The name of a run.
    pub(super) fn trial(&self, id: &RunId) -> TrialId {
        let shared = Settings {
            task: self.task,
            samples: self.samples,
            data_noise: self.data_noise,
            validation_size: self.validation_size,
            epochs: self.epochs,
            batch_size: self.batch_size,
            ..Settings::default()
        };
        let settings = id.cell.settings(shared, id.data_seed);
        Trial::new(&settings, self.data.as_ref(), &self.device, id.seed).id()
    }

    /// The first setting that differs, as (name, own, other).
    pub(super) fn difference(&self, other: &Self) -> Option<[String; 3]> {
        let fields = |common: &Self| {
            let data = common.data.as_ref().map_or("none".to_string(), Fingerprint::to_string);
            [
                ("task", common.task.to_string()),
                ("content of the data", data),
                ("samples", common.samples.to_string()),
                ("data noise", common.data_noise.to_string()),
                ("validation size", common.validation_size.to_string()),
                ("epochs", common.epochs.to_string()),
                ("batch size", common.batch_size.to_string()),
                ("device", common.device.clone()),
            ]
        };
        let mut pairs = fields(self).into_iter().zip(fields(other));
        let ((name, own), (_, other)) = pairs.find(|(own, other)| own != other)?;
        Some([name.to_string(), own, other])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_a_grid_has_the_name_of_the_same_experiment_alone() {
        let grid = Grid {
            samples: 60,
            data_noise: 0.2,
            validation_size: 7,
            hidden: vec![5, 6],
            epochs: 12,
            batch_size: 8,
            learning_rates: vec![0.01],
            train_sizes: vec![20],
            stddevs: vec![0.1],
            data_seeds: vec![3, 4],
            seed: 9,
            repeats: 2,
            ..Grid::default()
        };
        let common = Common::new(&grid, None, "cpu");
        let mut names = Vec::new();
        for id in grid.runs() {
            let settings = grid.settings(&id.cell, id.data_seed);
            names.push(common.trial(&id));
            assert_eq!(names[names.len() - 1], Trial::new(&settings, None, "cpu", id.seed).id());
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), grid.runs().count());
    }
}
