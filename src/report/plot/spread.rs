//! A measure against the strength of the noise, with a line for each way to add it.

use anyhow::Result;

use super::{
    axis::{Axis, drawable, extent},
    canvas::{BLACK, Pixel, WHITE, blend},
    frame::Frame,
    legend::{Entry, Key},
    line::{Stop, draw_band, draw_line},
    marker::Marker,
    stddev::Stddevs,
};

/// Width and height of the data area, in pixels.
const SIZE: [f64; 2] = [780.0, 450.0];
/// Minimum distance between two marks of a line, in pixels.
const APART: f64 = 13.0;
/// Width of all marks at one strength, from the first line's to the last line's, in pixels.
const ASIDE: f64 = 15.0;

/// The line of one way to add noise.
#[derive(Clone, Copy, Debug)]
pub struct SpreadLine<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// Its points, in any order.
    pub points: &'a [SpreadPoint],
}

/// The result at one strength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpreadPoint {
    /// The strength of the noise; 0 is the baseline.
    pub stddev: f64,
    /// The mean over repeats; a mean that is not finite is a gap.
    pub mean: f64,
    /// The low side of the interval around the mean; not finite if it is unknown.
    pub low: f64,
    /// The high side of the interval, likewise.
    pub high: f64,
}

/// Draws a mean against the strength of the noise: a line with marks for each way to add it, and a
/// band if intervals are known. `labels` are those of the strength and of the mean, which should say
/// what the interval is.
///
/// The strengths lie on a logarithmic axis, with 0 on the other side of a break. The point at 0 is
/// the baseline, which is the same for all lines and is taken from the first line that has it. It
/// is a mark with its interval, and a dashed line at its height. Lines are offset by a few pixels,
/// so that marks at the same position are all visible. If marks of one line would touch, some are
/// left out.
///
/// # Errors
/// If plotters or the PNG encoder fails. Without points the plot is empty.
pub fn spreads(title: &str, labels: [&str; 2], lines: &[SpreadLine]) -> Result<Vec<u8>> {
    let [x_label, y_label] = labels;
    let points = || lines.iter().flat_map(|line| line.points);
    let stddevs = Stddevs::new(points().map(|point| point.stddev));
    let baseline = points().filter(|p| p.stddev == 0.0).find_map(|p| stop(p, &stddevs));
    let place = |index| aside(index, lines.len());
    let stops = (0..).zip(lines).map(|(index, line)| stops(line, &stddevs, place(index)));
    let stops: Vec<_> = stops.collect();
    let drawn = stops.iter().flatten().flatten().chain(&baseline);
    let ends = drawn.flat_map(|stop| stop.band.into_iter().flatten().chain([stop.y]));
    let y = Axis::around(y_label, extent(ends));
    let ticks = stddevs.ticks(SIZE[0])?;
    let axes = [Axis::named(x_label, [0.0, 1.0], &ticks), y];
    let mut frame = Frame::new(title, &legend(lines, baseline.is_some()), axes, SIZE, 28.0)?;
    let markers = || (0..).map(Marker::of);
    for (stops, marker) in stops.iter().zip(markers()) {
        draw_band(&mut frame, stops, marker.ink)?;
    }
    if let Some(baseline) = baseline {
        draw_baseline(&mut frame, baseline)?;
    }
    for (stops, marker) in stops.iter().zip(markers()) {
        draw_line(&mut frame, stops, 2.0, marker.ink)?;
    }
    frame.border()?;
    if let Some(share) = stddevs.cut() {
        draw_break(&mut frame, share)?;
    }
    for (stops, marker) in stops.iter().zip(markers()) {
        draw_marks(&mut frame, stops, marker)?;
    }
    frame.canvas.png()
}

/// Returns the position of a point, if it has one.
fn stop(point: &SpreadPoint, stddevs: &Stddevs) -> Option<Stop> {
    let known = drawable(point.low) && drawable(point.high);
    let band = known.then_some([point.low, point.high]);
    let x = stddevs.share(point.stddev)?;
    drawable(point.mean).then_some(Stop { x, y: point.mean, band })
}

/// Returns the points of a line in the order of their strengths, without the baseline, offset by
/// `aside`.
fn stops(line: &SpreadLine, stddevs: &Stddevs, aside: f64) -> Vec<Option<Stop>> {
    let mut points: Vec<_> = line.points.iter().filter(|p| p.stddev > 0.0).collect();
    points.sort_by(|a, b| a.stddev.total_cmp(&b.stddev));
    let moved = |stop: Stop| Stop { x: stop.x + aside, ..stop };
    points.into_iter().map(|point| stop(point, stddevs).map(moved)).collect()
}

