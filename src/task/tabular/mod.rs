//! A table of one's own as a task: classes or numbers, predicted by a multilayer perceptron.

mod latest;
mod references;
mod rows;

use std::sync::Arc;

use candle_core::{Device, Result, Tensor, bail};
use candle_nn::VarBuilder;
use serde_json::{Value, json};

use self::latest::Latest;
use self::rows::Layout;
use super::{Axis, Deployment, Draw, Fingerprint, Hyper, Parts, Rows, Task};
use crate::bundle::Inputs;
use crate::data::Samples;
use crate::data::prepared::Preparation;
use crate::data::split::{self, Size, Sizes, Split};
use crate::data::table::{Table, TargetValues};
use crate::metric::{Metric, Predicted, Rmse, for_classes, for_numbers};
use crate::model::{Activation, Mlp, Network};
use crate::nn::Model;
use crate::noise::Slots;
use crate::objective::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError, Objective, WithMetric};

/// A table with a target, a split and a multilayer perceptron.
///
/// The inputs of the network are those of a preparation that is fitted on the training rows of each
/// split. An input that these do not have, such as a category of test rows alone, is 0 in all rows, so
/// that the networks of all folds are equally wide.
#[derive(Clone, Debug)]
pub struct Tabular {
    table: Arc<Table>,
    split: Split,
    layout: Layout,
    fingerprint: Fingerprint,
    /// The number of training rows of the smallest fold.
    train_size: usize,
    /// The widths of the hidden layers after the first.
    layers: Vec<usize>,
    activation: Activation,
    metric: Option<Arc<dyn Metric>>,
    /// The folds of the last seed and sizes.
    folds: Latest<(Sizes, u32), Vec<Arc<split::Parts>>>,
    drawn: Latest<Draw, Drawn>,
}

/// What a draw has: its rows, the preparation fitted on those that train, and the rows prepared, on the
/// CPU.
#[derive(Debug)]
struct Drawn {
    rows: Arc<split::Parts>,
    preparation: Preparation,
    parts: Parts,
}

impl Tabular {
    /// The name of the task.
    pub const NAME: &str = "table";

    /// Returns the default hyperparameters: one hidden layer of 100 units, and 200 epochs.
    pub fn hyper() -> Hyper {
        Hyper { hidden: 100, epochs: 200, ..Hyper::default() }
    }

    /// Creates the task from a table with a target.
    ///
    /// # Errors
    /// If the table has no target, the split does not fit it, or it cannot be prepared.
    pub fn new(table: Table, split: Split) -> Result<Self> {
        let parts = split.parts(&table, &Sizes::default(), 0)?;
        let sizes = parts.iter().map(|parts| parts.train.as_slice().len());
        let train_size = sizes.min().unwrap_or(0);
        let layout = Layout::of(&Preparation::fit(&table, &rows::whole(&table, &split)?)?);
        let (fingerprint, table) = (rows::fingerprint(&table, &split), Arc::new(table));
        Ok(Self {
            table,
            split,
            layout,
            fingerprint,
            train_size,
            layers: Vec::new(),
            activation: Activation::default(),
            metric: None,
            folds: Latest::default(),
            drawn: Latest::default(),
        })
    }

    /// Sets the widths of hidden layers after the first, whose width is [`Hyper::hidden`].
    #[must_use]
    pub fn layers(self, layers: Vec<usize>) -> Self {
        Self { layers, ..self }
    }

    /// Sets what follows each hidden layer.
    #[must_use]
    pub fn activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// Sets the primary metric by its name.
    ///
    /// # Errors
    /// If the target has no such metric. The error names those that it has.
    pub fn metric(self, name: &str) -> Result<Self> {
        let metrics = self.all_metrics();
        let found = metrics.iter().find(|metric| metric.name() == name).cloned();
        if found.is_none() {
            let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
            bail!("expected a metric of {}, received {name}", names.join(", "))
        }
        Ok(Self { metric: found, ..self })
    }

    /// Returns the table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Returns the rows of a draw.
    ///
    /// # Errors
    /// If the draw does not fit the table.
    pub fn rows_of(&self, draw: &Draw) -> Result<Arc<split::Parts>> {
        if draw.train_size > self.train_size {
            bail!(
                "expected a train size of at most {} rows, the others being for the test, received {}",
                self.train_size,
                draw.train_size
            )
        }
        let sizes = Sizes {
            train: Some(draw.train_size).filter(|size| *size < self.train_size),
            validation: (draw.validation_size > 0).then_some(Size::Rows(draw.validation_size)),
        };
        let seed = draw.data_seed;
        let folds = self.folds.get((sizes, seed), || {
            let folds = self.split.parts(&self.table, &sizes, seed)?;
            Ok(folds.into_iter().map(Arc::new).collect())
        })?;
        let fold = draw.fold.unwrap_or(0);
        match folds.get(fold) {
            Some(rows) => Ok(rows.clone()),
            None => bail!("expected a fold below {}, received {fold}", folds.len()),
        }
    }

    /// Returns the preparation that is fitted on the training rows of a draw.
    ///
    /// # Errors
    /// If the draw does not fit the table.
    pub fn preparation(&self, draw: &Draw) -> Result<Preparation> {
        Ok(self.drawn(draw)?.preparation.clone())
    }

    /// Returns the names of the network's inputs, among which are those of the preparation of each draw in the same
    /// order; the others are 0 in all rows of the draw.
    pub fn input_names(&self) -> &[String] {
        self.layout.names()
    }

