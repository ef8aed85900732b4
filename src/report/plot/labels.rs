//! The texts of an axis, arranged to fit: side by side, turned, or thinned.

use anyhow::Result;

use super::{
    axis::Axis,
    canvas::{TEXT, fit, text_width},
};

/// Minimum gap between two texts side by side, minimum distance of two above each other, and the
/// maximum length of a name, in pixels.
const GAP: f64 = 10.0;
const LINE: f64 = 20.0;
const LONGEST: f64 = 220.0;

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
    pub fn below(axis: &Axis, width: f64) -> Result<Self> {
        let shown = placed(axis, width);
        if !axis.is_named() || side_by_side(&shown)? {
            return Ok(Self { shown, turned: false });
        }
        Ok(Self { shown: fitting(shown)?, turned: true })
    }

    /// Arranges the texts beside an axis `height` pixels high.
    pub fn beside(axis: &Axis, height: f64) -> Result<Self> {
        let shown = placed(axis, height);
        let shown = if axis.is_named() { fitting(shown)? } else { shown };
        Ok(Self { shown, turned: false })
    }

    /// Returns the length of the longest text.
    pub fn length(&self) -> Result<f64> {
        self.shown
            .iter()
            .try_fold(0.0, |most: f64, (_, text)| Ok(most.max(text_width(text, TEXT)?.ceil())))
    }
}

/// Returns the ticks of an axis with their positions.
fn placed(axis: &Axis, length: f64) -> Vec<Label> {
    axis.ticks(8).into_iter().map(|(value, text)| (axis.share(value) * length, text)).collect()
}

/// Cuts names to their maximum length, and thins them if they are too dense for a line each.
fn fitting(labels: Vec<Label>) -> Result<Vec<Label>> {
    let kept = thinned(labels, |a, b| Ok((b.0 - a.0).abs() >= LINE))?;
    kept.into_iter().map(|(place, text)| Ok((place, fit(&text, TEXT, LONGEST)?))).collect()
}

/// Returns whether texts centred on their positions leave gaps between them.
pub(super) fn side_by_side(labels: &[Label]) -> Result<bool> {
    for pair in labels.windows(2) {
        if !apart(&pair[0], &pair[1])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns whether the second of two texts centred on their positions begins well after the first.
pub(super) fn apart(a: &Label, b: &Label) -> Result<bool> {
    Ok(b.0 - a.0 >= (text_width(&a.1, TEXT)? + text_width(&b.1, TEXT)?) / 2.0 + GAP)
}

/// Returns the first text, the next one that is far enough from it, and so on.
pub(super) fn thinned(
    labels: Vec<Label>,
    apart: impl Fn(&Label, &Label) -> Result<bool>,
) -> Result<Vec<Label>> {
    let mut kept: Vec<Label> = Vec::new();
    for label in labels {
        let fits = kept.last().map_or(Ok(true), |last| apart(last, &label))?;
        kept.extend(fits.then_some(label));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(names: &[&str], width: f64) -> Labels {
        let ticks: Vec<Label> = (0..).map(f64::from).zip(names.iter().map(|&n| n.into())).collect();
        let axis = Axis::named("", [-0.5, names.len() as f64 - 0.5], &ticks);
        Labels::below(&axis, width).unwrap()
    }

    #[test]
    fn names_are_turned_when_they_would_touch_and_numbers_never() {
        assert!(!below(&["input 0.1", "input 0.3"], 200.0).turned);
        assert!(below(&["input 0.1", "input 0.3"], 150.0).turned);
        let numbers = Labels::below(&Axis::linear("", [0.0, 1e5]), 100.0).unwrap();
        assert!(!numbers.turned && numbers.shown.len() > 4);
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
        let labels = below(&[&"long ".repeat(100), "short"], 400.0);
        assert!(labels.turned && labels.shown[0].1.ends_with('…') && labels.shown[1].1 == "short");
        assert!((200.0..=LONGEST).contains(&labels.length().unwrap()));
    }
}
