//! The widths of hidden layers.

use std::fmt;
use std::str::FromStr;

/// The widths of the hidden layers, written as `100` or `64x32`; `0` is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widths {
    /// The width of the first layer, or 0 if there is none.
    pub first: usize,
    /// The widths of the others.
    pub others: Vec<usize>,
}

impl fmt::Display for Widths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.others.iter().try_for_each(|width| write!(f, "x{width}"))
    }
}

impl FromStr for Widths {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const MOST: usize = 65_536;
        let error =
            || format!("expected widths from 1 to {MOST} as 100 or 64x32, received '{text}'");
        let width = |part: &str| part.parse().ok().filter(|width| *width <= MOST);
        let widths: Option<Vec<usize>> = text.split('x').map(width).collect();
        match widths.ok_or_else(error)?.split_first() {
            Some((first, others)) if others.is_empty() || (*first > 0 && !others.contains(&0)) => {
                Ok(Self { first: *first, others: others.to_vec() })
            }
            _ => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_numbers_between_crosses() {
        let widths = |text: &str| text.parse::<Widths>().map(|own| (own.first, own.others));
        assert_eq!(widths("100"), Ok((100, vec![])));
        assert_eq!(widths("64x32x8"), Ok((64, vec![32, 8])));
        assert_eq!(widths("0"), Ok((0, vec![])));
        assert_eq!("64x32".parse::<Widths>().unwrap().to_string(), "64x32");
        for bad in ["", "x", "64x", "0x3", "3x0", "-1", "65537", "1.5", "64 x 32"] {
            assert!(widths(bad).is_err_and(|error| error.contains(&format!("'{bad}'"))), "{bad}");
        }
    }
}
