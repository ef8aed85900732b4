//! The classes of a file by name.

use std::collections::HashMap;

use candle_core::Result;

use super::text::Place;
use super::words::{listed, quoted};

/// Names of classes, numbered as they appear.
#[derive(Debug, Default)]
pub struct Classes {
    numbers: HashMap<String, u32>,
}

impl Classes {
    /// Returns the number of a class, a new one for a new name.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(name.to_string(), number);
        number
    }

    /// Returns the names, and renumbers the labels to their order: that of `order`, or numbers by value
    /// and texts by their bytes if it is empty. Every name must be in `order` then.
    pub fn arrange(mut self, order: &[&str], labels: &mut [u32]) -> Vec<String> {
        let mut places = vec![0; self.numbers.len()];
        let names: Vec<(String, u32)> = match order {
            [] => {
                let mut names: Vec<_> = self.numbers.into_iter().collect();
                sort(&mut names);
                names
            }
            order => order.iter().filter_map(|name| self.numbers.remove_entry(*name)).collect(),
        };
        for (place, (_, number)) in (0..).zip(&names) {
            places[*number as usize] = place;
        }
        labels.iter_mut().for_each(|label| *label = places[*label as usize]);
        names.into_iter().map(|(name, _)| name).collect()
    }
}

/// Classes that new rows may have.
#[derive(Debug)]
pub struct Known {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
    /// What has these classes.
    owner: &'static str,
}

impl Known {
    /// Takes the names of classes by number, and what messages call what has them.
    pub fn new(names: impl Iterator<Item = String>, owner: &'static str) -> Self {
        let names: Vec<String> = names.collect();
        Self { numbers: names.iter().cloned().zip(0..).collect(), names, owner }
    }

    /// Returns the number of a class.
    ///
    /// # Errors
    /// If it is none of these. The error lists them.
    pub fn number(&self, place: Place<'_>, class: &str) -> Result<u32> {
        self.numbers.get(class).copied().ok_or_else(|| {
            place.error(format_args!(
                "expected a class that {} has ({}), received {}",
                self.owner,
                listed(self.names.iter().map(String::as_str)),
                quoted(class)
            ))
        })
    }
}

/// Sorts by value if all names are numbers, otherwise by bytes.
fn sort(names: &mut [(String, u32)]) {
    let value = |name: &str| name.parse::<f64>().ok().filter(|value| value.is_finite());
    let are_numbers = names.iter().all(|(name, _)| value(name).is_some());
    names.sort_by(|(a, _), (b, _)| {
        let values = [a, b].map(|name| value(name).unwrap_or(0.));
        let by_value = if are_numbers { values[0].total_cmp(&values[1]) } else { a.cmp(b) };
        by_value.then_with(|| a.cmp(b))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(names: &[&str], order: &[&str]) -> (Vec<String>, Vec<u32>) {
        let mut classes = Classes::default();
        let mut labels: Vec<u32> = names.iter().map(|name| classes.number(name)).collect();
        (classes.arrange(order, &mut labels), labels)
    }

    #[test]
    fn classes_are_sorted_by_value_or_by_bytes_or_as_given() {
        let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(
            arranged(&["10", "9", "10", "-1"], &[]),
            (owned(&["-1", "9", "10"]), vec![2, 1, 2, 0])
        );
        assert_eq!(arranged(&["b", "10", "9"], &[]), (owned(&["10", "9", "b"]), vec![2, 0, 1]));
        // A name that no row has is left out, and one that is given twice counts once.
        assert_eq!(arranged(&["a", "c"], &["c", "b", "c", "a"]), (owned(&["c", "a"]), vec![1, 0]));
    }
}
