//! A table whose columns are known.

use super::super::{Cells, Column, Table, Target, TargetValues};
use super::builder::Ask;
use super::choose::{Reason, sentences};
use super::fault::Fault;
use super::head::Head;
use super::input::Source;
use super::load::{Loaded, Plan, load};
use super::reading::{ColumnReading, Reading, Role};
use super::schema::{ColumnKind, Rows, Schema, SchemaTarget};
use crate::data::words::{count, listed, shown};

/// Reads the rows after the head of a file.
pub fn read(
    source: &mut Source<'_>,
    head: &Head,
    schema: &Schema,
    rows: Rows,
) -> Result<(Table, Reading), Fault> {
    let columns = find_columns(head, schema)?;
    let target = match (&schema.target, rows) {
        (Some(target), Rows::Labelled) => Some((head.require(&target.name, "the target")?, target)),
        (Some(target), Rows::All) => head.position(&target.name).map(|i| (i, target)),
        (None, _) => None,
    };
    let mut asks = vec![Ask::Skip; head.names.len()];
    for (i, column) in columns.iter().zip(&schema.columns) {
        asks[*i] = match column.kind {
            ColumnKind::Number => Ask::Number,
            ColumnKind::Category => Ask::Category,
        };
    }
    if let Some((i, target)) = target {
        asks[i] = target.classes.clone().map_or(Ask::Number, Ask::Class);
    }
    let is_ignored: Vec<bool> = asks.iter().map(|ask| *ask == Ask::Skip).collect();
    let needed = target.filter(|_| rows == Rows::Labelled).map(|(i, _)| i);
    let loaded = load(source, &Plan { dialect: &head.dialect, asks, needed })?;
    if loaded.rows.is_empty() {
        let what = match loaded.dropped {
            0 => "expected rows after the header, received no rows".into(),
            dropped => format!("expected rows with a target, received none in {dropped} rows"),
        };
        return Err(Fault::File(what));
    }
    let mut decisions = head.dialect.decisions.clone();
    decisions.extend(lost_rows(&loaded, target));
    let names = head.names.iter().zip(&is_ignored).filter(|(_, is_ignored)| **is_ignored);
    let ignored: Vec<_> = names.map(|(name, _)| (name.as_str(), &Reason::Ignored)).collect();
    decisions.extend(sentences(&ignored));
    Ok(assemble(source, head, &columns, &is_ignored, target, loaded, decisions))
}

/// Returns the numbers of the columns of a schema in a file.
fn find_columns(head: &Head, schema: &Schema) -> Result<Vec<usize>, Fault> {
    let names = || schema.columns.iter().map(|column| column.name.as_str());
    let missing: Vec<&str> = names().filter(|name| head.position(name).is_none()).collect();
    if !missing.is_empty() {
        let (missing, present) = (missing.into_iter(), head.names.iter().map(String::as_str));
        let (number, missing) = (count(missing.len(), "column"), listed(missing));
        let what = format!("expected {number} more, {missing}; received {}", listed(present));
        return Err(Fault::File(what));
    }
    Ok(names().filter_map(|name| head.position(name)).collect())
}

/// Reports rows without a target, or a target that some rows lack.
fn lost_rows(loaded: &Loaded, target: Option<(usize, &SchemaTarget)>) -> Option<String> {
    let left = loaded.rows.len();
    if loaded.dropped > 0 {
        let rows = count(loaded.dropped, "row");
        return Some(format!("{rows} without a target: dropped, {left} left"));
    }
    let (i, target) = target?;
    let (missing, name) = (loaded.columns[i].missing, shown(&target.name));
    (missing > 0)
        .then(|| format!("target {name}: ignored, because {missing} of {left} rows lack it"))
}

fn assemble(
    source: &Source<'_>,
    head: &Head,
    columns: &[usize],
    is_ignored: &[bool],
    target: Option<(usize, &SchemaTarget)>,
    loaded: Loaded,
    decisions: Vec<String>,
) -> (Table, Reading) {
    let rows = loaded.rows.len();
    let mut readings = Vec::new();
    let mut cells = Vec::new();
    for (i, (name, column)) in head.names.iter().zip(loaded.columns).enumerate() {
        let is_target = target.is_some_and(|(own, _)| own == i);
        if is_ignored[i] {
            readings.push(ColumnReading::dropped(name, &Reason::Ignored, None, None));
            cells.push(None);
            continue;
        }
        let missing = column.missing;
        let column = column.finish();
        let role = if is_target { Role::Target } else { Role::Input };
        let (kind, share) = (Some(ColumnKind::of(&column)), Some(missing as f64 / rows as f64));
        readings.push(ColumnReading::new(name, role, kind, share));
        // A target that some rows lack is none.
        cells.push((!is_target || missing == 0).then_some(column));
    }
    let target = target.and_then(|(i, target)| {
        let values = match cells[i].take()? {
            Cells::Numbers(numbers) => TargetValues::Numbers(numbers),
            Cells::Categories { names, codes } => {
                TargetValues::Classes { names, labels: codes.into_iter().flatten().collect() }
            }
        };
        Some(Target { name: target.name.clone(), values })
    });
    let column =
        |i: &usize| Some(Column { name: head.names[*i].clone(), cells: cells[*i].take()? });
    let columns = columns.iter().filter_map(column).collect();
    let (file, sha256) = (source.name.clone(), loaded.sha256);
    let (warnings, test_file) = (Vec::new(), None);
    let reading = Reading { file, sha256, rows, columns: readings, decisions, warnings, test_file };
    (Table { columns, target, rows: loaded.rows }, reading)
}
