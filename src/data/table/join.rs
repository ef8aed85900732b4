//! Two tables with the same columns, one after the other.

use std::collections::HashMap;

use candle_core::{Result, bail};

use super::{Cells, Column, Table, Target, TargetValues};
use crate::data::words::{listed, quoted};

impl Table {
    /// Returns the rows of this table followed by those of another, such as a test file read with the
    /// [`Schema`](super::Schema) of this one. Columns, categories and classes are matched by their names;
    /// further columns of the other table are left out. Rows keep the numbers that they have in their
    /// files.
    ///
    /// # Errors
    /// If the other table lacks a column or the target, or has one of another kind, or a class that this
    /// one does not have.
    pub fn followed_by(self, others: &Self) -> Result<Self> {
        let by_name = others.columns.iter().map(|column| (&column.name[..], &column.cells));
        let by_name: HashMap<&str, &Cells> = by_name.collect();
        let columns = self.columns.into_iter().map(|Column { name, cells }| {
            let Some(others) = by_name.get(&name[..]) else {
                bail!("column '{name}': expected it in both tables, received it in the first alone")
            };
            Ok(Column { cells: cells_of_both(&name, cells, others)?, name })
        });
        let columns = columns.collect::<Result<_>>()?;
        let target = match (self.target, &others.target) {
            (None, _) => None,
            (Some(own), Some(others)) if own.name == others.name => {
                let values = values_of_both(&own.name, own.values, &others.values)?;
                Some(Target { name: own.name, values })
            }
            (Some(own), _) => {
                bail!("target '{}': expected it in both tables, received one without", own.name)
            }
        };
        Ok(Self { columns, target, rows: [self.rows, others.rows.clone()].concat() })
    }
}

fn cells_of_both(name: &str, own: Cells, others: &Cells) -> Result<Cells> {
    match (own, others) {
        (Cells::Numbers(own), Cells::Numbers(others)) => {
            Ok(Cells::Numbers([&own[..], others].concat()))
        }
        (
            Cells::Categories { names: own, codes },
            Cells::Categories { names: others, codes: other_codes },
        ) => {
            let mut names: Vec<String> = own.iter().chain(others).cloned().collect();
            names.sort_unstable();
            names.dedup();
            let place = |name: &String| names.partition_point(|other| other < name) as u32;
            let renumbered = |names: &[String], codes: &[Option<u32>]| -> Vec<Option<u32>> {
                let places: Vec<u32> = names.iter().map(place).collect();
                codes.iter().map(|code| code.map(|code| places[code as usize])).collect()
            };
            let codes = [renumbered(&own, &codes), renumbered(others, other_codes)].concat();
            Ok(Cells::Categories { names, codes })
        }
        (Cells::Numbers(_), Cells::Categories { .. }) => {
            bail!("column '{name}': expected numbers in both tables, received categories in one")
        }
        (Cells::Categories { .. }, Cells::Numbers(_)) => {
            bail!("column '{name}': expected categories in both tables, received numbers in one")
        }
    }
}

fn values_of_both(name: &str, own: TargetValues, others: &TargetValues) -> Result<TargetValues> {
    match (own, others) {
        (TargetValues::Numbers(own), TargetValues::Numbers(others)) => {
            Ok(TargetValues::Numbers([&own[..], others].concat()))
        }
        (
            TargetValues::Classes { names, labels },
            TargetValues::Classes { names: others, labels: other_labels },
        ) => {
            let numbers: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
            let places: Vec<Option<&u32>> =
                others.iter().map(|name| numbers.get(&name[..])).collect();
            let renumbered = other_labels.iter().map(|label| match places[*label as usize] {
                Some(place) => Ok(*place),
                None => bail!(
                    "target '{name}': expected a class of {}, received {}",
                    listed(names.iter().map(String::as_str)),
                    quoted(&others[*label as usize])
                ),
            });
            let renumbered = renumbered.collect::<Result<Vec<_>>>()?;
            Ok(TargetValues::Classes { labels: [labels, renumbered].concat(), names })
        }
        (TargetValues::Numbers(_), TargetValues::Classes { .. }) => {
            bail!("target '{name}': expected numbers in both tables, received classes in one")
        }
        (TargetValues::Classes { .. }, TargetValues::Numbers(_)) => {
            bail!("target '{name}': expected classes in both tables, received numbers in one")
        }
    }
}
