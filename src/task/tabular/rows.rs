//! What all splits of a table have in common: the inputs, the rows of the model for predictions, and a
//! fingerprint.

use candle_core::{Result, bail};
use sha2::{Digest, Sha256};

use crate::data::prepared::{Preparation, Prepared};
use crate::data::split::{Sizes, Split, TrainRows};
use crate::data::table::{Cells, Column, Table, TargetValues};
use crate::files::hexadecimal;
use crate::task::Fingerprint;

/// The names of the inputs of all splits, in order.
#[derive(Clone, Debug)]
pub(super) struct Layout(Vec<String>, Vec<usize>);

impl Layout {
    /// Returns that of a preparation that was fitted on all rows.
    pub fn of(preparation: &Preparation) -> Self {
        Self(preparation.names(), preparation.sources())
    }

    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Returns the number of the table's column that each input is of.
    pub fn columns(&self) -> &[usize] {
        &self.1
    }

    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// Returns rows of inputs, 0 where the rows have none.
    pub fn inputs(&self, prepared: Prepared) -> Vec<f32> {
        if prepared.names == self.0 {
            return prepared.values;
        }
        // The inputs of fewer rows are some of those of all rows, in the same order.
        let mut all = self.0.iter().enumerate();
        let place = |name: &String| all.by_ref().find(|(_, own)| *own == name).map(|(i, _)| i);
        let places: Vec<Option<usize>> = prepared.names.iter().map(place).collect();
        let rows = prepared.values.chunks_exact(prepared.names.len().max(1));
        let mut inputs = vec![0.; rows.len() * self.width()];
        for (own, row) in inputs.chunks_exact_mut(self.width().max(1)).zip(rows) {
            for (place, value) in places.iter().zip(row) {
                if let Some(place) = place {
                    own[*place] = *value;
                }
            }
        }
        inputs
    }
}

/// Returns the rows that the model for predictions is trained on: those that are not given for the test,
/// or all.
pub(super) fn whole(table: &Table, split: &Split) -> Result<TrainRows> {
    let split = if let Split::Given(_) = split { split } else { &Split::Everything };
    let parts = split.parts(table, &Sizes::default(), 0)?;
    match parts.into_iter().next() {
        Some(parts) => Ok(parts.train),
        None => bail!("expected rows to train on, received none"),
    }
}

/// Returns the fingerprint of the names and cells of a table, and of the rows, groups or times of its
/// split.
pub(super) fn fingerprint(table: &Table, split: &Split) -> Fingerprint {
    let mut hash = Sha256::new();
    table.columns.iter().for_each(|column| add_column(&mut hash, column));
    if let Some(target) = &table.target {
        add_names(&mut hash, [&target.name]);
        match &target.values {
            TargetValues::Numbers(values) => hash.update(bytemuck::cast_slice(values)),
            TargetValues::Classes { names, labels } => {
                add_names(&mut hash, names);
                hash.update(bytemuck::cast_slice(labels));
            }
        }
    }
    match split {
        Split::Given(rows) => {
            let mut rows: Vec<u64> = rows.iter().map(|row| *row as u64).collect();
            rows.sort_unstable();
            hash.update(bytemuck::cast_slice(&rows));
        }
        Split::Grouped { groups: column, .. } | Split::Time { times: column, .. } => {
            add_column(&mut hash, column);
        }
        _ => {}
    }
    Fingerprint::text(&hexadecimal(&hash.finalize()))
}

fn add_column(hash: &mut Sha256, Column { name, cells }: &Column) {
    add_names(hash, [name]);
    match cells {
        Cells::Numbers(values) => hash.update(bytemuck::cast_slice(values)),
        Cells::Categories { names, codes } => {
            add_names(hash, names);
            let codes: Vec<u32> = codes.iter().map(|code| code.unwrap_or(u32::MAX)).collect();
            hash.update(bytemuck::cast_slice(&codes));
        }
    }
}

/// Hashes names with their number and their lengths.
fn add_names<'a>(
    hash: &mut Sha256,
    names: impl IntoIterator<Item = &'a String, IntoIter: ExactSizeIterator>,
) {
    let names = names.into_iter();
    hash.update((names.len() as u64).to_le_bytes());
    for name in names {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
    }
}

/// Returns a split in words.
pub(super) fn split_words(split: &Split) -> String {
    match split {
        Split::Folds(folds) => format!("{folds} folds"),
        Split::Grouped { groups, folds } => format!("{folds} folds of whole {}", groups.name),
        Split::Holdout(size) => format!("holdout of {size}"),
        Split::Time { times, test } => format!("the later {test} by {}", times.name),
        Split::Given(rows) => format!("{} given rows", rows.len()),
        _ => "all rows".to_string(),
    }
}