/// Returns the offset of a line, so that marks at the same position are all visible.
fn aside(index: usize, count: usize) -> f64 {
    let step = (ASIDE / count as f64).min(ASIDE / 3.0);
    (index as f64 - (count - 1) as f64 / 2.0) * step / SIZE[0]
}

fn legend(lines: &[SpreadLine], baseline: bool) -> Vec<Entry> {
    let line = |(kind, line): (u32, &SpreadLine)| (Key::Line(Marker::of(kind)), line.name.into());
    let baseline = baseline.then(|| (Key::Level(level()), "no noise".into()));
    (0..).zip(lines).map(line).chain(baseline).collect()
}

/// Returns the mark of the baseline.
fn level() -> Marker {
    Marker { ink: blend(BLACK, WHITE, 0.35), ..Marker::of(0) }
}

/// Draws a dashed line over the whole width, and the baseline with its interval.
fn draw_baseline(frame: &mut Frame, baseline: Stop) -> Result<()> {
    const CAP: f64 = 6.0;
    let [left, _, right, _] = frame.area;
    let [x, y] = frame.at(baseline.x, baseline.y);
    frame.canvas.dashes([[left, y], [right, y]], 1.5, level().ink)?;
    if let Some(band) = baseline.band {
        let ends = band.map(|end| frame.at(baseline.x, end));
        frame.canvas.line(&ends, 2.0, level().ink)?;
        for [x, y] in ends {
            frame.canvas.line(&[[x - CAP, y], [x + CAP, y]], 2.0, level().ink)?;
        }
    }
    level().draw(&mut frame.canvas, [x, y], 5.5)
}

/// Draws two strokes through the lower and the upper border, without the border between them.
fn draw_break(frame: &mut Frame, share: f64) -> Result<()> {
    const HALF: Pixel = [3.0, 7.0];
    const GAP: f64 = 3.5;
    for up in [0.0, 1.0] {
        let [x, y] = frame.on(share, up).map(|v| v.round() + 0.5);
        let stroke = |x: f64| [[x - HALF[0], y + HALF[1]], [x + HALF[0], y - HALF[1]]];
        let [left, right] = [stroke(x - GAP), stroke(x + GAP)];
        frame.canvas.polygon(&[left[0], left[1], right[1], right[0]], WHITE)?;
        frame.canvas.line(&left, 1.5, BLACK)?;
        frame.canvas.line(&right, 1.5, BLACK)?;
    }
    Ok(())
}

