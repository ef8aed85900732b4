//! The texts of an axis, arranged to fit: side by side, turned, or thinned.

use super::axis::Axis;
use super::font::{fit, text_width};
use super::scene::TEXT;

/// Minimum gap between two texts side by side, minimum distance of two above each other, and the
/// maximum length of a name, in pixels.
const GAP: f64 = 10.0;
const LINE: f64 = 20.0;
const LONGEST: f64 = 460.0;

/// A text and its position, in pixels from the low end of the axis.
pub(super) type Label = (f64, String);

/// The texts of an axis.
pub(super) struct Labels {
    pub shown: Vec<Label>,
    /// Whether they run upwards.
    pub turned: bool,
}

impl Labels {
    /// Arranges the texts below an axis `width` pixels wide. Only names are turned.
    pub fn below(axis: &Axis, width: f64) -> Self {
        let shown = placed(axis, width);
        let turned = axis.is_named() && !side_by_side(&shown);
        Self { shown: if turned { fitting(shown) } else { shown }, turned }
    }

    /// Arranges the texts beside an axis `height` pixels high.
    pub fn beside(axis: &Axis, height: f64) -> Self {
        let shown = placed(axis, height);
        let shown = if axis.is_named() { fitting(shown) } else { shown };
        Self { shown, turned: false }
    }

    /// Returns the length of the longest text.
    pub fn length(&self) -> f64 {
        self.shown.iter().map(|(_, text)| text_width(text, TEXT).ceil()).fold(0.0, f64::max)
    }
}

/// Returns the ticks of an axis with their positions.
fn placed(axis: &Axis, length: f64) -> Vec<Label> {
    // numbers below an axis need about 64 pixels each
    let most = ((length / 64.0) as usize).clamp(3, 8);
    axis.ticks(most).into_iter().map(|(value, text)| (axis.share(value) * length, text)).collect()
}

/// Cuts names to their maximum length, and thins them if they are too dense for a line each.
fn fitting(labels: Vec<Label>) -> Vec<Label> {
    let kept = thinned(labels, |a, b| (b.0 - a.0).abs() >= LINE);
    kept.into_iter().map(|(place, text)| (place, fit(&text, TEXT, LONGEST))).collect()
}

/// Returns whether texts centred on their positions leave gaps between them.
fn side_by_side(labels: &[Label]) -> bool {
    labels.windows(2).all(|pair| apart(&pair[0], &pair[1]))
}

/// Returns whether the second of two texts centred on their positions begins well after the first.
pub(super) fn apart(a: &Label, b: &Label) -> bool {
    b.0 - a.0 >= (text_width(&a.1, TEXT) + text_width(&b.1, TEXT)) / 2.0 + GAP
}

/// Returns the first text, the next one that is far enough from it, and so on.
pub(super) fn thinned(labels: Vec<Label>, apart: impl Fn(&Label, &Label) -> bool) -> Vec<Label> {
    let mut kept: Vec<Label> = Vec::new();
    for label in labels {
        if kept.last().is_none_or(|last| apart(last, &label)) {
            kept.push(label);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(names: &[&str], width: f64) -> Labels {
        let ticks: Vec<Label> = (0..).map(f64::from).zip(names.iter().map(|&n| n.into())).collect();
        let axis = Axis::named("", [-0.5, names.len() as f64 - 0.5], &ticks);
        Labels::below(&axis, width)
    }

    #[test]
    fn names_are_turned_when_they_would_touch_and_numbers_never() {
        assert!(!below(&["input 0.1", "input 0.3"], 200.0).turned);
        assert!(below(&["input 0.1", "input 0.3"], 150.0).turned);
        let numbers = Labels::below(&Axis::linear("", [0.0, 1e5]), 100.0);
        assert!(!numbers.turned && numbers.shown.len() > 1);
        assert!(below(&[], 100.0).shown.is_empty() && !below(&["alone"], 10.0).turned);
    }

    #[test]
    fn names_too_dense_for_a_line_each_are_thinned_evenly() {
        let places = |names: usize, width| -> Vec<f64> {
            below(&vec!["a name"; names], width).shown.iter().map(|(place, _)| *place).collect()
        };
        assert_eq!(places(10, 250.0).len(), 10);
        assert_eq!(places(8, 96.0), [6.0, 30.0, 54.0, 78.0]); // 12 pixels each: every second
        assert_eq!(places(1000, 500.0).len(), 25);
    }

    #[test]
    fn long_names_are_cut() {
        let long = ["a", "b"].map(|end| "long ".repeat(100) + end);
        let labels = below(&[&long[0], &long[1], "short"], 400.0);
        let [a, b, short] = [0, 1, 2].map(|i| labels.shown[i].1.as_str());
        assert!(labels.turned && a.contains('…') && a.ends_with('a') && b.ends_with('b'));
        assert!((200.0..=LONGEST).contains(&labels.length()) && short == "short");
    }
}
