//! Tasks: a [`Task`] is data, a split, a model and an objective. Every comparison of noise works
//! for any task.

mod circles;
mod digits;
mod fingerprint;
mod held_out;
mod hyper;
mod majority;
mod moons;
mod open;
mod points;
mod recipe;
mod tabular;
mod vowels;

use std::sync::Arc;

use candle_core::{Device, Result, bail};
use candle_nn::VarBuilder;
use serde_json::Value;

pub use circles::{CircleShape, Circles};
pub use digits::Digits;
pub use fingerprint::Fingerprint;
pub use hyper::{Draw, Hyper, Rows};
pub use moons::{MoonShape, Moons};
pub use open::{OpenError, Source, files, names, open};
pub use points::{Points, Shape};
pub use recipe::Recipe;
pub use tabular::Tabular;
pub use vowels::Vowels;

use crate::bundle::Inputs;
use crate::data::prepared::Preparation;
use crate::data::{Dataset, Samples, Sequences};
use crate::metric::{Metric, Predicted, Units};
use crate::model::Network;
use crate::nn::Model;
use crate::noise::Slots;
use crate::objective::Objective;
pub use crate::ops::Axis;

/// Data, a split, a model and an objective. `docs/extending.md` shows how to write a task.
pub trait Task: Send + Sync {
    /// Returns the name: a word such as `wine`.
    fn name(&self) -> &str;

    /// Returns a fingerprint of the content of the data, never of their path. Runs on other data
    /// are other runs.
    fn fingerprint(&self) -> Fingerprint;

    /// Returns the number of rows.
    fn rows(&self) -> Rows;

    /// Returns the loss and its metrics.
    fn objective(&self) -> Arc<dyn Objective>;

    /// Returns the hyperparameters of the baseline.
    fn defaults(&self) -> Hyper {
        Hyper::default()
    }

    /// Returns the split of the baseline. By default two thirds of the rows outside the test set
    /// are for training, in order.
    fn draw(&self) -> Draw {
        let rows = self.rows();
        Draw { train_size: (rows.trainable() * 2 / 3).max(1), ..Draw::default() }
    }

    /// Returns the number of folds, if every repeat splits the data anew: repeat j then has the data seed
    /// D + j and the seed S + j, and trains once for each fold. `None` by default: all repeats have the
    /// same rows.
    fn folds(&self) -> Option<usize> {
        None
    }

    /// Returns the number of training, validation and test rows of a draw. Folds differ by a few rows.
    ///
    /// # Errors
    /// If the draw does not fit the data.
    fn sizes(&self, draw: &Draw) -> Result<[usize; 3]> {
        Ok([draw.train_size, draw.validation_size, draw.test_size(self.rows())])
    }

    /// Returns the number of the column that each input is of, if several inputs may be of one, as the
    /// indicators of a category are: noise that swaps values keeps them together.
    fn columns(&self) -> Option<Vec<usize>> {
        None
    }

