//! The terminal output of the robustness of models: a table of at most 80 columns, and what it says.

use super::table::cells as of_models;
use super::{capital, words};
use crate::report::grid::{Cells, Column, Rank, cells, prose};
use crate::robust::{Average, Robustness};
use crate::stats::Digits;

/// Returns the terminal output in at most 80 columns: the metric by kind and strength for each model with the
/// differences to the first one, and sentences. Columns that do not fit are left out; a line names them.
pub fn robustness_text(found: &Robustness) -> String {
    let metric = capital(&words(&found.metric));
    let noise = match found.average {
        Some(draws) => format!("their noise averaged over {draws} draws"),
        None => "their noise off".to_string(),
    };
    let mut lines = prose(&format!(
        "{metric} of {} rows by strength: means over the networks, {noise}, ± half of their 95 % intervals",
        found.rows
    ));
    if let Some(own) = of_models(&found.curves, &found.metric) {
        let (table, left_out) = cells(own);
        lines.extend(table);
        if !left_out.is_empty() {
            let heads = left_out.join(", ");
            lines.extend(prose(&format!("Not shown: {heads}; robustness.json has all figures.")));
        }
    }
    if !found.geometry.is_empty() {
        lines.push(String::new());
        lines.extend(prose("Around the rows as they are"));
        lines.extend(cells(geometry(found)).0);
    }
    lines.push(String::new());
    lines.extend(told(found));
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// Returns the sentences and the warnings in lines.
pub(in crate::report) fn told(found: &Robustness) -> Vec<String> {
    let warnings = found.warnings.iter().map(|line| format!("Warning: {line}."));
    found.sentences().into_iter().chain(warnings).flat_map(|sentence| prose(&sentence)).collect()
}

/// Returns the geometry of each model as a table.
fn geometry(found: &Robustness) -> Cells {
    let texts = |of: &dyn Fn(&Average) -> String| found.geometry.iter().map(of).collect();
    let names =
        Column { head: "mean".to_string(), rank: Rank::Name, texts: texts(&Average::title) };
    let of_model = |(place, own): (usize, &crate::robust::Named)| {
        let text = |figure: &Average| match figure.models[place].mean[0] {
            Some(mean) => Digits::of(mean).text(mean),
            None => "-".to_string(),
        };
        Column { head: own.name.clone(), rank: Rank::Main, texts: texts(&text) }
    };
    let models = found.models.iter().enumerate().map(of_model);
    let columns: Vec<Column> = [names].into_iter().chain(models).collect();
    let rows = found.geometry.len();
    Cells { columns, groups: vec![(None, 0..rows)], recommended: vec![false; rows] }
}
