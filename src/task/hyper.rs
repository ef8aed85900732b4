//! Hyperparameters and splits as plain data.

use std::collections::BTreeMap;

use candle_core::{Result, bail};
use serde::{Deserialize, Serialize};

use super::recipe::Recipe;
use crate::rng::{Address, Stream};
use crate::train::EarlyStopping;

/// The hyperparameters of the network and of training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyper {
    /// Width of the hidden layer, or number of filters of a convolution.
    pub hidden: usize,
    /// Number of passes over the training rows.
    pub epochs: usize,
    /// Number of rows per training step.
    pub batch_size: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Early stopping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Weight decay, label smoothing, clipping and the schedule of the learning rate.
    #[serde(default, skip_serializing_if = "Recipe::is_default")]
    pub recipe: Recipe,
    /// Further numbers of a custom task, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, f64>,
}

impl Default for Hyper {
    /// Returns those of the tutorial: 500 hidden units, 4,000 epochs of batches of 32, step size
    /// 0.001.
    fn default() -> Self {
        Self {
            hidden: 500,
            epochs: 4000,
            batch_size: 32,
            learning_rate: 0.001,
            early_stopping: None,
            recipe: Recipe::default(),
            numbers: BTreeMap::new(),
        }
    }
}

/// The rows of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Number of all rows.
    pub all: usize,
    /// Number of rows of the test set, at the end unless a draw chooses them. If `None`, the test set is
    /// all rows that are used neither for training nor for validation.
    pub test: Option<usize>,
}

impl Rows {
    /// Creates rows without a fixed test set.
    pub fn new(all: usize) -> Self {
        Self { all, test: None }
    }

    /// Returns the number of rows outside the fixed test set. Without one, at least one row is kept
    /// for testing.
    pub fn trainable(&self) -> usize {
        self.all.saturating_sub(self.test.unwrap_or(1))
    }
}

/// One draw of the data and its split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// Seed of the data set or, for real data, of the choice of rows; 0 takes them in order.
    pub data_seed: u32,
    /// Number of training rows.
    pub train_size: usize,
    /// Number of validation rows after them.
    pub validation_size: usize,
    /// The fold that tests, if the task has folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
}

impl Draw {
    /// Returns the training, validation and test rows in the order of the data.
    ///
    /// # Errors
    /// If they leave no test rows.
    pub fn in_order(&self, rows: Rows) -> Result<[Vec<usize>; 3]> {
        self.check(rows)?;
        Ok(self.split(rows, (0..rows.all).collect()))
    }

    /// Returns the same with training and validation rows chosen by the data seed; 0 chooses the
    /// first.
    ///
    /// # Errors
    /// If they leave no test rows.
    pub fn shuffled(&self, rows: Rows) -> Result<[Vec<usize>; 3]> {
        if self.data_seed == 0 {
            return self.in_order(rows);
        }
        self.check(rows)?;
        let fixed = rows.all - rows.test.unwrap_or(0).min(rows.all);
        let address = Address::new(self.data_seed.into(), "rows", Stream::Split, 0);
        let chosen = address.permutation(0, fixed).into_iter().map(|row| row as usize);
        Ok(self.split(rows, chosen.chain(fixed..rows.all).collect()))
    }

    /// Returns the same with all rows, those of the test set too, drawn by the data seed with the
    /// classes in proportion; 0 takes them in order. `labels` has the class of each row.
    ///
    /// The parts are successive pieces of one order in which the members of each class are spread
    /// evenly. So the rows of a smaller part are among those of a larger one, and the test set does not
    /// depend on the number of training rows.
    ///
    /// # Errors
    /// If they leave no test rows, or the numbers of rows and labels differ.
    pub fn stratified(&self, rows: Rows, labels: &[u32]) -> Result<[Vec<usize>; 3]> {
        if labels.len() != rows.all {
            bail!("expected labels of {} rows, received {}", rows.all, labels.len())
        }
        if self.data_seed == 0 {
            return self.in_order(rows);
        }
        self.check(rows)?;
        let address = Address::new(self.data_seed.into(), "rows", Stream::Split, 0);
        let mut sizes = BTreeMap::new();
        labels.iter().for_each(|label| *sizes.entry(label).or_insert(0u64) += 1);
        let mut taken = BTreeMap::new();
        let place = |row: u32| {
            let (row, label) = (row as usize, &labels[row as usize]);
            let before = taken.entry(label).or_insert(0u64);
            *before += 1;
            (row, 2 * *before - 1, sizes[label])
        };
        let mut order: Vec<_> = address.permutation(0, rows.all).into_iter().map(place).collect();
        // The j-th of n members stands at (j - 1/2) / n; equal places stay in random order.
        order.sort_by(|(_, a, m), (_, b, n)| (a * n).cmp(&(b * m)));
        Ok(self.split(rows, order.into_iter().map(|(row, ..)| row).collect()))
    }

    /// Returns the number of test rows.
    pub fn test_size(&self, rows: Rows) -> usize {
        let others = rows.all.saturating_sub(self.train_size).saturating_sub(self.validation_size);
        rows.test.unwrap_or(others)
    }

    /// Checks that rows of each part are left.
    ///
    /// # Errors
    /// If there are no training rows or no test rows.
    pub fn check(&self, rows: Rows) -> Result<()> {
        let Self { train_size, validation_size, .. } = *self;
        let (most, all) = (rows.trainable(), rows.all);
        if !(1..=most).contains(&train_size) {
            bail!(
                "train size must leave test points: expected 1 to {most} of {all} samples, received \
                 {train_size}"
            )
        }
        if validation_size > most - train_size {
            bail!(
                "validation size must leave test points: expected at most {} beside {train_size} \
                 training points of {all} samples, received {validation_size}",
                most - train_size
            )
        }
        Ok(())
    }

    fn split(&self, rows: Rows, order: Vec<usize>) -> [Vec<usize>; 3] {
        let (trained, validated) = (self.train_size, self.train_size + self.validation_size);
        let test = rows.all - self.test_size(rows);
        [&order[..trained], &order[trained..validated], &order[test..]].map(<[usize]>::to_vec)
    }
}