    /// Returns what a draw has.
    fn drawn(&self, draw: &Draw) -> Result<Arc<Drawn>> {
        // A draw without a fold is that of the first one.
        let draw = Draw { fold: draw.fold.or(Some(0)), ..draw.clone() };
        self.drawn.get(draw.clone(), || {
            let rows = self.rows_of(&draw)?;
            let preparation = Preparation::fit(&self.table, &rows.train)?;
            let sets = [rows.train.as_slice(), &rows.validation, &rows.test];
            let mut parts = Parts::new(&sets, |rows| self.samples(&preparation, rows))?;
            parts.units = preparation.target.scale.units();
            Ok(Drawn { rows, preparation, parts })
        })
    }

    fn network(&self, hyper: &Hyper) -> Network {
        let first = Some(hyper.hidden).filter(|width| *width > 0);
        let hidden = first.into_iter().chain(self.layers.iter().copied()).collect();
        let (inputs, outputs) = (self.layout.width(), self.objective().outputs());
        Network::Mlp(Mlp { inputs, hidden, outputs, activation: self.activation })
    }

    fn all_metrics(&self) -> Vec<Arc<dyn Metric>> {
        match self.classes() {
            Some(names) => for_classes(names.len()),
            None => for_numbers(),
        }
    }

    /// Returns the names of the classes, if the target has classes.
    fn classes(&self) -> Option<&[String]> {
        match &self.table.target.as_ref()?.values {
            TargetValues::Classes { names, .. } => Some(names),
            TargetValues::Numbers(_) => None,
        }
    }

    fn samples(&self, preparation: &Preparation, rows: &[usize]) -> Result<Samples> {
        let xs = self.layout.inputs(preparation.apply(&self.table, rows)?);
        let xs = Tensor::from_vec(xs, (1, rows.len(), self.layout.width()), &Device::Cpu)?;
        let ys = preparation.targets(&self.table, rows)?;
        Samples::replicated(&xs, &Tensor::from_vec(ys, (1, rows.len()), &Device::Cpu)?)
    }
}

impl Task for Tabular {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }

    fn rows(&self) -> Rows {
        let test = match &self.split {
            Split::Given(test) => Some(test.len()),
            _ => None,
        };
        Rows { all: self.table.rows.len(), test }
    }

    fn objective(&self) -> Arc<dyn Objective> {
        let by = self.metric.clone();
        match (self.classes().map(<[String]>::len), by) {
            (Some(2), None) => Arc::new(BinaryCrossEntropy),
            (Some(2), Some(by)) => Arc::new(WithMetric::shared(BinaryCrossEntropy, by)),
            (Some(classes), None) => Arc::new(CrossEntropy { classes }),
            (Some(classes), Some(by)) => Arc::new(WithMetric::shared(CrossEntropy { classes }, by)),
            (None, by) => {
                let by = by.unwrap_or_else(|| Arc::new(Rmse));
                Arc::new(WithMetric::shared(MeanSquaredError { outputs: 1 }, by))
            }
        }
    }

    fn defaults(&self) -> Hyper {
        Self::hyper()
    }

    fn draw(&self) -> Draw {
        Draw { train_size: self.train_size, fold: self.folds().map(|_| 0), ..Draw::default() }
    }

    fn folds(&self) -> Option<usize> {
        match &self.split {
            Split::Folds(folds) | Split::Grouped { folds, .. } => Some(*folds),
            Split::Holdout(_) => Some(1),
            _ => None,
        }
    }

    fn sizes(&self, draw: &Draw) -> Result<[usize; 3]> {
        let parts = self.rows_of(draw)?;
        Ok([parts.train.as_slice().len(), parts.validation.len(), parts.test.len()])
    }

    fn columns(&self) -> Option<Vec<usize>> {
        Some(self.layout.columns().to_vec())
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        self.all_metrics()
    }

    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> Result<Parts> {
        self.drawn(draw)?.parts.on(device)
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model> {
        self.network(hyper).build(&vb, slots)
    }

    fn least_hidden(&self) -> usize {
        0
    }

    fn axis(&self) -> Axis {
        Axis::Replicas
    }

    fn activations(&self, hyper: &Hyper) -> usize {
        self.layers.iter().copied().fold(hyper.hidden, usize::max)
    }

    fn row_size(&self) -> usize {
        self.layout.width()
    }

    fn details(&self) -> Vec<(&'static str, Value)> {
        let target = self.table.target.as_ref().map(|target| &target.name);
        let mut details = vec![
            ("target", json!(target)),
            ("inputs", json!(self.layout.width())),
            ("split", json!(rows::split_words(&self.split))),
        ];
        if !self.layers.is_empty() {
            details.push(("further_layers", json!(self.layers)));
        }
        if self.activation != Activation::default() {
            details.push(("activation", json!(self.activation)));
        }
        details
    }

    fn class_names(&self) -> Option<Vec<String>> {
        self.classes().map(<[String]>::to_vec)
    }

    fn deployment(&self, hyper: &Hyper, device: &Device) -> Result<Option<Deployment>> {
        let rows = rows::whole(&self.table, &self.split)?;
        let preparation = Preparation::fit(&self.table, &rows)?;
        let rows = self.samples(&preparation, rows.as_slice())?.on(device)?;
        let (inputs, network) = (Inputs::Table { preparation }, self.network(hyper));
        Ok(Some(Deployment { inputs, network, once_more: Some(rows) }))
    }

    fn preparation_of(&self, draw: &Draw) -> Result<Option<(Preparation, Vec<String>)>> {
        Ok(Some((self.preparation(draw)?, self.layout.names().to_vec())))
    }

    fn references(&self, draw: &Draw) -> Result<Vec<(&'static str, Predicted)>> {
        references::references(self, draw)
    }

    fn test_rows(&self, draw: &Draw) -> Result<Option<Vec<usize>>> {
        let rows = self.rows_of(draw)?;
        Ok(Some(rows.test.iter().map(|row| self.table.rows[*row]).collect()))
    }
}
