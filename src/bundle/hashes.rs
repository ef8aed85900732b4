//! Hashes of rows, by which a bundle knows the rows that it was trained on.

use std::fmt::Write;

use candle_core::Result;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::data::Samples;

/// The number of hexadecimal digits of a hash.
const DIGITS: usize = 16;

/// Returns a hash of each row of inputs, of all replicas: the first 8 bytes of the SHA-256 of its values
/// in single precision, without zeros at its end, which may be padding.
///
/// # Errors
/// If the inputs cannot be read.
pub fn row_hashes(samples: &Samples) -> Result<Vec<u64>> {
    let (xs, _) = samples.range(0, samples.rows())?;
    let xs = samples.with_replica_axis(xs)?.flatten(0, 1)?.flatten_from(1)?;
    let width = xs.dim(1)?.max(1);
    let values = xs.flatten_all()?.to_vec1::<f32>()?;
    let hash = |row: &[f32]| {
        let end = row.iter().rposition(|x| *x != 0.).map_or(0, |last| last + 1);
        let mut hash = Sha256::new();
        // Zero may have a sign.
        row[..end].iter().for_each(|x| hash.update((x + 0.).to_le_bytes()));
        let digest = hash.finalize();
        u64::from_be_bytes(std::array::from_fn(|i| digest[i]))
    };
    Ok(values.par_chunks(width).map(hash).collect())
}

/// Returns the text of some hashes, sorted and without a gap; of more than the metadata of a file can
/// hold, nothing.
pub(super) fn written(mut hashes: Vec<u64>) -> String {
    const MOST: usize = 5_000_000;
    if hashes.len() > MOST {
        return String::new();
    }
    hashes.sort_unstable();
    hashes.dedup();
    let mut text = String::with_capacity(DIGITS * hashes.len());
    for hash in hashes {
        let _ = write!(text, "{hash:0DIGITS$x}");
    }
    text
}

/// Returns how many of the rows are among those of a text.
pub(super) fn known(text: &str, hashes: &[u64]) -> usize {
    let parse = |digits| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let sorted: Vec<u64> = text.as_bytes().chunks(DIGITS).filter_map(parse).collect();
    hashes.iter().filter(|hash| sorted.binary_search(hash).is_ok()).count()
}
