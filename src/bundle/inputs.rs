//! What turns the rows of a file into the inputs of a network.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::rows::Rows;
use crate::data::prepared::{
    Fitted, FittedColumn, FittedTarget, Number, Preparation, Prepared, TargetScale,
};
use crate::data::table::{
    Cells, ColumnKind, Format, Rows as Kept, Schema, SchemaColumn, SchemaTarget, Table,
};
use crate::data::words::count;
use crate::data::{
    ImageFormat, NewImages, Samples, SequenceFormat, read_images_as, read_sequences_as,
};
use crate::metric::{Units, check_finite};

/// What turns the rows of a file into the inputs of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Inputs {
    /// The columns of a table, found by their names.
    Table {
        /// What becomes of them.
        preparation: Preparation,
    },
    /// Images.
    Images(ImageFormat),
    /// Sequences.
    Sequences(SequenceFormat),
}

impl Inputs {
    /// Returns those of points with `coordinates` columns `x1`, `x2`, … as they are, and the class 0 or 1 in
    /// the column `label`: a table whose preparation changes nothing.
    pub fn points(coordinates: usize) -> Self {
        let column = |i: usize| FittedColumn {
            name: format!("x{i}"),
            fitted: Fitted::Number(Number {
                median: 0.,
                mean: 0.,
                scale: 1.,
                min: f64::MIN,
                max: f64::MAX,
                missing: 0,
            }),
        };
        let scale = TargetScale::Classes { classes: vec!["0".into(), "1".into()] };
        let target = FittedTarget { name: "label".into(), scale };
        let columns = (1..=coordinates).map(column).collect();
        Self::Table { preparation: Preparation { columns, target } }
    }

    /// Returns the names of the classes, if classes are predicted.
    pub fn classes(&self) -> Option<&[String]> {
        match self {
            Self::Table { preparation } => preparation.target.scale.classes(),
            Self::Images(format) => Some(&format.classes),
            Self::Sequences(format) => Some(&format.classes),
        }
    }

    /// Returns the units of the predictions, if the outputs of the network are standard scores.
    pub fn units(&self) -> Option<Units> {
        match self {
            Self::Table { preparation } => preparation.target.scale.units(),
            Self::Images(_) | Self::Sequences(_) => None,
        }
    }

    /// Reads all rows of a file, which may lack the target; "-" is standard input. `format` is how the text
    /// of a table is written, as far as it is known.
    ///
    /// # Errors
    /// If the file cannot be read or is of another kind, lacks a column, or has a class that the model does
    /// not know. The error names the file, the line and the column.
    pub fn read(&self, file: &Path, format: &Format) -> Result<Rows> {
        self.read_kept(file, format, Kept::All)
    }

    /// Reads the rows of a file that have a target; "-" is standard input. A note says how many of a table have
    /// none.
    ///
    /// # Errors
    /// If [`Inputs::read`] would fail, or no row has a target.
    pub fn read_labelled(&self, file: &Path, format: &Format) -> Result<Rows> {
        let rows = self.read_kept(file, format, Kept::Labelled)?;
        ensure!(rows.is_labelled, "{}: expected rows with targets, received none", file.display());
        Ok(rows)
    }

    fn read_kept(&self, file: &Path, format: &Format, kept: Kept) -> Result<Rows> {
        let name = || file.display().to_string();
        let rows = match self {
            Self::Table { preparation } => {
                let schema = schema(preparation);
                let (table, reading) = Table::read_as(file, &schema, kept, format)?;
                let mut rows = of_table(preparation, &table).with_context(name)?;
                rows.notes.splice(0..0, reading.decisions);
                rows
            }
            Self::Images(own) => of_images(&read_images_as(&bytes(file)?, &name(), own)?)?,
            Self::Sequences(own) => {
                let new = read_sequences_as(&bytes(file)?, &name(), own)?;
                Rows::new(new.to_tensor(&Device::Cpu)?, new.labels(), Vec::new())?
            }
        };
        let (xs, _) = rows.samples.range(0, rows.samples.rows())?;
        check_finite(&rows.samples.with_replica_axis(xs)?).with_context(name)?;
        Ok(rows)
    }
}

