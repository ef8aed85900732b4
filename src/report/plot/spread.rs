//! A measure against the strength of the noise, with a line for each way to add it.

use super::axis::{Axis, drawable, extent};
use super::frame::Frame;
use super::ink::{BLACK, WHITE};
use super::legend::Key;
use super::line::{Line, Stop, draw_lines, entries};
use super::marker::{Kind, Marker};
use super::panels::arranged;
use super::scene::Scene;
use super::stddev::Stddevs;

/// Width and height of the data area, in pixels.
const SIZE: [f64; 2] = [780.0, 450.0];
/// Width of all marks at one strength, from the first line's to the last line's, in pixels.
const ASIDE: f64 = 15.0;

/// The line of one way to add noise.
#[derive(Clone, Debug)]
pub struct SpreadLine {
    /// Its name in the legend.
    pub name: String,
    /// The number of its colour and marks.
    pub series: u32,
    /// Its points, in any order.
    pub points: Vec<SpreadPoint>,
}

/// The result at one strength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpreadPoint {
    /// The strength of the noise or of another change; 0 is none.
    pub stddev: f64,
    /// The mean over repeats; a mean that is not finite is a gap.
    pub mean: f64,
    /// The low side of the interval around the mean; not finite if it is unknown.
    pub low: f64,
    /// The high side of the interval, likewise.
    pub high: f64,
}

/// Draws a mean against the strength of the noise, in a panel for each name, all on the same axes: a
/// line with marks for each way to add noise, and a band if intervals are known. `labels` are those of
/// the strength and of the mean, which should say what the interval is.
///
/// The strengths lie on a logarithmic axis, with 0 on the other side of a break. The point at 0 is
/// the baseline of a panel, which is the same for all its lines and is taken from the first line that
/// has it. It is a mark with its interval, and a dashed line at its height. Lines are offset by a few
/// pixels, so that marks at the same position are all visible.
pub fn spreads<'a>(
    title: &str,
    labels: [&str; 2],
    panels: &'a [(String, Vec<SpreadLine>)],
) -> Scene {
    let [x_label, y_label] = labels;
    let points = || panels.iter().flat_map(|(_, lines)| lines).flat_map(|line| &line.points);
    let stddevs = Stddevs::new(points().map(|point| point.stddev));
    let line = |lines: &'a [SpreadLine], index: usize| {
        let line = &lines[index];
        let stops = stops(line, &stddevs, aside(index, lines.len()) / SIZE[0]);
        let marks = stops.iter().flatten().copied().collect();
        Line { name: &line.name, marker: Marker::of(Kind::Series(line.series)), stops, marks }
    };
    let panel = |lines: &'a [SpreadLine]| -> (Vec<Line>, Option<Stop>) {
        let mut zeros = lines.iter().flat_map(|line| &line.points).filter(|p| p.stddev == 0.0);
        let baseline = zeros.find_map(|point| stop(point, &stddevs));
        ((0..lines.len()).map(|index| line(lines, index)).collect(), baseline)
    };
    let drawn: Vec<_> = panels.iter().map(|(_, lines)| panel(lines)).collect();
    let stops = drawn.iter().flat_map(|(lines, baseline)| {
        lines.iter().flat_map(|line| &line.stops).chain([baseline]).flatten()
    });
    let y = Axis::around(y_label, extent(heights(stops)));
    let width = if panels.len() > 1 { SIZE[0] / 2.6 } else { SIZE[0] };
    let ticks = stddevs.ticks(width);
    let axes = [Axis::named(x_label, [0.0, 1.0], &ticks), y];
    let mut legend = entries(drawn.iter().flat_map(|(lines, _)| lines));
    if drawn.iter().any(|(_, baseline)| baseline.is_some()) {
        let level = Marker::of(Kind::Baseline);
        legend.push((Key::Dashes(level.ink, Some(level)), "no noise".into()));
    }
    let names = panels.iter().map(|(name, _)| name.as_str());
    let (mut frame, areas) = arranged(title, &legend, axes, SIZE, names, 28.0);
    for ((lines, baseline), area) in drawn.iter().zip(areas) {
        frame.area = area;
        draw_lines(&mut frame, lines, |frame| {
            baseline.iter().for_each(|stop| draw_baseline(frame, stop));
        });
        stddevs.cut().into_iter().for_each(|share| draw_break(&mut frame, share));
    }
    frame.scene
}

impl SpreadPoint {
    /// Returns the point at a place on the axis across, if its mean can be drawn.
    pub(super) fn stop(&self, x: f64) -> Option<Stop> {
        let known = drawable(self.low) && drawable(self.high);
        let band = known.then_some([self.low, self.high]);
        drawable(self.mean).then_some(Stop { x, y: self.mean, band })
    }
}

/// Returns the position of a point, if it has one.
fn stop(point: &SpreadPoint, stddevs: &Stddevs) -> Option<Stop> {
    point.stop(stddevs.share(point.stddev)?)
}

