//! The axis of a noise's stddev: even in decades, with a place for 0 on the other side of a break.

use super::axis::drawable;
use super::labels::{Label, apart, thinned};

/// Shares of the axis: the position of 0, the break, the first and the last positive stddev, and
/// the first positive stddev if there is no 0.
const ZERO: f64 = 0.06;
const BREAK: f64 = 0.115;
const FIRST: f64 = 0.17;
const LAST: f64 = 0.96;
const ALONE: f64 = 0.04;

/// The stddevs of an axis.
pub(super) struct Stddevs {
    zero: bool,
    /// In ascending order, each once.
    positive: Vec<f64>,
}

impl Stddevs {
    /// Takes the stddevs that are finite and not negative.
    pub fn new(given: impl Iterator<Item = f64>) -> Self {
        let mut all: Vec<f64> = given.filter(|&v| drawable(v) && v >= 0.0).collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        let positive = all.split_off(all.partition_point(|&v| v == 0.0));
        Self { zero: !all.is_empty(), positive }
    }

    /// Returns the share of the axis for a stddev, if it is one of its stddevs or between them.
    pub fn share(&self, stddev: f64) -> Option<f64> {
        if stddev == 0.0 {
            return self.zero.then_some(if self.positive.is_empty() { 0.5 } else { ZERO });
        }
        let (&low, &high) = (self.positive.first()?, self.positive.last()?);
        let first = if self.zero { FIRST } else { ALONE };
        let span = high.ln() - low.ln();
        let share = if span > 0.0 { (stddev.ln() - low.ln()) / span } else { 0.5 };
        let inside = (low..=high).contains(&stddev);
        inside.then_some(first + share * (LAST - first))
    }

    /// Returns the share of the axis for the break.
    pub fn cut(&self) -> Option<f64> {
        (self.zero && !self.positive.is_empty()).then_some(BREAK)
    }

    /// Returns ticks for an axis `width` pixels wide: the stddevs that fit.
    pub fn ticks(&self, width: f64) -> Vec<Label> {
        let place = |(stddev, text)| Some((self.share(stddev)? * width, text));
        let zero = self.zero.then(|| (0.0, "0".into()));
        let given = zero.into_iter().chain(self.positive.iter().map(|&v| (v, text(v))));
        let shown = thinned(given.filter_map(place).collect(), apart);
        shown.into_iter().map(|(place, text)| (place / width, text)).collect()
    }
}

/// Formats a stddev with three digits.
fn text(stddev: f64) -> String {
    let rounded = format!("{stddev:.2e}").parse().unwrap_or(stddev);
    if (1e-4..1e6).contains(&rounded) { rounded.to_string() } else { format!("{rounded:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stddevs(given: &[f64]) -> Stddevs {
        Stddevs::new(given.iter().copied())
    }

    fn texts(given: &[f64]) -> Vec<String> {
        let ticks = stddevs(given).ticks(780.0);
        assert!(ticks.iter().all(|(place, _)| (0.0..=1.0).contains(place)), "{ticks:?}");
        ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn decades_are_even_and_zero_lies_left_of_the_break() {
        let axis = stddevs(&[0.1, 0.0, 0.001, 0.1, -0.0]);
        assert_eq!(axis.share(0.001), Some(FIRST));
        assert_eq!(axis.share(0.1), Some(LAST));
        assert!((axis.share(0.01).unwrap() - (FIRST + LAST) / 2.0).abs() < 1e-12);
        assert!(axis.share(0.0) < axis.cut() && axis.cut() < axis.share(0.001));
        assert_eq!((axis.share(0.2), axis.share(-1.0), axis.share(f64::NAN)), (None, None, None));
    }

    #[test]
    fn there_is_no_break_without_both_sides() {
        let (zero, one) = (stddevs(&[0.0]), stddevs(&[0.3]));
        assert_eq!((zero.cut(), zero.share(0.0)), (None, Some(0.5)));
        assert_eq!((one.cut(), one.share(0.0)), (None, None));
        assert!((one.share(0.3).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(stddevs(&[]).share(0.0), None);
    }

    #[test]
    fn the_stddevs_that_fit_have_ticks() {
        let few = [0.0, 0.01, 0.03, 0.1, 0.3, 1.0];
        assert_eq!(texts(&few), ["0", "0.01", "0.03", "0.1", "0.3", "1"]);
        assert_eq!(texts(&[10f64.powf(-1.5), 1e-12, 1e30]), ["1e-12", "0.0316", "1e30"]);
        let many: Vec<f64> = (0..=300).map(|i| 10f64.powf(f64::from(i) / 100.0 - 2.0)).collect();
        let texts = texts(&[&many[..], &[0.0]].concat());
        assert!((8..16).contains(&texts.len()) && texts[..2] == ["0", "0.01"], "{texts:?}");
    }

    #[test]
    fn ticks_accept_degenerate_input() {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, f64::MAX];
        assert!(texts(&bad).is_empty());
        texts(&[5e-324, 9e299, 0.0]);
        let next = f64::from_bits(1f64.to_bits() + 1);
        assert!(stddevs(&[1.0, next]).share(next).is_some());
        texts(&[1.0, next]);
    }
}
