//! `cells.csv` and `runs.csv`. What was not measured is empty.

use anyhow::Result;
use serde::Serialize;

use crate::experiment::{Cell, CellOutcome, GridOutcome, Run};
use crate::model::Placement;

/// `cells.csv`: a row for each cell, with its means, standard deviations and difference from the
/// baseline.
///
/// # Errors
/// Never for an outcome of this crate.
pub fn cells_csv(outcome: &GridOutcome) -> Result<Vec<u8>> {
    table(outcome.cells.iter().map(CellRow::new))
}

/// `runs.csv`: a row for each run.
///
/// # Errors
/// Never for an outcome of this crate.
pub fn runs_csv(outcome: &GridOutcome) -> Result<Vec<u8>> {
    let rows = |own: &CellOutcome| {
        let cell = own.cell;
        own.runs.iter().map(move |run| RunRow::new(&cell, run)).collect::<Vec<_>>()
    };
    table(outcome.cells.iter().flat_map(rows))
}

fn table(rows: impl Iterator<Item = impl Serialize>) -> Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    for row in rows {
        csv.serialize(row)?;
    }
    Ok(csv.into_inner()?)
}

#[derive(Serialize)]
struct CellRow {
    placement: Option<Placement>,
    stddev: f64,
    hidden: usize,
    learning_rate: f64,
    train_size: usize,
    runs: usize,
    finished: usize,
    train_accuracy_mean: Option<f64>,
    train_accuracy_std: Option<f64>,
    validation_accuracy_mean: Option<f64>,
    validation_accuracy_std: Option<f64>,
    test_accuracy_mean: Option<f64>,
    test_accuracy_std: Option<f64>,
    test_loss_mean: Option<f64>,
    test_loss_std: Option<f64>,
    difference_mean: Option<f64>,
    difference_low: Option<f64>,
    difference_high: Option<f64>,
    pairs: Option<usize>,
    units: Option<usize>,
    t: Option<f64>,
    p: Option<f64>,
    p_holm: Option<f64>,
    p_nadeau_bengio: Option<f64>,
}

impl CellRow {
    fn new(own: &CellOutcome) -> Self {
        let (cell, summary, difference) = (&own.cell, &own.summary, own.difference.as_ref());
        Self {
            placement: cell.placement,
            stddev: cell.stddev,
            hidden: cell.variant.hidden,
            learning_rate: cell.variant.learning_rate,
            train_size: cell.variant.train_size,
            runs: own.runs.len(),
            finished: summary.test_accuracy.n,
            train_accuracy_mean: summary.train_accuracy.mean,
            train_accuracy_std: summary.train_accuracy.std,
            validation_accuracy_mean: summary.validation_accuracy.mean,
            validation_accuracy_std: summary.validation_accuracy.std,
            test_accuracy_mean: summary.test_accuracy.mean,
            test_accuracy_std: summary.test_accuracy.std,
            test_loss_mean: summary.test_loss.mean,
            test_loss_std: summary.test_loss.std,
            difference_mean: difference.map(|d| d.mean),
            difference_low: difference.and_then(|d| d.low),
            difference_high: difference.and_then(|d| d.high),
            pairs: difference.map(|d| d.n),
            units: difference.map(|d| d.units),
            t: difference.and_then(|d| d.paired_t.as_ref()?.t),
            p: difference.and_then(|d| d.p),
            p_holm: difference.and_then(|d| d.p_holm),
            p_nadeau_bengio: difference.and_then(|d| Some(d.nadeau_bengio.as_ref()?.p)),
        }
    }
}

#[derive(Serialize)]
struct RunRow {
    placement: Option<Placement>,
    stddev: f64,
    hidden: usize,
    learning_rate: f64,
    train_size: usize,
    data_seed: u32,
    seed: u64,
    train_accuracy: Option<f64>,
    validation_accuracy: Option<f64>,
    test_accuracy: Option<f64>,
    train_loss: Option<f32>,
    test_loss: Option<f32>,
    best_test_accuracy: Option<f64>,
    best_epoch: Option<usize>,
    stopped_epoch: Option<usize>,
}

impl RunRow {
    fn new(cell: &Cell, run: &Run) -> Self {
        Self {
            placement: cell.placement,
            stddev: cell.stddev,
            hidden: cell.variant.hidden,
            learning_rate: cell.variant.learning_rate,
            train_size: cell.variant.train_size,
            data_seed: run.data_seed,
            seed: run.seed,
            train_accuracy: run.train_accuracy,
            validation_accuracy: run.validation_accuracy,
            test_accuracy: run.test_accuracy,
            train_loss: run.train_loss,
            test_loss: run.test_loss,
            best_test_accuracy: run.best_test_accuracy,
            best_epoch: run.best_epoch,
            stopped_epoch: run.stopped.as_ref().map(|stop| stop.epoch),
        }
    }
}
