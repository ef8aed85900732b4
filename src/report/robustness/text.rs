//! The terminal output of the robustness of models: a table of at most 80 columns, and what it says.

use super::table::cells as of_models;
use crate::report::grid::{cells, prose};
use crate::robust::Robustness;

/// Returns the terminal output in at most 80 columns: the metric by kind and strength for each model with the
/// differences to the first one, and sentences. Columns that do not fit are left out; a line names them.
pub fn robustness_text(found: &Robustness) -> String {
    let metric = found.metric.replace('_', " ");
    let mut lines = prose(&format!(
        "Test {metric} of {} rows by strength: means over the networks ± half of their 95 % intervals",
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
    lines.push(String::new());
    lines.extend(found.sentences().iter().flat_map(|sentence| prose(sentence)));
    lines.extend(found.warnings.iter().flat_map(|line| prose(&format!("Warning: {line}."))));
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}
