//! Cells as words of 64 bits, and their hashes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::data::table::{Cells, TargetValues};

/// A map from keys.
pub type Keys<T> = HashMap<u64, T, BuildHasherDefault<KeyHasher>>;

/// The key of missing cells. No finite number has these bits, and no category this index.
pub const MISSING: u64 = u64::MAX;

/// Returns the key of a number, the same for 0 and -0.
pub fn of_number(number: f64) -> u64 {
    if number.is_nan() { MISSING } else { (number + 0.).to_bits() }
}

/// Returns the key of a category.
pub fn of_code(code: Option<u32>) -> u64 {
    code.map_or(MISSING, u64::from)
}

/// Returns the keys of the values of a target.
pub fn of_target(values: &TargetValues) -> Vec<u64> {
    match values {
        TargetValues::Numbers(numbers) => numbers.iter().map(|number| of_number(*number)).collect(),
        TargetValues::Classes { labels, .. } => {
            labels.iter().map(|label| (*label).into()).collect()
        }
    }
}

/// Returns the keys of the cells of a column, row by row.
pub fn of_cells(cells: &Cells) -> Box<dyn Iterator<Item = u64> + '_> {
    match cells {
        Cells::Numbers(numbers) => Box::new(numbers.iter().map(|number| of_number(*number))),
        Cells::Categories { codes, .. } => Box::new(codes.iter().map(|code| of_code(*code))),
    }
}

/// Hashes a word: the finalizer of SplitMix64 (Steele, Lea & Flood 2014).
pub fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A hasher of one key.
#[derive(Default)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write_u64(&mut self, key: u64) {
        self.0 = mixed(self.0 ^ key);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
