//! What all splits of a table have in common: the inputs, and a fingerprint.

use sha2::{Digest, Sha256};

use crate::data::prepared::{Preparation, Prepared};
use crate::data::split::Split;
use crate::data::table::{Cells, Column, Table, TargetValues};
use crate::task::Fingerprint;

/// The names of the inputs of all splits, in order.
#[derive(Clone, Debug)]
pub(super) struct Layout(Vec<String>);

impl Layout {
    /// Returns that of a preparation that was fitted on all rows.
    pub fn of(preparation: &Preparation) -> Self {
        Self(preparation.names())
    }

    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// Returns rows of inputs, 0 where the rows have none.
    pub fn inputs(&self, prepared: &Prepared) -> Vec<f32> {
        if prepared.names == self.0 {
            return prepared.values.clone();
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

/// Returns the SHA-256 of the names and cells of a table.
pub(super) fn fingerprint(table: &Table) -> Fingerprint {
    let mut hash = Sha256::new();
    let mut text = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    let (mut numbers, mut words) = (Sha256::new(), Vec::new());
    for Column { name, cells } in &table.columns {
        text(name);
        match cells {
            Cells::Numbers(values) => {
                values.iter().for_each(|value| numbers.update(value.to_le_bytes()));
            }
            Cells::Categories { names, codes } => {
                words.extend(names);
                for code in codes {
                    numbers.update(code.map_or(u32::MAX, |code| code).to_le_bytes());
                }
            }
        }
    }
    if let Some(target) = &table.target {
        text(&target.name);
        match &target.values {
            TargetValues::Classes { names, labels } => {
                words.extend(names);
                labels.iter().for_each(|label| numbers.update(label.to_le_bytes()));
            }
            TargetValues::Numbers(values) => {
                values.iter().for_each(|value| numbers.update(value.to_le_bytes()));
            }
        }
    }
    words.into_iter().for_each(|word| text(word));
    hash.update(numbers.finalize());
    Fingerprint::text(&format!("{:x}", hash.finalize()))
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
