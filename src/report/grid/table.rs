//! The cells as a table for the terminal and the page.

use comfy_table::{CellAlignment, Table, presets};

use super::is_further;
use crate::experiment::{
    CellOutcome, Difference, Outcome, conclusion_sentences, place_name, range, strength_name,
};
use crate::report::text::figure;
use crate::stats::{Statistic, number};

/// The rows of the table, each with a flag for the best cell.
pub(super) struct Rows {
    pub head: Vec<String>,
    pub rows: Vec<(bool, Vec<String>)>,
}

/// A column: its heading, and its text for a cell.
type Column<'a> = (String, Box<dyn Fn(&CellOutcome) -> String + 'a>);

impl Rows {
    pub fn new(outcome: &Outcome) -> Self {
        let columns = columns(outcome);
        let best = outcome.conclusion.as_ref().map(|conclusion| &conclusion.choice.cell);
        let row = |own: &CellOutcome| {
            let texts = columns.iter().map(|(_, text)| text(own)).collect();
            (best == Some(&own.cell), texts)
        };
        Self {
            head: columns.iter().map(|(head, _)| head.clone()).collect(),
            rows: outcome.cells.iter().map(row).collect(),
        }
    }
}

/// Returns the columns, except those with the same text for all cells.
fn columns(outcome: &Outcome) -> Vec<Column<'_>> {
    let plan = &outcome.plan;
    let of_metric = |set: &str| format!("{set}_{}", outcome.metric);
    let [train, validation, test] = ["train", "validation", "test"].map(of_metric);
    let mut columns: Vec<Column> = Vec::new();
    let mut put = |shown: bool, head: &str, text: Box<dyn Fn(&CellOutcome) -> String>| {
        if shown {
            columns.push((head.to_string(), text));
        }
    };
    put(true, "noise", Box::new(noise));
    put(true, strength_name(plan), Box::new(strength));
    put(plan.hidden.len() > 1, "hidden", Box::new(|own| own.cell.variant.hidden.to_string()));
    put(
        plan.learning_rates.len() > 1,
        "learning rate",
        Box::new(|own| number(own.cell.variant.learning_rate)),
    );
    let sizes = |own: &CellOutcome| own.cell.variant.train_size.to_string();
    put(plan.train_sizes.len() > 1, "train size", Box::new(sizes));
    put(true, "train", Box::new(move |own| mean(&own.summary.get(&train))));
    let validated = plan.validation_size > 0;
    put(validated, "validation", Box::new(move |own| mean(&own.summary.get(&validation))));
    put(true, "test", Box::new(move |own| figure(&own.summary.get(&test))));
    let figures = outcome.cells.first().into_iter().flat_map(|own| own.summary.iter());
    let tested = figures.map(|(name, _)| name).filter(|name| name.starts_with("test_"));
    for name in tested.filter(|name| is_further(name, &outcome.metric)).map(str::to_string) {
        let head = name.replace('_', " ");
        put(true, &head, Box::new(move |own| mean(&own.summary.get(&name))));
    }
    put(true, "difference", Box::new(|own| of(own, |d| Some(format!("{:+.3}", d.mean)))));
    let interval = |d: &Difference| d.low.zip(d.high).map(|(low, high)| range(low, high));
    put(true, "95 % interval", Box::new(move |own| of(own, interval)));
    put(true, "p", Box::new(|own| of(own, |d| d.p.map(p_value))));
    put(true, "p (Holm)", Box::new(|own| of(own, |d| d.p_holm.map(p_value))));
    let corrected = |d: &Difference| d.nadeau_bengio.as_ref().map(|t| p_value(t.p));
    put(plan.data_seeds.len() > 1, "p (Nadeau-Bengio)", Box::new(move |own| of(own, corrected)));
    let diverged = |own: &CellOutcome| own.runs.iter().filter(|run| run.has_failed()).count();
    let any = outcome.cells.iter().any(|own| diverged(own) > 0);
    put(any, "diverged", Box::new(move |own| diverged(own).to_string()));
    columns
}

fn noise(own: &CellOutcome) -> String {
    match &own.cell.noise[..] {
        [] => "baseline".to_string(),
        noise => noise.iter().map(place_name).collect::<Vec<_>>().join(" & "),
    }
}

fn strength(own: &CellOutcome) -> String {
    match &own.cell.noise[..] {
        [] => number(0.),
        noise => noise.iter().map(|spec| number(spec.strength())).collect::<Vec<_>>().join(" & "),
    }
}

/// Returns the terminal output: the table with the best cell marked, and the conclusion.
pub fn grid_text(outcome: &Outcome) -> String {
    let rows = Rows::new(outcome);
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([String::new()].into_iter().chain(rows.head));
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
