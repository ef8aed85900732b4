//! Rows of noises to compare.

use std::str::FromStr;

use candle_core::{Error, Result};

use super::parse::alternatives;
use super::spec::NoiseSpec;

/// Alternatives to compare, each of one or more noises that act together.
///
/// The text form is a noise with a list of strengths, `input:dropout:0.1,0.3`, or several joined by
/// `&`, `input:0.01 & hidden:0.1,0.3`. Every combination is an alternative.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseRow(pub Vec<Vec<NoiseSpec>>);

impl From<NoiseSpec> for NoiseRow {
    /// Returns the noise as the only alternative.
    fn from(noise: NoiseSpec) -> Self {
        Self(vec![vec![noise]])
    }
}

impl FromStr for NoiseRow {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut rows: Vec<Vec<NoiseSpec>> = vec![Vec::new()];
        for part in text.split('&') {
            let specs = alternatives(part)?;
            let with = |row: &Vec<NoiseSpec>, spec: &NoiseSpec| {
                row.iter().chain([spec]).cloned().collect::<Vec<_>>()
            };
            rows = rows.iter().flat_map(|row| specs.iter().map(|spec| with(row, spec))).collect();
        }
        Ok(Self(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_every_combination_of_its_strengths() {
        let row: NoiseRow = "input:0.1,0.2 & hidden:dropout:0.3,0.5".parse().unwrap();
        let texts: Vec<String> = row.0.iter().map(|specs| format!("{specs:?}")).collect();
        assert_eq!(texts.len(), 4);
        assert_eq!(texts[1], "[input:gaussian:0.1, hidden:dropout:0.5]");
    }
}
