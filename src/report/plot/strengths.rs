//! A measure against the strength of several kinds of change, with a panel for each kind.

use super::axis::{Axis, drawable, extent};
use super::legend::Key;
use super::line::{Line, Stop, draw_lines, entries};
use super::marker::{Kind, Marker};
use super::panels::with_own_axes;
use super::scene::{Pixel, Scene};
use super::spread::{SpreadLine, aside, heights};

/// Width and height of the data area, in pixels.
const SIZE: Pixel = [780.0, 450.0];

/// What one kind of change does: a panel.
#[derive(Clone, Debug)]
pub struct StrengthPanel {
    /// Its name above it.
    pub name: String,
    /// The label of its axis of strengths, with the unit.
    pub x_label: String,
    /// Its lines.
    pub lines: Vec<SpreadLine>,
}

/// The range of the axis up, which all panels share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// From 0 to 1.
    Share,
    /// That of the values.
    Values,
    /// That of the values and 0, which has a dashed line.
    Differences,
}

/// Draws a mean against the strength of a change, in a panel for each kind: a line with marks for each model, and
/// a band if intervals are known. Each panel has its own strengths, from 0 on; `y_label` should say what is
/// measured and what the interval is. Lines are offset by a few pixels, so that marks at the same position are
/// all visible.
pub fn strengths(title: &str, y_label: &str, range: Range, panels: &[StrengthPanel]) -> Scene {
    let across: Vec<(&str, Axis)> = panels.iter().map(|own| (&*own.name, across(own))).collect();
    let drawn: Vec<Vec<Line>> =
        panels.iter().zip(&across).map(|(own, (_, x))| lines(own, x)).collect();
    let stops = || drawn.iter().flatten().flat_map(|line| line.stops.iter().flatten());
    let ends = match range {
        Range::Share => Some([0.0, 1.0]),
        Range::Values => extent(heights(stops())),
        Range::Differences => extent(heights(stops()).chain([0.0])),
    };
    let zero = Marker::of(Kind::Baseline).ink;
    let mut legend = entries(drawn.iter().flatten());
    if range == Range::Differences {
        legend.push((Key::Dashes(zero, None), "no difference".into()));
    }
    let y = Axis::around(y_label, ends);
    let (mut frame, areas) = with_own_axes(title, &legend, &across, y, SIZE);
    for ((lines, (_, x)), area) in drawn.iter().zip(&across).zip(areas) {
        frame.enter(area, *x);
        draw_lines(&mut frame, lines, |frame| {
            if range == Range::Differences {
                let ends = x.ends().map(|end| frame.at(end, 0.0));
                frame.scene.dashes(&ends, 1.5, zero);
            }
        });
    }
    frame.scene
}

/// Returns the axis of a panel's strengths.
fn across(panel: &StrengthPanel) -> Axis<'_> {
    let points = panel.lines.iter().flat_map(|line| &line.points);
    let shown = points.filter(|point| drawable(point.mean)).map(|point| point.stddev);
    Axis::around(&panel.x_label, extent(shown.chain([0.0])))
}

