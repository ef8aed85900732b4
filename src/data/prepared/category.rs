//! A column of categories.

use std::collections::BTreeSet;

use candle_core::{Result, bail};

/// The category of missing values.
pub const MISSING: &str = "<missing>";

/// Returns the categories of some rows by name.
pub(super) fn categories(
    names: &[String],
    codes: &[Option<u32>],
    rows: &[usize],
) -> Result<Vec<String>> {
    let (mut seen, mut missing) = (vec![false; names.len()], false);
    for &row in rows {
        match codes[row] {
            None => missing = true,
            Some(code) => match seen.get_mut(code as usize) {
                Some(seen) => *seen = true,
                None => {
                    bail!("expected category numbers below {}, received {code}", names.len())
                }
            },
        }
    }
    let seen = names.iter().zip(seen).filter_map(|(name, seen)| seen.then_some(name.as_str()));
    let all: BTreeSet<&str> = seen.chain(missing.then_some(MISSING)).collect();
    Ok(all.into_iter().map(str::to_string).collect())
}
