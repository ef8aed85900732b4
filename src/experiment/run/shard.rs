//! One of several programs that share a grid over one folder.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, ensure};

/// Program `index`, from 0, of `count`. The share of a program depends on nothing else, so a program
/// that is started again continues with its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Default for Shard {
    /// The only program.
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl Shard {
    /// Program `index` of `count`.
    ///
    /// # Errors
    /// If `index` is not below `count`.
    pub fn new(index: usize, count: usize) -> Result<Self> {
        ensure!(
            index < count,
            "expected a shard from 0 to below the number of shards, received {index}/{count}"
        );
        Ok(Self { index, count })
    }

    /// Whether this is the only program.
    pub fn is_whole(&self) -> bool {
        self.count == 1
    }

    /// Whether the grid's run of this number belongs to the program: dealt out one by one, so that
    /// each gets as much of every cell.
    pub(super) fn has(&self, run: usize) -> bool {
        run % self.count == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `0/4`.
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        numbers.and_then(|(index, count)| Self::new(index, count).ok()).ok_or_else(|| {
            format!("expected I/N with I from 0 to below N, as 0/4, received '{text}'")
        })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_one_shard() {
        for count in 1..7 {
            let shards: Vec<Shard> = (0..count).map(|i| Shard::new(i, count).unwrap()).collect();
            for run in 0..50 {
                assert_eq!(shards.iter().filter(|shard| shard.has(run)).count(), 1);
            }
        }
    }

    #[test]
    fn invalid_shards_are_rejected() {
        assert_eq!("1/3".parse::<Shard>().map(|shard| shard.to_string()), Ok("1/3".to_string()));
        for bad in ["3/2", "2/2", "0/0", "-1/2", "1", "1/", "/2", "a/b", "1/2/3", ""] {
            let error = bad.parse::<Shard>().unwrap_err();
            assert!(error.contains(&format!("received '{bad}'")), "{error}");
        }
    }
}
