//! Labelled rows of files, some of which are the test set.

use candle_core::{Error, Result};

use super::majority::majority_class;
use super::{Draw, Rows};
use crate::data::split::Size;
use crate::metric::Predicted;

/// Labelled rows of files: the last ones are the test set, or others that the data seed draws.
#[derive(Clone, Debug)]
pub(super) struct HeldOut {
    labels: Vec<u32>,
    test: usize,
    /// The number of training rows by default; otherwise all that are not for the test.
    train: Option<usize>,
    data_seed: u32,
}

impl HeldOut {
    /// Takes rows with a published split, whose order is that of data seed 0. By default they train on
    /// `train` rows, or on all that are not for the test.
    pub fn published(labels: Vec<u32>, test: usize, train: Option<usize>) -> Self {
        Self { labels, test, train, data_seed: 0 }
    }

    /// Takes the rows of one file. By default a third of them, drawn by data seed 1, is the test set,
    /// since the rows of files are often sorted by class.
    ///
    /// # Errors
    /// If there are fewer than two classes, or no two rows have the same; messages call a row `row`
    /// and the file `name`.
    pub fn one_file(labels: Vec<u32>, classes: &[String], row: &str, name: &str) -> Result<Self> {
        let rows = labels.len();
        let error = |what: String| Err(Error::Msg(format!("{name}: {what}")));
        match classes {
            [] | [_] => error(format!(
                "expected {row}s of at least 2 classes, received {rows} of class {:?}",
                classes.concat()
            )),
            classes if classes.len() == rows => error(format!(
                "expected classes with several {row}s, received {rows} {row}s of {rows} classes"
            )),
            _ => Ok(Self { test: rows.div_ceil(3), train: None, data_seed: 1, labels }),
        }
    }

    /// Changes the number of test rows.
    ///
    /// # Errors
    /// If it leaves no training rows.
    pub fn with_test(self, size: Size) -> Result<Self> {
        Ok(Self { test: size.of(self.labels.len(), "test")?, ..self })
    }

    pub fn rows(&self) -> Rows {
        Rows { all: self.labels.len(), test: Some(self.test) }
    }

    /// Returns the split of the baseline.
    pub fn draw(&self) -> Draw {
        let most = self.rows().trainable();
        let train_size = self.train.map_or(most, |train| train.min(most));
        Draw { data_seed: self.data_seed, train_size, ..Draw::default() }
    }

    /// Returns the training, validation and test rows of a draw.
    ///
    /// # Errors
    /// If they leave no test rows.
    pub fn split(&self, draw: &Draw) -> Result<[Vec<usize>; 3]> {
        draw.stratified(self.rows(), &self.labels)
    }

    /// Returns what no model predicts for the test rows of a draw.
    ///
    /// # Errors
    /// If they leave no test rows.
    pub fn references(
        &self,
        draw: &Draw,
        classes: usize,
    ) -> Result<Vec<(&'static str, Predicted)>> {
        let [train, _, test] = self.split(draw)?;
        let labels =
            |rows: &[usize]| -> Vec<u32> { rows.iter().map(|row| self.labels[*row]).collect() };
        Ok(vec![majority_class(&labels(&train), &labels(&test), classes)?])
    }
}
