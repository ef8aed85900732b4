//! The cells as a table, in the terminal and on the page.

use comfy_table::{CellAlignment, Table, presets};

use super::sentences::{conclusion_sentences, range};
use crate::experiment::{CellOutcome, Difference, GridOutcome, Statistic};
use crate::report::text::{figure, number};

/// The rows of the table, each with whether it is the best cell.
pub(super) struct Rows {
    pub head: Vec<&'static str>,
    pub rows: Vec<(bool, Vec<String>)>,
}

/// A column: its head, and what it says of a cell.
type Column = (&'static str, fn(&CellOutcome) -> String);

impl Rows {
    pub fn new(outcome: &GridOutcome) -> Self {
        let columns = columns(outcome);
        let best = outcome.conclusion.as_ref().map(|conclusion| conclusion.choice.cell);
        let row = |own: &CellOutcome| {
            let texts = columns.iter().map(|(_, text)| text(own)).collect();
            (best == Some(own.cell), texts)
        };
        Self {
            head: columns.iter().map(|(head, _)| *head).collect(),
            rows: outcome.cells.iter().map(row).collect(),
        }
    }
}

/// The columns; those that say the same of all cells are left out.
fn columns(outcome: &GridOutcome) -> Vec<Column> {
    let grid = &outcome.settings;
    let columns: [(bool, Column); 13] = [
        (true, ("noise", noise)),
        (true, ("stddev", |own| number(own.cell.stddev))),
        (grid.hidden.len() > 1, ("hidden", |own| own.cell.variant.hidden.to_string())),
        (
            grid.learning_rates.len() > 1,
            ("learning rate", |own| number(own.cell.variant.learning_rate)),
        ),
        (grid.train_sizes.len() > 1, ("train size", |own| own.cell.variant.train_size.to_string())),
        (true, ("train", |own| mean(&own.summary.train_accuracy))),
        (grid.validation_size > 0, ("validation", |own| mean(&own.summary.validation_accuracy))),
        (true, ("test", |own| figure(&own.summary.test_accuracy))),
        (true, ("difference", |own| of(own, |d| Some(format!("{:+.3}", d.mean))))),
        (
            true,
            ("95 % interval", |own| {
                of(own, |d| d.low.zip(d.high).map(|(low, high)| range(low, high)))
            }),
        ),
        (true, ("p", |own| of(own, |d| d.p.map(p_value)))),
        (true, ("p (Holm)", |own| of(own, |d| d.p_holm.map(p_value)))),
        (
            grid.data_seeds.len() > 1,
            ("p (Nadeau-Bengio)", |own| {
                of(own, |d| d.nadeau_bengio.as_ref().map(|t| p_value(t.p)))
            }),
        ),
    ];
    let shown = columns.into_iter().filter(|(shown, _)| *shown);
    shown.map(|(_, column)| column).collect()
}

fn noise(own: &CellOutcome) -> String {
    own.cell.placement.map_or_else(|| "baseline".to_string(), |placement| placement.to_string())
}

/// What the terminal shows: the table with the best cell marked, and the conclusion.
pub fn grid_text(outcome: &GridOutcome) -> String {
    let rows = Rows::new(outcome);
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([""].into_iter().chain(rows.head));
    for (best, texts) in rows.rows {
        let mark = if best { "*" } else { "" };
        table.add_row([mark.to_string()].into_iter().chain(texts));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lines = table.lines().map(|line| line.trim_end().to_string());
    let sentences = conclusion_sentences(outcome);
    lines.chain(["* best cell".to_string(), String::new()]).chain(sentences).fold(
        String::new(),
        |mut text, line| {
            text.push_str(&line);
            text.push('\n');
            text
        },
    )
}

fn of(own: &CellOutcome, text: impl Fn(&Difference) -> Option<String>) -> String {
    own.difference.as_ref().and_then(text).unwrap_or_default()
}

fn mean(statistic: &Statistic) -> String {
    statistic.mean.map_or_else(|| "-".to_string(), |mean| format!("{mean:.3}"))
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_string() } else { format!("{p:.3}") }
}
