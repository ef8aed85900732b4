//! The terminal output of the robustness of models: tables of at most 80 columns, and what they say.

use crate::report::grid::{Cells, Column, Rank, cells, prose};
use crate::robust::{Band, ComparedCurve, Robustness};
use crate::stats::{Digits, number};

/// The most strengths that are shown of a kind; all are in `robustness.json`.
const MOST_STRENGTHS: usize = 6;

/// Returns the terminal output in at most 80 columns: the metric by kind and strength with a column for each
/// model, the difference of the last one to the first, and sentences. Models that do not fit are left out; a line
/// names them.
pub fn robustness_text(found: &Robustness) -> String {
    let curves: Vec<&ComparedCurve> =
        found.curves.iter().filter(|own| own.metric == found.metric).collect();
    let metric = found.metric.replace('_', " ");
    let mut lines = prose(&format!(
        "Test {metric} of {} rows by strength, means over the networks",
        found.rows
    ));
    let (table, left_out) = cells(table(found, &curves));
    lines.extend(table);
    if !left_out.is_empty() {
        let heads = left_out.join(", ");
        lines.extend(prose(&format!("Not shown: {heads}; robustness.json has all figures.")));
    }
    lines.push(String::new());
    lines.extend(found.sentences().iter().flat_map(|sentence| prose(sentence)));
    lines.extend(found.warnings.iter().flat_map(|line| prose(&format!("Warning: {line}."))));
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// Returns a row for each strength under the name of its kind, with the same row of strength 0 for all kinds first.
fn table(found: &Robustness, curves: &[&ComparedCurve]) -> Cells {
    let mut rows: Vec<(&ComparedCurve, usize)> = Vec::new();
    let mut groups = Vec::new();
    for (place, own) in curves.iter().enumerate() {
        let is_first = place == 0;
        let start = rows.len();
        let strengths = own.strengths.iter().enumerate();
        let shown = strengths.filter(|(_, strength)| is_first || **strength > 0.);
        rows.extend(shown.map(|(place, _)| (*own, place)).take(MOST_STRENGTHS));
        groups.push((Some(own.title()), start..rows.len()));
    }
    let column = |head: &str, rank, text: &dyn Fn(&ComparedCurve, usize) -> String| Column {
        head: head.to_string(),
        rank,
        texts: rows.iter().map(|(own, place)| text(own, *place)).collect(),
    };
    let mut columns =
        vec![column("strength", Rank::Main, &|own, place| number(own.strengths[place]))];
    for (model, own) in found.models.iter().enumerate() {
        columns.push(column(&own.name, Rank::Main, &|own, place| mean(&own.models[model], place)));
    }
    for (model, own) in found.models.iter().enumerate().skip(1) {
        let head = match found.models.len() {
            2 => "difference".to_string(),
            _ => format!("{} - {}", own.name, found.models[0].name),
        };
        columns.push(column(&head, Rank::Main, &|own, place| {
            difference(&own.differences[model - 1], place)
        }));
    }
    Cells { columns, recommended: vec![false; rows.len()], groups }
}

fn mean(band: &Band, place: usize) -> String {
    band.mean[place].map_or("-".to_string(), |mean| Digits::of(mean).text(mean))
}

/// Returns a difference with its interval: `+0.043 (+0.031 to +0.055)`.
fn difference(band: &Band, place: usize) -> String {
    let Some(mean) = band.mean[place] else { return "-".to_string() };
    let digits = Digits::of(mean);
    match band.low[place].zip(band.high[place]) {
        Some((low, high)) => {
            format!("{} ({} to {})", digits.signed(mean), digits.signed(low), digits.signed(high))
        }
        None => digits.signed(mean),
    }
}
