//! The data of a table on the page: its rows and columns, what was decided, and warnings.

use maud::{Markup, html};

use crate::data::table::{ColumnKind, ColumnReading, Reading, Role};

/// Returns the warnings of a table.
pub(super) fn warnings(reading: &Reading) -> Markup {
    html! {
        @if !reading.warnings.is_empty() {
            div.warnings role="note" {
                h2 { "Warnings about the " a href="#data" { "data" } }
                ul { @for warning in &reading.warnings { li { (warning.text) } } }
            }
        }
    }
}

/// Returns the section on the data.
pub(super) fn section(reading: &Reading) -> Markup {
    let target = reading.columns.iter().find(|column| column.role == Role::Target);
    let inputs = reading.columns.iter().filter(|column| column.role == Role::Input).count();
    html! {
        h2 #data { "Data" }
        p {
            (reading.rows) " rows of " (reading.file) ", " (inputs) " of "
            (reading.columns.len()) " columns as inputs"
            @if let Some(target) = target { ", target " b { (target.name) } }
            "."
        }
        (columns(&reading.columns))
        @if !reading.decisions.is_empty() {
            h3 { "Decisions" }
            ul { @for decision in &reading.decisions { li { (decision) } } }
        }
    }
}

/// Returns the columns as a table in a box of its own, which scrolls, also from the keyboard.
fn columns(columns: &[ColumnReading]) -> Markup {
    html! {
        div.wide {
            div.scroll.tall role="region" aria-label="Columns" tabindex="0" {
                table {
                    thead {
                        tr {
                            @for head in ["column", "role", "kind", "missing", "mean ± std"] {
                                th scope="col" { (head) }
                            }
                            th.text scope="col" { "categories (rows)" }
                            th.text scope="col" { "what was done" }
                        }
                    }
                    tbody { @for column in columns { (row(column)) } }
                }
            }
        }
        p.note { "std is the sample standard deviation (n − 1) of the values that are not missing." }
    }
}

fn row(column: &ColumnReading) -> Markup {
    let kind = column.kind.map_or("", |kind| match (kind, column.role) {
        (ColumnKind::Number, _) => "number",
        (ColumnKind::Category, Role::Target) => "classes",
        (ColumnKind::Category, _) => "category",
    });
    let role = match column.role {
        Role::Input => "input",
        Role::Target => "target",
        Role::Dropped => "dropped",
        Role::Group => "group",
        Role::Time => "time",
    };
    html! {
        tr.best[column.role == Role::Target].faint[column.role == Role::Dropped] {
            th scope="row" { (column.name) }
            td { (role) }
            td { (kind) }
            td { (missing(column)) }
            td { (mean_and_std(column)) }
            td.text { (categories(column)) }
            td.text { (done(column)) }
        }
    }
}

/// Returns the share of missing values, if there are any.
fn missing(column: &ColumnReading) -> String {
    match column.missing.map(|share| 100. * share) {
        None | Some(0.) => String::new(),
        Some(share) if share < 0.1 => "< 0.1 %".to_string(),
        Some(share) => format!("{share:.1} %"),
    }
}

/// Returns mean and standard deviation with three digits of the latter, and as many decimals in both.
fn mean_and_std(column: &ColumnReading) -> String {
    let Some(mean) = column.mean else { return String::new() };
    let std = column.std.unwrap_or_default();
    let decimals = if std > 0. { 2 - std.log10().floor() as i32 } else { 2 };
    match decimals {
        0..=8 if mean.abs() < 1e9 => {
            format!("{mean:.0$} ± {std:.0$}", decimals as usize)
        }
        -6..0 if mean.abs() < 1e9 => format!("{mean:.0} ± {std:.0}"),
        _ => format!("{mean:.2e} ± {std:.2e}"),
    }
}

/// Returns the most frequent categories with their numbers of rows.
fn categories(column: &ColumnReading) -> String {
    let named = column.categories.iter().map(|own| format!("{} ({})", own.name, own.rows));
    let mut list = named.collect::<Vec<_>>().join(", ");
    match column.further_categories {
        0 => {}
        1 => list.push_str(" and 1 other"),
        others => list.push_str(&format!(" and {others} others")),
    }
    list
}

/// Returns what the training programs make of a column.
fn done(column: &ColumnReading) -> String {
    let is_missing = column.missing.is_some_and(|share| share > 0.);
    let text = match (column.role, column.kind) {
        (Role::Input, Some(ColumnKind::Number)) if is_missing => {
            "median for missing values, with an indicator; standard score"
        }
        (Role::Input, Some(ColumnKind::Number)) => "standard score",
        (Role::Input, _) if is_missing => "0 or 1 for each category and for missing values",
        (Role::Input, _) => "0 or 1 for each category",
        (Role::Target, Some(ColumnKind::Number)) => "predicted as a standard score",
        (Role::Target, _) => "predicted",
        (Role::Group, _) => "no input: keeps its rows in one fold",
        (Role::Time, _) => "no input: its later rows are test rows",
        (Role::Dropped, _) => {
            let reason = column.reason.iter().map(|reason| format!(", because {reason}"));
            return reason.fold("dropped".to_string(), |text, reason| text + &reason);
        }
    };
    text.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(mean: f64, std: f64) -> String {
        let json = serde_json::json!({"name": "x", "role": "input", "mean": mean, "std": std});
        mean_and_std(&serde_json::from_value(json).unwrap())
    }

    #[test]
    fn a_mean_has_the_decimals_of_its_standard_deviation() {
        assert_eq!(text(43.921930, 5.459584), "43.92 ± 5.46");
        assert_eq!(text(4201.754386, 801.954536), "4202 ± 802");
        assert_eq!(text(-0.5, 0.00012345), "-0.500000 ± 0.000123");
        assert_eq!(text(123456.7, 98765.4), "123457 ± 98765");
        assert_eq!(text(3e12, 2e10), "3.00e12 ± 2.00e10");
        assert_eq!(text(7., 0.), "7.00 ± 0.00");
    }
}
