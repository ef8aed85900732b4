//! A short name for the content of data.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::Dataset;
use crate::files::{hexadecimal, sha256};

/// The SHA-256 of the content of some data. The same rows have the same fingerprint, whatever the
/// names and the compression of their files. The fingerprint of nothing is empty and is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Returns the fingerprint of data that follow from a description, given as text.
    pub fn text(description: &str) -> Self {
        Self(if description.is_empty() { String::new() } else { sha256(description.as_bytes()) })
    }

    /// Returns the fingerprint of the rows of a data set.
    pub fn of(data: &Dataset) -> Self {
        Self::rows([(data.width(), data.rows())])
    }

    /// Returns the fingerprint of numbers in order, such as the features and targets of a regression.
    pub fn numbers(numbers: impl IntoIterator<Item = f64>) -> Self {
        let bytes: Vec<u8> = numbers.into_iter().flat_map(f64::to_le_bytes).collect();
        Self(if bytes.is_empty() { String::new() } else { sha256(&bytes) })
    }

    /// Returns whether it is the fingerprint of nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the fingerprint of one or more sets of rows: their numbers and classes in order,
    /// each set with its number of features or channels.
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
    /// Writes the first digits, enough to distinguish data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.12}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the fingerprint of sets of rows of two features.
    fn of(sets: &[&[([f64; 2], u32)]]) -> Fingerprint {
        let rows: Vec<Vec<(&[f64], u32)>> = sets
            .iter()
            .map(|set| set.iter().map(|(row, label)| (&row[..], *label)).collect())
            .collect();
        Fingerprint::rows(rows.into_iter().map(|set| (2, set.into_iter())))
    }

    #[test]
    fn fingerprint_depends_on_every_number_class_and_place() {
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
    fn fingerprint_agrees_with_python() {
        assert_eq!(
            of(&[&[([1., 2.], 0)]]).0,
            "a5bce19d18b9a479b04afa654c767e77ce6be79eb863fb3d57e20e1eed913c91"
        );
    }
}
