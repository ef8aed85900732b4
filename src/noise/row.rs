//! Rows of noises to compare.

use std::str::FromStr;

use candle_core::{Error, Result};

use super::parse::alternatives;
use super::spec::{NoiseSpec, refused};

/// Alternatives to compare, each of one or more noises that act together.
///
/// The text form is a noise with a list of strengths, `input:dropout:0.1,0.3`, or several joined by
/// `&`, `input:0.01 & hidden:0.1,0.3`. Every combination is an alternative; together they have at most
/// 100,000 noises, since a few letters more can double their number.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseRow(pub Vec<Vec<NoiseSpec>>);

impl NoiseRow {
    /// Most noises of all alternatives of a text.
    const MOST: usize = 100_000;
}

impl From<NoiseSpec> for NoiseRow {
    /// Returns the noise as the only alternative.
    fn from(noise: NoiseSpec) -> Self {
        Self(vec![vec![noise]])
    }
}

impl FromStr for NoiseRow {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<Vec<NoiseSpec>> =
            text.split('&').map(alternatives).collect::<Result<_>>()?;
        let combinations = parts.iter().map(Vec::len).fold(1, usize::saturating_mul);
        let noises = combinations.saturating_mul(parts.len());
        if noises > Self::MOST {
            return refused(format!(
                "expected combinations of at most {} noises in all, received {combinations} of {}",
                Self::MOST,
                parts.len()
            ));
        }
        let mut rows: Vec<Vec<NoiseSpec>> = vec![Vec::new()];
        for specs in parts {
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

    #[test]
    fn a_row_of_too_many_combinations_is_refused() {
        let joined = |count: usize| vec!["input:1,2"; count].join("&");
        assert_eq!(joined(12).parse::<NoiseRow>().unwrap().0.len(), 1 << 12);
        for (text, expected) in [(joined(13), "8192 of 13"), (joined(100), " of 100")] {
            let error = text.parse::<NoiseRow>().unwrap_err().to_string();
            assert!(
                error.contains("at most 100000 noises") && error.ends_with(expected),
                "{error}"
            );
        }
    }
}
