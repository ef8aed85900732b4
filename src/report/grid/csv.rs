//! `cells.csv` and `runs.csv`. Figures that were not measured are empty.

use anyhow::Result;
use serde::Serialize;

use super::is_further;
use super::table::{answer, further_figures};
use crate::experiment::{Cell, CellOutcome, Outcome, Run, noise_name};

/// Returns `cells.csv`: one row per cell, with its means, standard deviations and difference from
/// the baseline.
///
/// # Errors
/// If the table cannot be written as CSV.
pub fn cells_csv(outcome: &Outcome) -> Result<Vec<u8>> {
    table(outcome.cells.iter().map(|own| cell_row(outcome, own)).collect())
}

/// Returns `runs.csv`: one row per run.
///
/// # Errors
/// If the table cannot be written as CSV.
pub fn runs_csv(outcome: &Outcome) -> Result<Vec<u8>> {
    let rows = |own: &CellOutcome| {
        let cell = own.cell.clone();
        own.runs.iter().map(move |run| run_row(outcome, &cell, run)).collect::<Vec<_>>()
    };
    table(outcome.cells.iter().flat_map(rows).collect())
}

/// A row of named columns.
type Row = Vec<(String, Field)>;

/// A CSV field.
#[derive(Serialize)]
#[serde(untagged)]
enum Field {
    Empty(Option<()>),
    Text(String),
    Whole(u64),
    Single(f32),
    Number(f64),
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Field {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<usize> for Field {
    fn from(number: usize) -> Self {
        Self::Whole(number as u64)
    }
}

impl From<f64> for Field {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl<T: Into<Self>> From<Option<T>> for Field {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty(None), T::into)
    }
}

fn table(rows: Vec<Row>) -> Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    if let Some(first) = rows.first() {
        csv.write_record(first.iter().map(|(name, _)| name))?;
    }
    for row in rows {
        csv.serialize(row.into_iter().map(|(_, field)| field).collect::<Vec<_>>())?;
    }
    Ok(csv.into_inner()?)
}

fn put(row: &mut Row, name: &str, field: impl Into<Field>) {
    row.push((name.to_string(), field.into()));
}

/// Returns the first columns of both tables.
fn named(cell: &Cell) -> Row {
    let mut row = Row::new();
    let places: Vec<&str> = cell.noise.iter().map(|spec| spec.place()).collect();
    put(&mut row, "placement", (!places.is_empty()).then(|| places.join(" & ")));
    put(&mut row, "stddev", cell.noise.first().map_or(0., |spec| spec.strength()));
    put(&mut row, "hidden", cell.variant.hidden);
    put(&mut row, "learning_rate", cell.variant.learning_rate);
    put(&mut row, "train_size", cell.variant.train_size);
    row
}

/// Returns the noises of a cell in words; `None` for a rival that is no noise.
fn noise(cell: &Cell) -> Option<String> {
    let has_none = cell.rival.is_some() && cell.noise.is_empty();
    (!has_none).then(|| noise_name(&cell.noise))
}

fn cell_row(outcome: &Outcome, own: &CellOutcome) -> Row {
    let (metric, difference) = (&outcome.metric, own.difference.as_ref());
    let mut row = named(&own.cell);
    let mut put = |name: &str, field: Field| put(&mut row, name, field);
    put("runs", own.runs.len().into());
    put("finished", own.runs.iter().filter(|run| !run.has_failed()).count().into());
    let sets = ["train", "validation", "test"].map(|set| format!("{set}_{metric}"));
    for figure in sets.into_iter().chain(["test_loss".to_string()]) {
        let statistic = own.summary.get(&figure);
        put(&format!("{figure}_mean"), statistic.mean.into());
        put(&format!("{figure}_std"), statistic.std.into());
    }
    put("difference_mean", difference.map(|d| d.mean).into());
    put("difference_low", difference.and_then(|d| d.low).into());
    put("difference_high", difference.and_then(|d| d.high).into());
    put("pairs", difference.map(|d| d.n).into());
    put("units", difference.map(|d| d.units).into());
    put("t", difference.and_then(|d| Some(d.paired_t.as_ref()?.t)).into());
    put("p", difference.and_then(|d| d.p).into());
    put("p_holm", difference.and_then(|d| d.p_holm).into());
    put("p_nadeau_bengio", difference.and_then(|d| Some(d.nadeau_bengio.as_ref()?.p)).into());
    put("noise", noise(&own.cell).into());
    if !outcome.plan.rivals.is_empty() {
        put("rival", own.cell.rival.as_ref().map(ToString::to_string).into());
    }
    put("dropped_noisy", own.dropped.map(|dropped| dropped.noisy).into());
    put("dropped_baseline", own.dropped.map(|dropped| dropped.baseline).into());
    // A cell without a finished run has no names of its own.
    let names = outcome.cells.iter().find(|own| !own.runs.is_empty()).map(|own| &own.summary);
    let names = names.into_iter().flat_map(|summary| summary.iter()).map(|(name, _)| name);
    for figure in names.filter(|name| is_further(name, metric)) {
        let statistic = own.summary.get(figure);
        put(&format!("{figure}_mean"), statistic.mean.into());
        put(&format!("{figure}_std"), statistic.std.into());
    }
    let simultaneous = difference.and_then(|d| d.simultaneous);
    put("simultaneous_low", simultaneous.map(|own| own.low).into());
    put("simultaneous_high", simultaneous.map(|own| own.high).into());
    put("p_adjusted", difference.and_then(|d| d.p_adjusted).into());
    put("margin", difference.map(|d| d.margin).into());
    put("answer", difference.map(|d| answer(d.answer).to_string()).into());
    for figure in further_figures(outcome) {
        let found = difference.and_then(|d| d.further.iter().find(|own| own.figure == figure));
        put(&format!("difference_{figure}_mean"), found.map(|own| own.effect.mean).into());
        put(&format!("difference_{figure}_low"), found.and_then(|own| own.effect.low).into());
        put(&format!("difference_{figure}_high"), found.and_then(|own| own.effect.high).into());
    }
    row
}

fn run_row(outcome: &Outcome, cell: &Cell, run: &Run) -> Row {
    let metric = &outcome.metric;
    let mut row = named(cell);
    let mut put = |name: &str, field: Field| put(&mut row, name, field);
    put("data_seed", u64::from(run.data_seed).into());
    put("seed", run.seed.into());
    for figure in ["train", "validation", "test"].map(|set| format!("{set}_{metric}")) {
        put(&figure, run.get(&figure).into());
    }
    for figure in ["train_loss", "test_loss"] {
        let loss = run.get(figure).map(|loss| Field::Single(loss as f32));
        put(figure, loss.unwrap_or(Field::Empty(None)));
    }
    let best = format!("best_test_{metric}");
    put(&best, run.get(&best).into());
    put("best_epoch", run.best_epoch.into());
    put("stopped_epoch", run.stopped.as_ref().map(|stop| stop.epoch).into());
    put("noise", noise(cell).into());
    if !outcome.plan.rivals.is_empty() {
        put("rival", cell.rival.as_ref().map(ToString::to_string).into());
    }
    put("restored_epoch", run.restored_epoch.into());
    for (figure, score) in run.scores.iter().filter(|(name, _)| is_further(name, metric)) {
        put(figure, score.into());
    }
    row
}
