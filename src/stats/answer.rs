//! What an interval of a difference says.

use serde::{Deserialize, Serialize};

use super::Interval;
use crate::metric::Better;

/// What an interval of a difference from the baseline says, the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Answer {
    /// The interval lies within the margin: there is no difference that matters. A 95 % interval is a test
    /// of equivalence at 2.5 %.
    Equivalent,
    /// The interval lies on the better side of 0.
    Helps,
    /// The interval lies on the worse side of 0.
    Hurts,
    /// The interval holds 0 and reaches beyond the margin, or there is none.
    Undecided,
}

impl Answer {
    /// Returns the answer of an interval, if there is one, for a metric whose scores are better on one side.
    pub fn of(interval: Option<Interval>, margin: f64, better: Better) -> Self {
        match interval {
            Some(Interval { low, high }) if -margin <= low && high <= margin => Self::Equivalent,
            Some(Interval { low, high }) if low > 0. || high < 0. => {
                if better.is_better(low + high, 0.) { Self::Helps } else { Self::Hurts }
            }
            _ => Self::Undecided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_that_holds_is_given() {
        let of = |low, high, better| Answer::of(Some(Interval { low, high }), 0.01, better);
        assert_eq!(of(0.001, 0.009, Better::Higher), Answer::Equivalent, "though 0 is excluded");
        assert_eq!(of(-0.01, 0.01, Better::Lower), Answer::Equivalent);
        assert_eq!(of(0.001, 0.011, Better::Higher), Answer::Helps);
        assert_eq!(of(0.001, 0.011, Better::Lower), Answer::Hurts);
        assert_eq!(of(-0.5, -0.1, Better::Lower), Answer::Helps);
        assert_eq!(of(-0.5, 0., Better::Higher), Answer::Undecided);
        assert_eq!(of(f64::NAN, f64::NAN, Better::Higher), Answer::Undecided);
        assert_eq!(Answer::of(None, 0.01, Better::Higher), Answer::Undecided);
    }
}
