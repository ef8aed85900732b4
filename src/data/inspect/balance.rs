//! Classes that are too frequent or too rare.

use crate::data::split::{Size, Split};
use crate::data::table::{Table, TargetValues, Warning, WarningKind};
use crate::data::words::{listed, shown};

/// Warns of a class with 90 % of the rows or more, and of classes with fewer than 5 expected test rows
/// a fold that have less than half of an even share.
pub fn warnings(table: &Table, split: &Split) -> Vec<Warning> {
    let values = table.target.as_ref().map(|target| &target.values);
    let Some(TargetValues::Classes { names, labels }) = values else { return Vec::new() };
    let mut rows = vec![0; names.len()];
    labels.iter().for_each(|label| rows[*label as usize] += 1);
    let classes: Vec<(&str, usize)> = names.iter().map(String::as_str).zip(rows).collect();
    let texts = [frequent(&classes, labels.len()), rare(&classes, labels.len(), split)];
    let warning = |text| Warning::new(WarningKind::ClassImbalance, text);
    texts.into_iter().flatten().map(warning).collect()
}

fn frequent(classes: &[(&str, usize)], all: usize) -> Option<String> {
    const SHARE: f64 = 0.9;
    let (name, rows) = classes.iter().max_by_key(|(_, rows)| *rows)?;
    let share = *rows as f64 / all as f64;
    (share >= SHARE).then(|| {
        format!(
            "class {} has {rows} of {all} rows ({:.1} %), which is the accuracy without a model: \
             --metric balanced_accuracy weighs all classes alike",
            shown(name),
            100. * share
        )
    })
}

fn rare(classes: &[(&str, usize)], all: usize, split: &Split) -> Option<String> {
    const TEST_ROWS: f64 = 5.;
    let share = test_share(split, all)?;
    let even = all as f64 / classes.len() as f64;
    let is_rare = |rows: usize| (rows as f64) * share < TEST_ROWS && (rows as f64) < even / 2.;
    let rare: Vec<_> = classes.iter().filter(|(_, rows)| *rows > 0 && is_rare(*rows)).collect();
    let least = rare.iter().map(|(_, rows)| *rows).min()?;
    let names = listed(rare.iter().map(|(name, _)| *name));
    Some(match &rare[..] {
        [_] => format!(
            "class {names} has {least} of {all} rows, fewer than {TEST_ROWS} test rows a fold: how well \
             it is told apart is uncertain"
        ),
        rare => format!(
            "{} classes have fewer than {TEST_ROWS} test rows a fold ({names}; the smallest has \
             {least} of {all} rows): how well they are told apart is uncertain",
            rare.len()
        ),
    })
}

/// Returns the share of the rows that a fold tests on.
fn test_share(split: &Split, all: usize) -> Option<f64> {
    match split {
        Split::Folds(folds) | Split::Grouped { folds, .. } => Some(1. / *folds as f64),
        Split::Holdout(Size::Share(share)) => Some(*share),
        Split::Time { test: Size::Share(share), .. } => Some(*share),
        Split::Holdout(Size::Rows(rows)) => Some(*rows as f64 / all as f64),
        Split::Time { test: Size::Rows(rows), .. } => Some(*rows as f64 / all as f64),
        Split::Given(rows) => Some(rows.len() as f64 / all as f64),
        Split::Everything => None,
    }
}