/// Returns the lines of a panel, each from its smallest strength to its largest one.
fn lines<'a>(panel: &'a StrengthPanel, x: &Axis) -> Vec<Line<'a>> {
    let line = |(index, own): (usize, &'a SpreadLine)| {
        let mut points: Vec<_> = own.points.iter().filter(|own| drawable(own.stddev)).collect();
        points.sort_by(|a, b| a.stddev.total_cmp(&b.stddev));
        let aside = aside(index, panel.lines.len()) / SIZE[0] * x.span();
        let stops: Vec<Option<Stop>> =
            points.into_iter().map(|point| point.stop(point.stddev + aside)).collect();
        let marks = stops.iter().flatten().copied().collect();
        Line { name: &own.name, marker: Marker::of(Kind::Series(own.series)), stops, marks }
    };
    panel.lines.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{scene::tests::assert_near, spread::SpreadPoint},
        *,
    };

    const NAN: f64 = f64::NAN;

    fn line(series: u32, points: &[(f64, f64, f64)]) -> SpreadLine {
        let point = |&(stddev, mean, half): &(f64, f64, f64)| SpreadPoint {
            stddev,
            mean,
            low: mean - half,
            high: mean + half,
        };
        let points = points.iter().map(point).collect();
        SpreadLine { name: format!("model {series}"), series, points }
    }

    fn panel(name: &str, lines: Vec<SpreadLine>) -> StrengthPanel {
        StrengthPanel { name: name.into(), x_label: format!("strength of {name}"), lines }
    }

    fn scene(range: Range, panels: &[StrengthPanel]) -> Scene {
        let scene = strengths("a title", "y label", range, panels);
        scene.check();
        assert!(scene.words().contains("y label"));
        scene
    }

    /// Returns the place of a share between two ends that have some room beyond them.
    fn share(value: f64) -> f64 {
        (value + 0.06) / 1.12
    }

    #[test]
    fn each_panel_has_its_own_strengths_from_zero_and_its_own_label() {
        let own = |end: f64| line(0, &[(end, 0.0, NAN), (0.0, 1.0, NAN), (end / 2.0, 0.5, NAN)]);
        let panels = [panel("pgd linf", vec![own(0.1)]), panel("blur", vec![own(4.0)])];
        let scene = scene(Range::Share, &panels);
        let want = [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)].map(|(x, y)| [share(x), share(y)]);
        let marker = Marker::of(Kind::Series(0));
        for area in [0, 1] {
            assert_near(&scene.lines(area, marker.ink)[0], &want);
            assert_near(&scene.marks(area, marker, 5.5), &want);
        }
        let words = scene.words();
        for text in ["strength of pgd linf", "strength of blur", "0.10", "model 0"] {
            assert_eq!(words.split(text).count(), 2, "{text}: {words}");
        }
    }

    #[test]
    fn a_band_is_as_wide_as_the_interval_and_lines_lie_side_by_side() {
        let lines = [0, 1].map(|own| line(own, &[(0.0, 0.5, 0.25), (1.0, 0.5, 0.5)]));
        let scene = scene(Range::Share, &[panel("", lines.to_vec())]);
        for (series, aside) in [(0, -2.5), (1, 2.5)] {
            let ink = Marker::of(Kind::Series(series)).ink.with_opacity(0.2);
            let [band] = &scene.fills(0, ink)[..] else { panic!("expected a band") };
            let corners = [(0.0, 0.25), (1.0, 0.0), (1.0, 1.0), (0.0, 0.75)];
            let corner = |(x, y)| [share(x) + aside / SIZE[0], share(y)];
            assert_near(band, &corners.map(corner));
        }
    }

    #[test]
    fn differences_have_a_dashed_line_at_zero() {
        let panels = [panel("a", vec![line(1, &[(0.0, 0.5, 0.5), (1.0, 0.7, NAN)])])];
        let drawn = scene(Range::Differences, &panels);
        assert_near(&drawn.dashed(0)[0], &[[0.0, share(0.0)], [1.0, share(0.0)]]);
        assert!(drawn.words().contains("no difference"));
        let values = scene(Range::Values, &panels);
        assert!(values.dashed(0).is_empty() && !values.words().contains("no difference"));
    }

    #[test]
    fn strengths_accept_degenerate_input() {
        let note = "no finite values to draw";
        let bad = [NAN, f64::INFINITY, f64::MIN, -1.0, 0.0, 5e-324, 9e299, -9e299];
        let all: Vec<_> = bad.iter().flat_map(|&a| bad.map(|b| (a, b, a))).collect();
        for range in [Range::Share, Range::Values, Range::Differences] {
            scene(range, &[]);
            let empty = [panel("a", Vec::new()), panel("b", vec![line(0, &[(0.0, NAN, 0.1)])])];
            assert_eq!(scene(range, &empty).words().matches(note).count(), 2);
            scene(range, &[panel("", vec![line(0, &all), line(1, &all[..9])])]);
        }
        let long = "long \u{1F600}\n".repeat(300);
        let panels = vec![panel(&long, vec![line(0, &all); 50]); 25];
        strengths(&long, &long, Range::Values, &panels).check();
    }
}
