//! Columns that equal or determine the target, which may be known only with it.

use rayon::prelude::*;

use super::determined::{Goal, How, Leak, leak};
use crate::data::table::{Column, Table, Target, TargetValues, Warning, WarningKind};
use crate::data::words::{listed, shown};

/// Warns of each column that equals or determines the target, or almost.
pub fn warnings(table: &Table) -> Vec<Warning> {
    const MOST: usize = 3;
    let Some(target) = &table.target else { return Vec::new() };
    let goal = Goal::of(&target.values);
    let columns = table.columns.par_iter();
    let found: Vec<(&Column, Leak)> = columns
        .filter_map(|column| Some((column, leak(&column.cells, &target.values, &goal)?)))
        .collect();
    let texts: Vec<String> = match found.len() {
        0..=MOST => {
            found.iter().map(|(column, leak)| leak.text(column, target, table.rows.len())).collect()
        }
        number => {
            let names = listed(found.iter().map(|(column, _)| column.name.as_str()));
            vec![format!(
                "{number} columns equal or determine the target {}: {names}; are they known before the \
                 target? --column NAME=drop leaves one out",
                shown(&target.name)
            )]
        }
    };
    texts.into_iter().map(|text| Warning::new(WarningKind::Leakage, text)).collect()
}

impl Leak {
    /// Returns the warning of a column of a table with this number of rows.
    fn text(&self, column: &Column, target: &Target, rows: usize) -> String {
        let (name, goal) = (shown(&column.name), shown(&target.name));
        let value = match target.values {
            TargetValues::Classes { .. } => "class",
            TargetValues::Numbers(_) => "value",
        };
        let verb = match self.how {
            How::Equal => "equals",
            How::Correlation(_) => "almost determines",
            _ => "determines",
        };
        let why = match self.how {
            How::Equal => String::new(),
            How::Values(values) => format!(", each of its {values} values going with one {value}"),
            How::Missing => format!(", being missing for one {value} alone"),
            How::Ranges => ", its ranges of the classes being apart".to_string(),
            How::Monotone => ", which only rises or only falls with it".to_string(),
            How::Correlation(r) => format!(", with a correlation of {r:.5}"),
        };
        let rows = match self.rows {
            own if own == rows => format!("all {own} rows"),
            own => format!("all {own} rows that have it"),
        };
        format!(
            "column {name} {verb} the target {goal} in {rows}{why}: is it known before the target? \
             --column {name}=drop leaves it out"
        )
    }
}