/// Returns the means and the ends of the bands.
pub(super) fn heights<'a>(
    stops: impl Iterator<Item = &'a Stop> + 'a,
) -> impl Iterator<Item = f64> + 'a {
    stops.flat_map(|stop| stop.band.into_iter().flatten().chain([stop.y]))
}

/// Returns the points of a line in the order of their strengths, without the baseline, offset by
/// `aside`.
fn stops(line: &SpreadLine, stddevs: &Stddevs, aside: f64) -> Vec<Option<Stop>> {
    let mut points: Vec<_> = line.points.iter().filter(|p| p.stddev > 0.0).collect();
    points.sort_by(|a, b| a.stddev.total_cmp(&b.stddev));
    let moved = |stop: Stop| Stop { x: stop.x + aside, ..stop };
    points.into_iter().map(|point| stop(point, stddevs).map(moved)).collect()
}

/// Returns the offset of a line in pixels, so that marks at the same position are all visible.
pub(super) fn aside(index: usize, count: usize) -> f64 {
    let step = (ASIDE / count as f64).min(ASIDE / 3.0);
    (index as f64 - (count - 1) as f64 / 2.0) * step
}

/// Draws a dashed line over the whole width, and the baseline with its interval.
fn draw_baseline(frame: &mut Frame, baseline: &Stop) {
    const CAP: f64 = 6.0;
    let marker = Marker::of(Kind::Baseline);
    let [left, _, right, _] = frame.area;
    let [x, y] = frame.at(baseline.x, baseline.y);
    frame.scene.dashes(&[[left, y], [right, y]], 1.5, marker.ink);
    if let Some(band) = baseline.band {
        let ends = band.map(|end| frame.at(baseline.x, end));
        frame.scene.line(&ends, 2.0, marker.ink);
        for [x, y] in ends {
            frame.scene.line(&[[x - CAP, y], [x + CAP, y]], 2.0, marker.ink);
        }
    }
    marker.draw(&mut frame.scene, [x, y], 5.5);
}

