//! The content of data as a short name.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::Dataset;
use crate::files::{hexadecimal, sha256};

/// The SHA-256 of the content of some data. The same rows have the same fingerprint, whatever their files
/// are called and however they are compressed. That of nothing is empty, and refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// That of data that follow from a description, of which it is the text.
    pub fn text(description: &str) -> Self {
        Self(if description.is_empty() { String::new() } else { sha256(description.as_bytes()) })
    }

    /// That of the rows of a data set.
    pub fn of(data: &Dataset) -> Self {
        Self::rows([(data.width(), data.rows())])
    }

    /// Whether it is that of nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// That of the numbers and classes in order of one or more sets of rows, each with the number of its
    /// features or channels.
    pub fn rows<'a, R>(sets: impl IntoIterator<Item = (usize, R)>) -> Self
    where
        R: ExactSizeIterator<Item = (&'a [f64], u32)>,
    {
        let (mut hash, mut all) = (Sha256::new(), 0);
        let count = |hash: &mut Sha256, count: usize| hash.update((count as u64).to_le_bytes());
        for (width, rows) in sets {
            count(&mut hash, width);
            count(&mut hash, rows.len());
            all += rows.len();
            for (row, label) in rows {
                count(&mut hash, row.len());
                row.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes()));
                hash.update(label.to_le_bytes());
            }
        }
        Self(if all == 0 { String::new() } else { hexadecimal(&hash.finalize()) })
    }
}

impl fmt::Display for Fingerprint {
    /// The first digits, as many as tell data apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.12}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets of rows of two features.
    fn of(sets: &[&[([f64; 2], u32)]]) -> Fingerprint {
        let rows: Vec<Vec<(&[f64], u32)>> = sets
            .iter()
            .map(|set| set.iter().map(|(row, label)| (&row[..], *label)).collect())
            .collect();
        Fingerprint::rows(rows.into_iter().map(|set| (2, set.into_iter())))
    }

    #[test]
    fn every_number_class_and_place_counts() {
        let (a, b) = (([1., 2.], 0), ([3., 4.], 1));
        let all = [
            of(&[&[a, b]]),
            of(&[&[b, a]]),
            of(&[&[a], &[b]]),
            of(&[&[a]]),
            of(&[&[a, ([3., 4.], 0)]]),
            of(&[&[a, ([3., 4. + 1e-15], 1)]]),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other != one), "{i}");
        }
        assert_eq!(of(&[&[a, b]]), all[0]);
        assert_eq!(all[0].to_string().len(), 12);
    }

    /// From Python's `hashlib.sha256(struct.pack('<QQQddI', 2, 1, 2, 1., 2., 0)).hexdigest()`.
    #[test]
    fn the_hash_is_that_of_another_implementation() {
        assert_eq!(
            of(&[&[([1., 2.], 0)]]).0,
            "a5bce19d18b9a479b04afa654c767e77ce6be79eb863fb3d57e20e1eed913c91"
        );
    }
}
