//! The terminal output of a comparison: tables of at most 80 columns, and what they say.

use super::columns::{diverged, figures, further_columns, unmatched};
use crate::experiment::{Comparison, comparison_sentences};
use crate::report::grid::{Cells, Column, cells, prose};

/// Returns the terminal output in at most 80 columns: the scores and differences under the name of each
/// experiment, the differences of further figures, and a sentence for each comparison. Figures that do not
/// fit are left out; a line names them.
pub fn comparison_text(found: &Comparison) -> String {
    let mut columns = figures(found);
    columns.extend(unmatched(found));
    columns.extend(diverged(found));
    let (mut lines, mut left_out) = cells(under_names(found, columns));
    let further = further_columns(found);
    if let (Some(first), false) = (found.experiments.first(), further.is_empty()) {
        lines.push(String::new());
        lines.extend(prose(&format!(
            "Beside {}: differences from {} ± half of their own 95 % intervals (descriptive)",
            found.metric_name(),
            first.name
        )));
        let (table, others) = cells(under_names(found, further));
        lines.extend(table);
        left_out.extend(others.into_iter().map(|head| format!("difference in {head}")));
    }
    if !left_out.is_empty() {
        let heads = left_out.join(", ");
        lines.extend(prose(&format!("Not shown: {heads}; comparison.json has all figures.")));
    }
    lines.push(String::new());
    lines.extend(comparison_sentences(found).iter().flat_map(|sentence| prose(sentence)));
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// Returns a table with the figures of each experiment that has some under its name, and the columns with
/// figures.
fn under_names(found: &Comparison, mut columns: Vec<Column>) -> Cells {
    let has_some = |row: &usize| columns.iter().any(|own| !own.texts[*row].is_empty());
    let rows: Vec<usize> = (0..found.experiments.len()).filter(has_some).collect();
    for own in &mut columns {
        own.texts = rows.iter().map(|row| own.texts[*row].clone()).collect();
    }
    columns.retain(|own| own.texts.iter().any(|text| !text.is_empty()));
    let name = |(place, row): (usize, &usize)| {
        (Some(found.experiments[*row].name.clone()), place..place + 1)
    };
    let groups: Vec<_> = rows.iter().enumerate().map(name).collect();
    Cells { columns, recommended: vec![false; groups.len()], groups }
}