/// Draws a mark on each point that is not too close to the last one with a mark.
fn draw_marks(frame: &mut Frame, stops: &[Option<Stop>], marker: Marker) -> Result<()> {
    let mut free = f64::NEG_INFINITY;
    for stop in stops.iter().flatten() {
        let at = frame.at(stop.x, stop.y);
        if at[0] >= free {
            marker.draw(&mut frame.canvas, at, 6.0)?;
            free = at[0] + APART;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::canvas::{Ink, tests::Picture},
        *,
    };

    const NAN: f64 = f64::NAN;
    /// The left and lower edges of the area below one row of legend.
    const ORIGIN: Pixel = [92.0, 88.0 + SIZE[1]];

    fn point(stddev: f64, mean: f64, half: f64) -> SpreadPoint {
        SpreadPoint { stddev, mean, low: mean - half, high: mean + half }
    }

    fn picture(lines: &[&[SpreadPoint]]) -> Picture {
        let lines: Vec<_> =
            lines.iter().map(|points| SpreadLine { name: "a line", points }).collect();
        let png = spreads("a title", ["x", "y"], &lines).unwrap();
        assert_eq!(png, spreads("a title", ["x", "y"], &lines).unwrap(), "same input, same bytes");
        Picture::decode(&png)
    }

    /// Returns the pixel of a stddev and a mean if means and intervals span 0 to 1.
    fn pixel(stddevs: &[f64], stddev: f64, mean: f64) -> Pixel {
        let x = Stddevs::new(stddevs.iter().copied()).share(stddev).unwrap();
        [ORIGIN[0] + SIZE[0] * x, ORIGIN[1] - SIZE[1] * (mean + 0.06) / 1.12]
    }

    fn ink(line: u32) -> Ink {
        Marker::of(line).ink
    }

    #[test]
    fn points_have_the_colour_of_their_line_at_their_place() {
        let all = [0.0, 0.01, 0.1, 1.0];
        let line = |means: [f64; 3]| [1, 2, 3].map(|i| point(all[i], means[i - 1], NAN));
        let baseline = point(0.0, 0.45, NAN);
        let (a, b) = (line([0.0, 0.3, 1.0]), line([0.9, 0.6, 0.7]));
        let picture = picture(&[&[&a[..], &[baseline]].concat(), &[&[baseline], &b[..]].concat()]);
        assert_eq!((picture.width, picture.height), (900, 602));
        for (kind, points) in [(0, a), (1, b)] {
            let moved = |[x, y]: Pixel| [x + SIZE[0] * aside(kind as usize, 2), y];
            for SpreadPoint { stddev, mean, .. } in points {
                assert!(picture.is(moved(pixel(&all, stddev, mean)), ink(kind)), "{stddev} {mean}");
            }
            let between = points[0].mean.midpoint(points[1].mean);
            assert!(picture.is(moved(pixel(&all, 0.1f64.powf(1.5), between)), ink(kind)), "a line");
        }
        assert!(picture.is(pixel(&all, 0.0, 0.45), level().ink));
    }

    #[test]
    fn the_baseline_is_a_dashed_line_over_the_whole_width() {
        let picture = picture(&[&[point(0.0, 0.5, 0.5), point(1.0, 0.9, NAN)]]);
        let [x, y] = pixel(&[0.0, 1.0], 0.0, 0.5);
        let row = |from: f64, to: f64| (from as u32..to as u32).map(move |x| [f64::from(x), y]);
        let dashes = |from, to| row(from, to).filter(|at| picture.is(*at, level().ink)).count();
        let right = ORIGIN[0] + SIZE[0];
        assert!((200..600).contains(&dashes(x + 10.0, right)));
        assert!(dashes(ORIGIN[0] + 1.0, x - 8.0) > 10 && dashes(right - 25.0, right) > 5);
        // its interval reaches from 0 to 1
        for mean in [0.02, 0.3, 0.98] {
            assert!(picture.is(pixel(&[0.0, 1.0], 0.0, mean), level().ink), "{mean}");
        }
    }

    #[test]
    fn a_band_is_as_wide_as_the_interval_if_there_is_one() {
        let all = [0.01, 0.1, 1.0];
        let picture =
            picture(&[&[point(0.01, 0.5, 0.5), point(0.1, 0.5, 0.5), point(1.0, 0.4, NAN)]]);
        let band = blend(WHITE, ink(0), 0.2);
        for mean in [0.02, 0.27, 0.97] {
            assert!(picture.is(pixel(&all, 0.05, mean), band), "{mean}");
            assert!(picture.is(pixel(&all, 0.5, mean), WHITE), "{mean}");
        }
        assert!(picture.is(pixel(&all, 0.05, 1.02), WHITE));
    }

    #[test]
    fn the_axis_is_broken_between_zero_and_the_others() {
        let border = |stddevs: &[f64]| -> Vec<u32> {
            let points: Vec<_> = stddevs.iter().map(|&v| point(v, 0.5, 0.1)).collect();
            let picture = picture(&[&points]);
            let row = (93..870).filter(|&x| !picture.is([f64::from(x), ORIGIN[1]], BLACK));
            row.collect()
        };
        let gap = border(&[0.0, 0.1, 1.0]);
        let middle = ORIGIN[0] + 0.115 * SIZE[0];
        assert!(!gap.is_empty() && gap.iter().all(|&x| (f64::from(x) - middle).abs() < 8.0));
        assert!(border(&[0.1, 1.0]).is_empty() && border(&[0.0]).is_empty());
    }

    #[test]
    fn marks_of_hundreds_of_spreads_do_not_hide_the_line() {
        let points: Vec<_> =
            (1..=400).map(|i| point(f64::from(i), f64::from(i % 2), NAN)).collect();
        let all: Vec<f64> = points.iter().map(|point| point.stddev).collect();
        let picture = picture(&[&points]);
        let [x, y] = pixel(&all, 399.0, 0.0);
        let marked = (0..40).filter(|&dx| picture.is([x - f64::from(dx), y + 5.0], ink(0)));
        assert!((1..30).contains(&marked.count()));
    }

    #[test]
    fn spreads_accepts_degenerate_input() {
        spreads("", [""; 2], &[]).unwrap();
        picture(&[&[]]);
        picture(&[&[point(0.0, NAN, 0.1)], &[point(0.1, NAN, 0.1)]]);
        let bad = [NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1.0, 5e-324, 9e299, -9e299];
        let all = bad.iter().flat_map(|&a| bad.map(|b| [point(a, b, b), point(b, 0.5, a)]));
        let all: Vec<SpreadPoint> = all.flatten().collect();
        picture(&[&all, &all[..9]]);
        picture(&[&[point(1e-12, 0.5, -0.1), point(1e30, 0.5, 0.1), point(0.0, 0.5, 0.0)]]);
        picture(&[&[point(0.1, 0.5, 0.1); 3]]);
        let name = "long \u{1F600}\n".repeat(1000);
        spreads(&name, [&name; 2], &vec![SpreadLine { name: &name, points: &all }; 50]).unwrap();
    }
}