    /// Returns further metrics of the predictions, after those of the objective.
    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        Vec::new()
    }

    /// Returns the rows of one draw. [`Draw::in_order`] and [`Draw::shuffled`] split them.
    ///
    /// # Errors
    /// If the draw does not fit the data, or the device cannot hold them.
    fn parts(&self, hyper: &Hyper, draw: &Draw, device: &Device) -> Result<Parts>;

    /// Builds the model: an ordinary Candle model on the variables of `vb`, with a slot at each
    /// place of noise.
    ///
    /// # Errors
    /// If the model cannot be built.
    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model>;

    /// Returns the smallest width of the hidden layer; 0 if the network can do without one.
    fn least_hidden(&self) -> usize {
        1
    }

    /// Returns whether model and samples have a leading replica axis. With one, several runs are
    /// one tensor program; otherwise each run is its own program.
    fn axis(&self) -> Axis {
        Axis::Plain
    }

    /// Returns the revision of the task. Raise it when a change that the model does not show
    /// changes the runs of the same settings.
    fn revision(&self) -> u32 {
        0
    }

    /// Returns the number of elements of the largest activation of a row, which bounds the memory
    /// of a step.
    fn activations(&self, hyper: &Hyper) -> usize {
        hyper.hidden
    }

    /// Returns the number of input values of a row, which bounds the memory of folds that train
    /// together.
    fn row_size(&self) -> usize {
        1
    }

    /// Returns further settings of the data for the results, by name.
    fn details(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// Returns the names of the classes, if they have any.
    fn class_names(&self) -> Option<Vec<String>> {
        None
    }

    /// Returns the number of each test row in the data file, from 1, if predictions are worth a file.
    ///
    /// # Errors
    /// If the draw does not fit the data.
    fn test_rows(&self, _draw: &Draw) -> Result<Option<Vec<usize>>> {
        Ok(None)
    }

    /// Returns what others predict for the test rows of a draw, with their names: first no model at all,
    /// then a simple one, if there is one. None by default.
    ///
    /// # Errors
    /// If the draw does not fit the data.
    fn references(&self, _draw: &Draw) -> Result<Vec<(&'static str, Predicted)>> {
        Ok(Vec::new())
    }

    /// Returns what a model needs to predict from files. None by default: such a model predicts in Rust
    /// only.
    ///
    /// # Errors
    /// If the device cannot hold the rows.
    fn deployment(&self, _hyper: &Hyper, _device: &Device) -> Result<Option<Deployment>> {
        Ok(None)
    }

    /// Returns the preparation that is fitted on the training rows of a draw, and the names of the network's inputs,
    /// if the rows are those of a table: attacks then change its cells within their limits. `None` by default.
    ///
    /// # Errors
    /// If the draw does not fit the data.
    fn preparation_of(&self, _draw: &Draw) -> Result<Option<(Preparation, Vec<String>)>> {
        Ok(None)
    }

    /// Returns what a picture of the data shows.
    ///
    /// # Errors
    /// If the draw does not fit the data.
    fn view(&self, _draw: &Draw) -> Result<View> {
        Ok(View::Nothing)
    }
}

/// What the models of a task need to predict from files.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// What turns files into inputs.
    pub inputs: Inputs,
    /// The network.
    pub network: Network,
    /// The rows that the models are trained on after the runs of an experiment, which leave some out to
    /// test on them; if `None`, they are the models of the runs.
    pub once_more: Option<Samples>,
}

/// The rows of one draw.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The training rows.
    pub train: Samples,
    /// The validation rows.
    pub validation: Option<Samples>,
    /// The test rows.
    pub test: Samples,
    /// The units of targets that are standard scores; figures are then in the units of the data.
    pub units: Option<Units>,
}

impl Parts {
    /// Stacks the parts of several draws along the replica axis.
    ///
    /// # Errors
    /// If there are none, or they have different numbers of rows.
    pub(crate) fn stacked(parts: &[Self]) -> Result<Self> {
        let sets = |of: fn(&Self) -> Option<&Samples>| -> Result<Option<Samples>> {
            let sets: Vec<&Samples> = parts.iter().filter_map(of).collect();
            if sets.is_empty() { Ok(None) } else { Samples::stacked(&sets).map(Some) }
        };
        let [train, validation, test] = [
            sets(|own| Some(&own.train))?,
            sets(|own| own.validation.as_ref())?,
            sets(|own| Some(&own.test))?,
        ];
        match (train, test) {
            (Some(train), Some(test)) => Ok(Self { train, validation, test, units: None }),
            _ => bail!("expected the parts of at least one draw, received none"),
        }
    }

    /// Returns the parts on a device; on their own they stay as they are.
    ///
    /// # Errors
    /// If the device cannot hold them.
    pub(crate) fn on(&self, device: &Device) -> Result<Self> {
        Ok(Self {
            train: self.train.on(device)?,
            validation: self.validation.as_ref().map(|own| own.on(device)).transpose()?,
            test: self.test.on(device)?,
            units: self.units,
        })
    }

    /// Builds samples with `part` from each part of a split. Without validation rows there are no
    /// validation samples.
    ///
    /// # Errors
    /// If `part` fails.
    pub fn new(
        parts: &[impl AsRef<[usize]>; 3],
        part: impl Fn(&[usize]) -> Result<Samples>,
    ) -> Result<Self> {
        let [train, validation, test] = parts.each_ref().map(AsRef::as_ref);
        let validation = (!validation.is_empty()).then(|| part(validation)).transpose()?;
        Ok(Self { train: part(train)?, validation, test: part(test)?, units: None })
    }
}

/// The data shown by a picture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum View {
    /// No picture.
    Nothing,
    /// Points in the plane: training, validation and test rows, in this order.
    Points(Dataset),
    /// Images, one per row, with their height, width and the names of the classes.
    Images(Dataset, [usize; 2], Vec<String>),
    /// Sequences with the names of the classes.
    Sequences(Sequences, Vec<String>),
}
