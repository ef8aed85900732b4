//! Splits and preparations of tables against scikit-learn's.
//!
//! `fixtures/tables/splits.py` wrote the folds of made-up rows; `reference.json` has those of the
//! tables beside it and what scikit-learn makes of their columns on the first fold.

mod joined;
mod prepared;
mod properties;
mod splits;

use std::fs;
use std::path::{Path, PathBuf};

use candle_noise::data::split::{Parts, Sizes, Split};
use candle_noise::data::table::{Cells, Column, Table, Target, TargetValues};
use serde_json::Value;

/// A list of tables or cases in the fixtures.
fn fixture(name: &str) -> Vec<Value> {
    serde_json::from_slice(&fs::read(path(name)).unwrap()).unwrap()
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables").join(name)
}

fn numbers(name: &str, values: &[f64]) -> Column {
    Column { name: name.to_string(), cells: Cells::Numbers(values.to_vec()) }
}

/// A column of categories; an empty text is a missing value.
fn texts(name: &str, cells: &[&str]) -> Column {
    let names = distinct(cells.iter().copied().filter(|cell| !cell.is_empty()));
    let code = |cell: &&str| names.binary_search(&cell.to_string()).ok().map(|code| code as u32);
    let codes = cells.iter().map(code).collect();
    Column { name: name.to_string(), cells: Cells::Categories { names, codes } }
}

fn distinct<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = cells.map(str::to_string).collect();
    names.sort();
    names.dedup();
    names
}

fn classes(labels: &[u32]) -> TargetValues {
    let count = labels.iter().max().map_or(0, |label| label + 1);
    let names = (0..count).map(|label| format!("class {label}")).collect();
    TargetValues::Classes { names, labels: labels.to_vec() }
}

fn table(columns: Vec<Column>, values: TargetValues) -> Table {
    let rows = match &values {
        TargetValues::Classes { labels, .. } => labels.len(),
        TargetValues::Numbers(values) => values.len(),
    };
    let target = Some(Target { name: "y".to_string(), values });
    Table { columns, target, rows: (1..=rows).collect() }
}

/// A table of the reference: fields without commas, perhaps in quotes, `NA` for a missing value.
fn read(reference: &Value) -> Table {
    let text = fs::read_to_string(path(reference["file"].as_str().unwrap())).unwrap();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split(',').map(|cell| cell.trim_matches('"')).collect())
        .collect();
    let target = lines[0].iter().position(|name| *name == reference["target"]).unwrap();
    let rows: Vec<usize> = (1..lines.len()).filter(|row| !missing(lines[*row][target])).collect();
    let cells =
        |column: usize| -> Vec<&str> { rows.iter().map(|row| lines[*row][column]).collect() };
    let column = |(at, name): (usize, &&str)| match reference["columns"][*name].as_str() {
        Some("number") => Some(numbers(name, &parsed(&cells(at)))),
        Some(_) => {
            let cells = cells(at).into_iter().map(|cell| if missing(cell) { "" } else { cell });
            Some(texts(name, &cells.collect::<Vec<_>>()))
        }
        None => None,
    };
    let columns = lines[0].iter().enumerate().filter_map(column).collect();
    let targets = cells(target);
    let values = if reference["kind"] == "class" {
        let names = distinct(targets.iter().copied());
        let label = |cell: &&str| names.binary_search(&cell.to_string()).unwrap() as u32;
        TargetValues::Classes { labels: targets.iter().map(label).collect(), names }
    } else {
        TargetValues::Numbers(parsed(&targets))
    };
    let target = Some(Target { name: reference["target"].as_str().unwrap().to_string(), values });
    Table { columns, target, rows }
}

fn missing(cell: &str) -> bool {
    cell.is_empty() || cell == "NA"
}

fn parsed(cells: &[&str]) -> Vec<f64> {
    cells.iter().map(|cell| if missing(cell) { f64::NAN } else { cell.parse().unwrap() }).collect()
}

fn parts(split: &Split, table: &Table, seed: u32) -> Vec<Parts> {
    split.parts(table, &Sizes::default(), seed).unwrap()
}

/// Numbers in JSON, of which there are some.
fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}