/// Reads a file, or standard input.
fn bytes(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = match file.to_str() {
        Some("-") => io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes),
        _ => fs::read(file),
    };
    read.with_context(|| format!("cannot read {}", file.display()))
}

/// Takes all images of a file.
fn of_images(new: &NewImages) -> Result<Rows> {
    let brighter = new.rows().filter(|pixels| pixels.iter().any(|pixel| *pixel > 1.)).count();
    let notes = match brighter {
        0 => Vec::new(),
        _ => vec![format!(
            "{} with a pixel brighter than the white of the training file",
            count(brighter, "image")
        )],
    };
    Ok(Rows::new(new.to_tensor(&Device::Cpu)?, new.labels(), notes)?)
}

/// Returns the columns that a file needs to have, with the target if there is one.
fn schema(preparation: &Preparation) -> Schema {
    let kind = |column: &FittedColumn| match &column.fitted {
        Fitted::Number(_) => Some(ColumnKind::Number),
        Fitted::Category { .. } => Some(ColumnKind::Category),
        _ => None,
    };
    let column = |column: &FittedColumn| {
        Some(SchemaColumn { name: column.name.clone(), kind: kind(column)? })
    };
    let classes = preparation.target.scale.classes().map(<[String]>::to_vec);
    let target = SchemaTarget { name: preparation.target.name.clone(), classes };
    Schema {
        columns: preparation.columns.iter().filter_map(column).collect(),
        target: Some(target),
    }
}

/// Returns a note for each column of numbers with empty cells that no training row has: the network cannot tell
/// them from numbers.
fn filled(preparation: &Preparation, table: &Table) -> Vec<String> {
    let note = |column: &FittedColumn| {
        let Fitted::Number(number) = &column.fitted else { return None };
        let cells = &table.columns.iter().find(|own| own.name == column.name)?.cells;
        let Cells::Numbers(numbers) = cells else { return None };
        let empty = numbers.iter().filter(|own| own.is_nan()).count();
        (number.missing == 0 && empty > 0).then(|| {
            format!(
                "column '{}' has no number in {}: it counts as {} there, because no training row lacks it",
                column.name,
                count(empty, "row"),
                number.median
            )
        })
    };
    preparation.columns.iter().filter_map(note).collect()
}

/// Prepares all rows of a table.
fn of_table(preparation: &Preparation, table: &Table) -> Result<Rows> {
    let all: Vec<usize> = (0..table.rows.len()).collect();
    let Prepared { values, names, unknown, outside, .. } = preparation.apply(table, &all)?;
    let targets = match &table.target {
        Some(_) => Some(preparation.targets(table, &all)?),
        None => None,
    };
    let mut notes: Vec<String> = unknown
        .iter()
        .map(|unknown| {
            format!(
                "column '{}': {} with a category, or none, that the training rows do not have",
                unknown.column,
                count(unknown.cells, "row")
            )
        })
        .collect();
    let filled = filled(preparation, table);
    notes.extend(filled.iter().cloned());
    if outside > 0 {
        notes.push(format!(
            "{} with a number below or above all those of the training rows",
            count(outside, "row")
        ));
    }
    let xs = Tensor::from_vec(values, (1, all.len(), names.len()), &Device::Cpu)?;
    let is_labelled = targets.is_some();
    let ys = targets.unwrap_or_else(|| vec![0.; all.len()]);
    let ys = Tensor::from_vec(ys, (1, all.len()), &Device::Cpu)?;
    let samples = Samples::replicated(&xs, &ys)?;
    Ok(Rows { samples, is_labelled, numbers: table.rows.clone(), notes, filled })
}
