//! The rows of a finished experiment, and what its runs are judged by.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::contents::Seeds;
use super::described::draw_of;
use super::finished::Finished;
use super::results::RESULT;
use crate::checkpoint::difference;
use crate::experiment::Judge;
use crate::metric::Margin;
use crate::task::{Draw, Rows};

/// Settings that determine the rows that an experiment trains and tests on.
const ROWS: [&str; 6] =
    ["task", "data", "content_of_the_data", "data_seed", "train_size", "validation_size"];

/// Data of a table that are those of its network.
const OF_THE_NETWORK: [&str; 2] = ["further_layers", "activation"];

impl Finished {
    /// Returns a setting that determines the rows, without what describes the network.
    fn of_rows(&self, name: &str) -> Value {
        let mut value = self.contents.settings[name].clone();
        if let Some(map) = value.as_object_mut() {
            map.retain(|name, _| !OF_THE_NETWORK.contains(&name.as_str()));
        }
        value
    }

    /// Checks that another experiment has the same rows.
    ///
    /// # Errors
    /// If one of the settings that determine the rows differs.
    pub fn check_same_rows(&self, other: &Self) -> Result<()> {
        for name in ROWS {
            let [own, theirs] = [self, other].map(|experiment| experiment.of_rows(name));
            if let Some([inner, own, theirs]) = difference(name, &own, &theirs) {
                ensure!(
                    name != "content_of_the_data",
                    "expected experiments on the same rows, received other data in {} than in {}",
                    other.folder.display(),
                    self.folder.display()
                );
                let shown = if name == "data" { &inner } else { name };
                bail!(
                    "expected experiments on the same rows, received {shown} {own} in {} and {theirs} \
                     in {}",
                    self.folder.display(),
                    other.folder.display()
                )
            }
        }
        Ok(())
    }

    /// Returns its seeds in words, with those of its data if they vary: `0 to 9 with data seeds 1 to 10`.
    pub fn seeds_words(&self) -> String {
        let Some((first, count)) = self.contents.repeats else { return String::new() };
        let own = Seeds::of((first, count));
        match self.folds() {
            Some(_) => {
                let data_seeds = Seeds::of((self.draw().data_seed.into(), count));
                format!("{own} with data seeds {data_seeds}")
            }
            None => own.to_string(),
        }
    }

    /// Returns what its runs are judged by, with another smallest difference that matters if there is one.
    ///
    /// # Errors
    /// If the results do not say which scores are better.
    pub fn judge(&self, margin: Option<f64>) -> Result<Judge> {
        let better = Deserialize::deserialize(&self.result["better"]).with_context(|| {
            format!("{}: expected which scores are better", self.folder.join(RESULT).display())
        })?;
        let judge = Judge::new(&self.metric, better);
        let rows = self.contents.settings["data"]["samples"].as_u64().unwrap_or(0) as usize;
        let judge = match (self.folds(), self.split_sizes()) {
            (Some(folds), Some(sizes)) => judge.of_sizes(folds, rows, sizes),
            (Some(folds @ 2..), None) => judge.folds(folds),
            (Some(_), None) => judge.splits(self.test_per_train()),
            (None, _) => judge,
        };
        Ok(match margin {
            Some(margin) => judge.margin(Margin::Absolute(margin)),
            None => judge,
        })
    }

    /// Returns the number of folds, if each repeat splits the data anew.
    pub(super) fn folds(&self) -> Option<usize> {
        Some(self.result["settings"]["folds"].as_u64()? as usize)
    }

    /// Returns the numbers of training, validation and test rows of the first split, if they are known.
    fn split_sizes(&self) -> Option<[usize; 3]> {
        let sizes = &self.result["settings"]["split_sizes"];
        let [train, validation, test] =
            ["train", "validation", "test"].map(|name| Some(sizes[name].as_u64()? as usize));
        Some([train?, validation?, test?]).filter(|[train, ..]| *train > 0)
    }

    /// Returns the number of test rows divided by that of training rows.
    fn test_per_train(&self) -> f64 {
        let count = |name: &str| Some(self.contents.settings["data"][name].as_u64()? as usize);
        let rows = Rows { all: count("samples").unwrap_or(0), test: count("test_rows") };
        let draw = self.draw();
        draw.test_size(rows) as f64 / draw.train_size as f64
    }

    /// Returns the draw of its rows.
    pub fn draw(&self) -> Draw {
        draw_of(&self.contents.settings)
    }
}