/// Draws two strokes through the lower and the upper border, without the border between them.
fn draw_break(frame: &mut Frame, share: f64) {
    for up in [0.0, 1.0] {
        let [x, y] = frame.on(share, up).map(|v| v.round() + 0.5);
        let [left, right] = [x - 3.5, x + 3.5].map(|x| [[x - 3.0, y + 7.0], [x + 3.0, y - 7.0]]);
        frame.scene.polygon(&[left[0], left[1], right[1], right[0]], WHITE);
        frame.scene.line(&left, 1.5, BLACK);
        frame.scene.line(&right, 1.5, BLACK);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::scene::{Pixel, tests::assert_near},
        *,
    };

    const NAN: f64 = f64::NAN;

    fn point(stddev: f64, mean: f64, half: f64) -> SpreadPoint {
        SpreadPoint { stddev, mean, low: mean - half, high: mean + half }
    }

    fn panel(name: &str, lines: &[&[SpreadPoint]]) -> (String, Vec<SpreadLine>) {
        let line = |(series, points): (u32, &&[SpreadPoint])| SpreadLine {
            name: format!("line {series}"),
            series,
            points: points.to_vec(),
        };
        (name.to_string(), (0..).zip(lines).map(line).collect())
    }

    fn scene(lines: &[&[SpreadPoint]]) -> Scene {
        let scene = spreads("a title", ["x label", "y label"], &[panel("", lines)]);
        scene.check();
        assert!(scene.words().contains("x label") && scene.words().contains("y label"));
        scene
    }

    /// Returns the shares of the area for a stddev and a mean if means and intervals span 0 to 1.
    fn share(stddevs: &[f64], stddev: f64, mean: f64) -> Pixel {
        let x = Stddevs::new(stddevs.iter().copied()).share(stddev).unwrap();
        [x, (mean + 0.06) / 1.12]
    }

    #[test]
    fn points_have_the_colour_of_their_line_at_their_place() {
        let all = [0.0, 0.01, 0.1, 1.0];
        let line = |means: [f64; 3]| [1, 2, 3].map(|i| point(all[i], means[i - 1], NAN));
        let baseline = point(0.0, 0.45, NAN);
        let (a, b) = (line([0.0, 0.3, 1.0]), line([0.9, 0.6, 0.7]));
        let scene = scene(&[&[&a[..], &[baseline]].concat(), &[&[baseline], &b[..]].concat()]);
        assert_eq!((scene.width, scene.height), (900, 602));
        // two lines, 5 pixels apart
        for (series, points, aside) in [(0, a, -2.5), (1, b, 2.5)] {
            let place = |p: &SpreadPoint| {
                let [x, y] = share(&all, p.stddev, p.mean);
                [x + aside / SIZE[0], y]
            };
            let (want, marker) = (points.each_ref().map(place), Marker::of(Kind::Series(series)));
            assert_near(&scene.lines(0, marker.ink)[0], &want);
            assert_near(&scene.marks(0, marker, 5.5), &want);
        }
        let marks = scene.marks(0, Marker::of(Kind::Baseline), 5.5);
        assert_near(&marks, &[share(&all, 0.0, 0.45)]);
        let words = scene.words();
        assert!(["line 0", "line 1", "no noise"].iter().all(|name| words.contains(name)));
    }

    #[test]
    fn the_baseline_is_a_dashed_line_over_the_whole_width_with_its_interval() {
        let scene = scene(&[&[point(0.0, 0.5, 0.5), point(1.0, 0.9, NAN)]]);
        assert_near(&scene.dashed(0)[0], &[[0.0, 0.5], [1.0, 0.5]]);
        let [bar, low, high] = &scene.lines(0, Marker::of(Kind::Baseline).ink)[..] else {
            panic!("expected a bar with two ends")
        };
        let [x, _] = share(&[0.0, 1.0], 0.0, 0.5);
        assert_near(bar, &[[x, 0.06 / 1.12], [x, 1.06 / 1.12]]);
        let cap = 6.0 / SIZE[0];
        assert_near(low, &[[x - cap, 0.06 / 1.12], [x + cap, 0.06 / 1.12]]);
        assert_near(high, &[[x - cap, 1.06 / 1.12], [x + cap, 1.06 / 1.12]]);
    }

    #[test]
    fn a_band_is_as_wide_as_the_interval_if_there_is_one() {
        let all = [0.01, 0.1, 1.0];
        let scene = scene(&[&[point(0.01, 0.5, 0.5), point(0.1, 0.5, 0.5), point(1.0, 0.4, NAN)]]);
        let ink = Marker::of(Kind::Series(0)).ink.with_opacity(0.2);
        let [band] = &scene.fills(0, ink)[..] else { panic!("expected a band") };
        let corners = [(0.01, 0.0), (0.1, 0.0), (0.1, 1.0), (0.01, 1.0)];
        assert_near(band, &corners.map(|(stddev, mean)| share(&all, stddev, mean)));
    }

    #[test]
    fn the_axis_is_broken_between_zero_and_the_others() {
        let breaks = |stddevs: &[f64]| -> Vec<Pixel> {
            let points: Vec<_> = stddevs.iter().map(|&v| point(v, 0.5, 0.1)).collect();
            let slanted = scene(&[&points]).lines(0, BLACK);
            let slanted = slanted.into_iter().filter(|line| line.len() == 2);
            slanted.map(|line| [0, 1].map(|i| line[0][i].midpoint(line[1][i]))).collect()
        };
        let aside = 3.5 / SIZE[0];
        let ends = [
            [0.115 - aside, 0.0],
            [0.115 + aside, 0.0],
            [0.115 - aside, 1.0],
            [0.115 + aside, 1.0],
        ];
        assert_near(&breaks(&[0.0, 0.1, 1.0]), &ends);
        assert!(breaks(&[0.1, 1.0]).is_empty() && breaks(&[0.0]).is_empty());
    }

    #[test]
    fn panels_have_their_own_baselines_and_share_the_legend() {
        let points = |base| [point(0.0, base, NAN), point(0.1, 0.0, NAN), point(1.0, 1.0, NAN)];
        let (a, b) = (points(0.25), points(0.75));
        let panels = [panel("left", &[&a]), panel("right", &[&b])];
        let scene = spreads("", ["x label", "y label"], &panels);
        scene.check();
        for (area, base) in [(0, 0.25), (1, 0.75)] {
            let height = (base + 0.06) / 1.12;
            assert_near(&scene.dashed(area)[0], &[[0.0, height], [1.0, height]]);
            assert_eq!(scene.marks(area, Marker::of(Kind::Series(0)), 5.5).len(), 2);
        }
        let words = scene.words();
        for name in ["line 0", "no noise", "left", "right", "x label", "y label"] {
            assert_eq!(words.matches(name).count(), 1, "{name}");
        }
    }

    #[test]
    fn spreads_accepts_degenerate_input() {
        let note = "no finite values to draw";
        spreads("", [""; 2], &[]).check();
        assert!(scene(&[&[]]).words().contains(note));
        let nan = [point(0.0, NAN, 0.1), point(0.1, NAN, 0.1)];
        assert!(scene(&[&nan[..1], &nan[1..]]).words().contains(note));
        let bad = [NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1.0, 5e-324, 9e299, -9e299];
        let all = bad.iter().flat_map(|&a| bad.map(|b| [point(a, b, b), point(b, 0.5, a)]));
        let all: Vec<SpreadPoint> = all.flatten().collect();
        scene(&[&all, &all[..9]]);
        scene(&[&[point(1e-12, 0.5, -0.1), point(1e30, 0.5, 0.1), point(0.0, 0.5, 0.0)]]);
        scene(&[&[point(0.1, 0.5, 0.1); 3]]);
        let dense: Vec<_> = (1..=400).map(|i| point(f64::from(i), f64::from(i % 2), NAN)).collect();
        scene(&[&dense]);
        let name = "long \u{1F600}\n".repeat(300);
        let panels = vec![panel(&name, &vec![&all[..]; 50]); 6];
        spreads(&name, [&name; 2], &panels).check();
    }
}
