//! Tasks: what is learned. A [`Task`] is data, a split, a model and an objective; everything that compares
//! noise works for any of them.

mod circles;
mod digits;
mod fingerprint;
mod hyper;
mod moons;
mod open;
mod points;
mod vowels;

use std::sync::Arc;

use candle_core::{Device, Result};
use candle_nn::VarBuilder;
use serde_json::Value;

pub use circles::Circles;
pub use digits::Digits;
pub use fingerprint::Fingerprint;
pub use hyper::{Draw, Hyper, Rows};
pub use moons::Moons;
pub use open::{NAMES, files, open};
pub use vowels::Vowels;

use crate::data::{Dataset, Samples, Sequences};
use crate::nn::Model;
use crate::noise::Slots;
use crate::objective::Objective;

/// Data, their split, a model and an objective. See `docs/extending.md` for one of one's own.
pub trait Task: Send + Sync {
    /// Its name: a word as `wine`.
    fn name(&self) -> &str;

    /// The content of the data, never their path: runs on other data are other runs.
    fn fingerprint(&self) -> Fingerprint;

    /// How many rows there are.
    fn rows(&self) -> Rows;

    /// The loss and its metrics.
    fn objective(&self) -> Arc<dyn Objective>;

    /// The hyperparameters of the baseline.
    fn defaults(&self) -> Hyper {
        Hyper::default()
    }

    /// The split of the baseline: by default two thirds of the rows that are not for testing, in order.
    fn draw(&self) -> Draw {
        let rows = self.rows();
        Draw { train_size: (rows.trainable() * 2 / 3).max(1), ..Draw::default() }
    }

    /// The rows of one draw; [`Draw::in_order`] and [`Draw::shuffled`] split them.
    ///
    /// # Errors
    /// If the draw does not fit the data or the device cannot hold them.
    fn parts(&self, hyper: &Hyper, draw: &Draw, device: &Device) -> Result<Parts>;

    /// The model, an ordinary Candle model on the variables of `vb`, with a slot at each place of noise.
    ///
    /// # Errors
    /// If it cannot be built.
    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model>;

    /// Whether model and samples have a leading replica axis, so that several runs are one tensor program.
    fn axis(&self) -> Axis {
        Axis::Plain
    }

    /// Raised when a change of the task, which its model does not show, makes other runs of the same
    /// settings.
    fn revision(&self) -> u32 {
        0
    }

    /// Numbers of the largest activation of a row, which bound the memory of a step.
    fn activations(&self, hyper: &Hyper) -> usize {
        hyper.hidden
    }

    /// What results tell of the data beside the number of rows, by name.
    fn details(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// What a picture of the data shows.
    ///
    /// # Errors
    /// If the draw does not fit the data.
    fn view(&self, _draw: &Draw) -> Result<View> {
        Ok(View::Nothing)
    }
}

/// Whether tensors begin with the replica axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Inputs (B, …) and outputs (B, O): a run is a tensor program of its own.
    Plain,
    /// Inputs (R, B, …) and outputs (R, B, O).
    Replicas,
}

/// The rows of one draw.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The rows to train on.
    pub train: Samples,
    /// The rows to choose by.
    pub validation: Option<Samples>,
    /// The rows to judge by.
    pub test: Samples,
}

impl Parts {
    /// The samples that `part` makes of the rows of a split; no validation samples of no rows.
    ///
    /// # Errors
    /// Those of `part`.
    pub fn new(
        [train, validation, test]: &[Vec<usize>; 3],
        part: impl Fn(&[usize]) -> Result<Samples>,
    ) -> Result<Self> {
        let validation = (!validation.is_empty()).then(|| part(validation)).transpose()?;
        Ok(Self { train: part(train)?, validation, test: part(test)? })
    }
}

/// Data as a picture shows them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum View {
    /// No picture.
    Nothing,
    /// Points of the plane: training, validation and test rows in this order.
    Points(Dataset),
    /// Images, a row each, with height, width and the names of the classes.
    Images(Dataset, [usize; 2], Vec<String>),
    /// Sequences, with the names of the classes.
    Sequences(Sequences, Vec<String>),
}
